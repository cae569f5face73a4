#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
#
#	tests/vm/run --engines --command "tests/engines/limits.t BUILD_DIR"
#
# Limits below Docker and podman, each by what it does. They need all of cgroup v2, so this is for the
# guest of tests/vm, whose systemd both engines ask for their cgroups. The peer of podman is crun.

# Few calls: here one takes seconds.
here=$(dirname "$(realpath "$0")")
if [[ ! -d /nacre ]]; then
	mkdir -p /nacre/{build,suite,contrib}
	mount --bind "$(realpath "$1")" /nacre/build
	mount --bind "$here" /nacre/suite
	mount --bind "$here/../../contrib" /nacre/contrib
fi
engine='' # each feature's own
# shellcheck disable=SC2034 # for command_line.sh
socket=''
# shellcheck source=SCRIPTDIR/lib.sh
. "$here/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$here/command_line.sh"
profiles=(runc oci agent)
seconds=900

words() {
	case $engine in
	docker) echo "docker $1 --runtime $(runtime_name) --network none" ;;
	podman) echo "podman --runtime $(runtime_name) $1 --network none" ;;
	esac
}

remove() {
	case $engine in
	docker) docker rm --force "$@" ;;
	podman) podman rm --force --time 0 "$@" ;;
	esac >/dev/null
}

configure() {
	mkdir -p /etc/docker /etc/containers/containers.conf.d /usr/local/libexec
	ln -s /nacre/build /usr/local/libexec/nacre
	echo '{"storage-driver": "overlay2", "bridge": "none", "iptables": false}' >/etc/docker/daemon.json
	/nacre/contrib/install-engine docker >/dev/null
	/nacre/contrib/install-engine podman >/dev/null
	dockerd >/run/dockerd.log 2>&1 </dev/null &
	wait_until 120 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
	for engine in docker podman; do
		make_image
	done
	engine=''
}

# PIDS PIDS: the options for the two updates
limits() {
	local spin bomb
	# Four seconds of work, in which it is to have less than half of a CPU.
	spin='value() { sed -n "s/^$1 //p" /sys/fs/cgroup/cpu.stat; }
		used=$(value usage_usec) held=$(value nr_throttled)
		timeout 4 sh -c "while :; do :; done" 2>/dev/null
		[ $(($(value usage_usec) - used)) -lt 2000000 ] && echo "below half a CPU"
		[ $(value nr_throttled) -gt $held ] && echo throttled'
	# Its processes end with the container, whose first one does not wait for them.
	bomb='cd /sys/fs/cgroup
		head -n 1 pids.max cpu.max
		(while :; do sleep 1000 & done) 2>&1
		status=$?
		read n <pids.current
		echo "bomb: status $status with $n processes"'

	detached one --memory 64m --memory-swap 64m --pids-limit 20 --cpus 0.3 busybox:1 sleep 1000
	d exec one sh -c "$spin"
	"$engine" stats --no-stream --format '{{.MemUsage}}' one | sed 's|.* / ||'
	# shellcheck disable=SC2086 # words
	"$engine" update $1 --cpus 0.6 one >/dev/null
	d exec one sh -c "$bomb"
	# shellcheck disable=SC2086 # words
	"$engine" update $2 --memory 32m --memory-swap 32m one >/dev/null
	d exec one head -n 1 /sys/fs/cgroup/memory.max
	d exec one tail /dev/zero
	# shellcheck disable=SC2046 # words
	with_status $(words run) --name two --memory 32m --memory-swap 32m --pids-limit 20 busybox:1 \
		sh -c "$bomb; exec tail /dev/zero"
	field two '{{.State.OOMKilled}} {{.State.ExitCode}}'
	remove one two
}

# MEMORY PIDS OOM: what all runtimes have to print
wanted() {
	cat <<-TEXT
		below half a CPU
		throttled
		$1
		==> pids.max <==
		$2

		==> cpu.max <==
		60000 100000
		sh: can't fork: Resource temporarily unavailable
		bomb: status 2 with $(($2 - 1)) processes
		33554432
		status 137
		==> pids.max <==
		20

		==> cpu.max <==
		max 100000
		sh: can't fork: Resource temporarily unavailable
		bomb: status 2 with 19 processes
		status 137
		$3 137
	TEXT
}

feature_docker() {
	engine=docker
	diff <(wanted 64MiB 10 true) <(limits '--pids-limit 10' '--pids-limit 100' 2>&1) ||
		echo "Error: a limit does not hold"
}

# podman 4.3 cannot update the limit of processes, and does not hear of an OOM kill below systemd.
feature_podman() {
	engine=podman
	path_of[runc]=/usr/bin/crun
	diff <(wanted 67.11MB 20 false) <(limits '' '' 2>&1) || echo "Error: a limit does not hold"
}

configure
run_suite docker podman
