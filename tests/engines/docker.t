#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
#
# Docker 26 loses the output of one in 200 containers that end at once on a busy machine, whatever the
# runtime: its open of their FIFO has not returned when it gives them up ("reading from a closed fifo").
engine=docker
# shellcheck disable=SC2034 # for command_line.sh
socket=/run/docker.sock
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$(dirname "$0")/command_line.sh"

# Debian's docker has no BuildKit, and builds with its default runtime.
words() {
	case $1 in
	build) echo "env DOCKER_BUILDKIT=0 docker build" ;;
	*) echo "docker $1 --runtime $(runtime_name)" ;;
	esac
}

remove() {
	docker rm --force --volumes "$@" >/dev/null
}

start_docker() {
	echo '{"storage-driver": "overlay2", "live-restore": true, "experimental": true, "exec-opts": ["native.cgroupdriver=cgroupfs"],
		"default-cgroupns-mode": "private", "runtimes": {"nacre-shifted": {"path": "/usr/local/bin/nacre-shifted"}, "nacre-tools":
		{"path": "/usr/local/bin/nacre", "runtimeArgs": ["--allow", "rootfs-write", "--allow", "host-network"]}}}' >/etc/docker/daemon.json
	/nacre/contrib/install-engine docker $([[ $suite != docker_shim ]] || echo --shim) >/dev/null
	serve
}

serve() {
	dockerd >>/run/dockerd.log 2>&1 </dev/null &
	echo $! >/run/dockerd.pid
	disown
	wait_until 30 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
}

# SIGNAL: with its containerd
restart_docker() {
	local pid
	for pid in $(</run/dockerd.pid) $(pgrep -x containerd); do
		kill "-$1" "$pid" 2>/dev/null
		wait_until 30 is_gone "$pid"
	done
	serve
}

feature_health_check() {
	detached one --health-cmd 'test -e /tmp/ok' --health-interval 1s --health-retries 1 busybox:1 sleep 100
	wait_until 20 is_field one '{{.State.Health.Status}}' unhealthy
	field one '{{.State.Health.Status}}'
	docker exec one touch /tmp/ok
	wait_until 20 is_field one '{{.State.Health.Status}}' healthy
	field one '{{.State.Health.Status}}'
	remove one
}

feature_attach_and_detach() {
	detached one -it busybox:1 sh -c 'read line; echo got $line; sleep 100'
	attached $'\020\021' script -qec "docker attach --sig-proxy=false one" /dev/null
	remove one
}

feature_columns_of_top() {
	detached one busybox:1 sleep 100
	docker top one -o pid,args | wc -l
	remove one
}

feature_name_on_a_network() {
	docker network create names >/dev/null
	detached server --network names busybox:1 sleep 100
	drun --network names busybox:1 nslookup server | grep -c '^Name:.server'
	remove server
	docker network rm names >/dev/null
}

feature_domain_name() {
	drun --domainname example busybox:1 cat /proc/sys/kernel/domainname
}

# Limits: without their controllers dockerd discards most of them, with a warning.
feature_update() {
	detached one busybox:1 sleep 100
	docker update --restart no one
	field one '{{.State.Status}}'
	remove one
}

feature_granted_by_a_runtime_of_its_own() {
	d run --rm --runtime nacre-tools busybox:1 sh -c 'touch /root/file && echo written'
	d run --rm --runtime nacre-tools --network host busybox:1 hostname
}

feature_checkpoint() {
	local number
	detached one busybox:1 sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	wait_until 10 has_logged one '^5$'
	d checkpoint create one first
	wait_until 10 is_field one '{{.State.Status}}' exited
	number=$(docker logs one | tail -n 1)
	d start --checkpoint first one
	wait_until 20 has_logged one "^$((number + 5))$"
	docker logs one | grep -c '^1$'
	remove one
}

live_ones() {
	for i in {1..10}; do
		docker exec "long$i" echo lives
	done | sort | uniq -c
}

# As an update of the package has it; what is being started meanwhile may fail.
feature_engine_restarted_under_load() {
	local i round load
	for i in {1..10}; do
		detached "long$i" busybox:1 sleep 10000
	done
	for round in {1..3}; do
		seq 20 | xargs -P 10 -I{} $(words run) --name "short$round-{}" busybox:1 true >/dev/null 2>&1 &
		load=$!
		sleep "0.$((RANDOM % 90))"
		restart_docker TERM
		wait "$load"
	done
	live_ones
	remove $(docker ps --all --quiet)
}

feature_engine_killed() {
	local i
	for i in {1..10}; do
		detached "long$i" busybox:1 sleep 10000
	done
	restart_docker KILL
	live_ones
	docker stop --time 0 long1
	remove long{1..10}
}

feature_explained() {
	local root=/run/docker/runtime-runc/moby
	[[ $runtime != shim ]] || root=/run/containerd/nacre/moby
	detached one busybox:1 sleep 100
	nacre --root "$root" explain "$(field one '{{.Id}}')" | grep -o '^container [0-9a-f]*'
	remove one
}

feature_nothing_is_left() {
	find /run/docker/runtime-* /run/containerd/nacre/moby /sys/fs/cgroup/docker -mindepth 1 -maxdepth 2 -type d 2>/dev/null | grep -E '/[0-9a-f]{64}$'
	grep -c /var/lib/docker/overlay2 /proc/mounts
}

needs_criu checkpoint
differs strict checkpoint landlock 'criu knows nothing of Landlock'
prints explained 'container ID'
# The root is made once more, of the layers of Docker's, into which it copies.
for profile in shifted strict; do
	differs "$profile" copy user-namespace "can't open '/root/file'"
done
# Docker 20 joins it by path, later ones leave the namespace out.
differs strict network_host host-network 'rule (joined|host)-network.*status 125'
# Docker's resolver asks that of the host whatever it is asked.
differs strict name_on_a_network egress '127\.0\.0\.11.: Operation not permitted'

if [[ $suite == docker_shim ]]; then
	use_shim
	dockerd --help | grep -q -- --validate || { echo "1..0 # SKIP Docker before 23 takes no shims"; exit; }
	path_of[shim]=/usr/local/bin/nacre-oci
	unset -f feature_granted_by_a_runtime_of_its_own # by arguments, which a shim has none of
fi
mkdir -p /etc/docker
start_docker
make_image
make_python_image
run_suite "$@"
