#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
#
#	nested.t docker|podman [FEATURE...]
#
# What the profile nested is for, inside containers of the engine: sandboxes, podman and buildah, and
# systemd as pid 1. The engine is given the options that contrib/engines/README.md names, and no others.
# The image has this tree's own files.
engine=$1
shift
# shellcheck disable=SC2034 # for command_line.sh
socket=''
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$(dirname "$0")/command_line.sh"
# Nothing of command_line.sh but its words for the engine.
unset -f $(declare -F | sed -n 's/^declare -f \(feature_.*\)/\1/p')
profiles=(runc nested)

# grant: what is given to the runtime as well
words() {
	local name=nacre-nested
	case $engine in
	docker) echo "docker $1 --runtime $name${grant:+-$grant} --security-opt seccomp=unconfined
		--security-opt apparmor=unconfined --security-opt systempaths=unconfined" ;;
	podman) echo "podman --runtime $name ${grant:+--runtime-flag allow=$grant} $1
		--security-opt unmask=ALL --userns=auto" ;;
	esac
}

remove() {
	case $engine in
	docker) docker rm --force --volumes "$@" ;;
	podman) podman rm --force --time 0 --volumes "$@" ;;
	esac >/dev/null
}

# --- sandboxes ---

feature_unshare() {
	drun debian:1 unshare -Ur id -u
}

feature_unshare_with_a_procfs() {
	drun debian:1 unshare -Urmpf --mount-proc sh -c 'set -- /proc/[0-9]*; echo $$ of $#'
}

feature_bubblewrap() {
	drun debian:1 bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp \
		sh -c 'set -- /proc/[0-9]*; touch /tmp/file; touch /file 2>&1 || echo $$ of $#'
}

# --- podman and buildah ---

# engine_inside DRIVER SCRIPT: with what both need, and in /image what is needed of an image
engine_inside() {
	local options=()
	[[ $1 == vfs ]] || options=(--volume /var/lib/containers)
	[[ $engine != podman ]] || options+=(--userns=auto:size=65536)
	drun --security-opt seccomp=unconfined --device /dev/net/tun "${options[@]}" debian:1 bash -euc '
		echo root:1:60000 | tee /etc/subuid >/etc/subgid
		printf "[storage]\ndriver = \"%s\"\nrunroot = \"/run/storage\"\ngraphroot = \"/var/lib/containers\"\n" \
			'"$1"' >/etc/containers/storage.conf
		mkdir -p /image/bin
		cp /bin/busybox /image/bin/sh
		cd /image
		'"$2"
}

podman_inside() {
	local given=
	[[ $(podman --version) != *' 5.'* ]] || given='--cgroups disabled --network pasta'
	engine_inside "$1" 'inside() { podman --log-level error "$@"; }
		inside info --format "{{.Store.GraphDriverName}}"
		tar -c . | inside import --quiet - sh:1 >/dev/null
		inside run --rm '"$given"' sh:1 sh -c "echo inside; exit 3"'
}

feature_podman_on_vfs() {
	podman_inside vfs
}

feature_podman_on_overlay() {
	podman_inside overlay
}

buildah_inside() {
	engine_inside "$1" 'printf "FROM scratch\nCOPY bin /bin\nRUN echo built >/file\n" >Dockerfile
		echo "$(buildah info --format "{{.store.GraphDriverName}}")"
		buildah bud --quiet --tag built:1 . >/dev/null
		buildah run $(buildah from built:1) sh -c "read line </file; echo \$line"'
}

feature_buildah_on_vfs() {
	buildah_inside vfs
}

feature_buildah_on_overlay() {
	buildah_inside overlay
}

# --- systemd ---

feature_systemd() {
	local options=()
	# podman does by itself what a systemd needs.
	[[ $engine == podman ]] || options=(--stop-signal SIGRTMIN+3 --tmpfs /run --tmpfs /run/lock)
	grant=cgroup-write detached one "${options[@]}" debian:1 /lib/systemd/systemd
	wait_until 60 "$engine" exec one systemctl is-system-running
	d exec one sh -c 'printf "[Service]\nExecStart=sleep 1000\n" >/run/systemd/system/nap.service
		systemctl start nap
		systemctl show --property ActiveState,ControlGroup nap
		wc -l </sys/fs/cgroup/system.slice/nap.service/cgroup.procs'
	"$engine" stop --time 60 one >/dev/null
	field one '{{.State.ExitCode}}'
	remove one
}

# --- what is said where the options are missing ---

# Docker shows no warning of a runtime: log.json is its shim's, and goes with the container.
feature_warned() {
	local id
	docker run --detach --name one --runtime nacre-nested debian:1 sleep 1000 >/dev/null
	id=$(field one '{{.Id}}')
	find /run -path "*/moby/$id/log.json" -exec cat {} + |
		grep -o 'docker --security-opt systempaths=unconfined\|engine --security-opt seccomp=unconfined'
	nacre --root /run/docker/runtime-runc/moby explain "$id" |
		grep -o 'docker --security-opt systempaths=unconfined\|^REFUSED BY config.json'
	remove one
}

prints unshare 0
prints unshare_with_a_procfs '1 of 1'
prints bubblewrap $'touch: cannot touch \'/file\': Read-only file system\n2 of 2'
for driver in vfs overlay; do
	prints "podman_on_$driver" "$driver"$'\ninside\nstatus 3'
	prints "buildah_on_$driver" "$driver"$'\nbuilt'
done
prints systemd $'ControlGroup=/system.slice/nap.service\nActiveState=active\n1\n0'

prints warned 'docker --security-opt systempaths=unconfined
engine --security-opt seccomp=unconfined
REFUSED BY config.json
docker --security-opt systempaths=unconfined'
[[ $engine == docker ]] || unset -f feature_warned

configure_docker() {
	mkdir -p /etc/docker
	echo '{"storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"], "userns-remap": "default",
		"default-cgroupns-mode": "private", "runtimes": {"nacre-nested-cgroup-write":
		{"path": "/usr/local/bin/nacre-nested", "runtimeArgs": ["--allow", "cgroup-write"]}}}' >/etc/docker/daemon.json
	/nacre/contrib/install-engine docker >/dev/null
	dockerd >/run/dockerd.log 2>&1 </dev/null &
	wait_until 30 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
}

configure_podman() {
	echo containers:300000:600000 | tee -a /etc/subuid >>/etc/subgid
	install_podman
}

# Without the services of packages that are not to run.
make_debian_image() {
	local without=(usr/share/{doc,locale,man} var/{cache,lib/apt,lib/docker,lib/containers,tmp/*} nacre
		usr/{bin,sbin}/{docker,containerd,criu,ctr}* {etc,usr/lib}/systemd/system/{,*/}podman*)
	tar -C / --one-file-system "${without[@]/#/--exclude=./}" -c . 2>/dev/null | "$engine" import - debian:1 >/dev/null 2>&1
}

"configure_$engine"
make_debian_image
run_suite "$@"
