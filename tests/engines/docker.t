#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
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
	echo '{"storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"],
		"default-cgroupns-mode": "private", "runtimes": {"nacre-tools":
		{"path": "/usr/local/bin/nacre", "runtimeArgs": ["--allow", "rootfs-write"]}}}' >/etc/docker/daemon.json
	/nacre/contrib/install-engine docker >/dev/null
	dockerd >/run/dockerd.log 2>&1 </dev/null &
	wait_until 30 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
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
}

# There is nothing that runc would explain.
feature_explained() {
	[[ $runtime == runc ]] && echo "container ID" && return
	detached one busybox:1 sleep 100
	nacre --root /run/docker/runtime-runc/moby explain "$(field one '{{.Id}}')" | grep -o '^container [0-9a-f]*'
	remove one
}

feature_nothing_is_left() {
	find /run/docker/runtime-* /sys/fs/cgroup/docker -mindepth 1 -maxdepth 2 -type d 2>/dev/null | grep -E '/[0-9a-f]{64}$'
	grep -c /var/lib/docker/overlay2 /proc/mounts
}

differs strict network_of_a_container joined-network 'status 125'

mkdir -p /etc/docker
start_docker
make_image
run_suite "$@"
