#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container that manages a cgroup tree of its own.
. "$(dirname "$0")/lib.sh"

writable_cgroup() {
	edit '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
}

# in_shell SCRIPT: the program is a shell
in_shell() {
	bundle true
	with_busybox || return
	program /bin/sh -c "$1"
	writable_cgroup
}

test_the_user_of_the_container_makes_and_removes_cgroups() {
	in_shell 'cd /sys/fs/cgroup && mkdir a && echo 1 >a/cgroup.procs && cat /proc/self/cgroup &&
		echo 1 >cgroup.procs && echo gone' || return
	with_user_namespace
	run
	has_line "$out" "0::/a"
	has_line "$out" gone
}

test_controllers_are_handed_down_and_limits_set_below() {
	needs_controller pids || return
	in_shell 'cd /sys/fs/cgroup && mkdir init work && echo 1 >init/cgroup.procs &&
		echo +pids >cgroup.subtree_control && echo 7 >work/pids.max && cat work/pids.max' || return
	with_user_namespace
	run
	is "$out" 7
}

test_the_limits_of_the_container_stay_with_its_owner() {
	needs_controller pids || return
	in_shell 'cd /sys/fs/cgroup; echo max >pids.max && echo raised; echo max >memory.max && echo raised
		cat pids.max' || return
	edit '.linux.resources = {pids: {limit: 50}, memory: {limit: 67108864}}'
	with_user_namespace
	run
	is "$out" 50
	has "$err" "ermission denied"
}

test_what_the_container_made_goes_with_it() {
	in_shell 'mkdir -p /sys/fs/cgroup/a/b/c /sys/fs/cgroup/d; echo 1 >/sys/fs/cgroup/a/b/c/cgroup.procs
		echo made; sleep 600' || return
	with_user_namespace
	create
	start
	wait_for grep -q made "$created_out"
	good nacre delete --force "$id"
	nothing_left
}

test_a_process_that_left_the_cgroup_of_its_exec_is_timed_out() {
	in_shell 'mkdir /sys/fs/cgroup/a && echo made; sleep 600' || return
	with_user_namespace
	create
	start
	wait_for grep -q made "$created_out"
	LIMIT=20 bad 124 "*timed out: killed after 1.000 s*" nacre exec --timeout 1s "$id" \
		/bin/sh -c 'echo 0 >/sys/fs/cgroup/a/cgroup.procs && cat /proc/self/cgroup; sleep 600'
	has_line "$out" 0::/a
	good nacre delete --force "$id"
	nothing_left
}

# The guest's own Debian, with what is written kept aside.
debian_root() {
	mkdir "$b/upper" "$b/work"
	mount -t overlay -o "lowerdir=/,upperdir=$b/upper,workdir=$b/work" overlay "$b/rootfs"
}

basic_is_reached() {
	nacre exec "$id" /bin/systemctl is-active basic.target
}

test_systemd_runs_in_a_container() {
	local i
	[[ -x /payload/guest && -d /run/systemd/system ]] ||
		{ host_lacks "this is not the guest with systemd of tests/vm"; return; }
	bundle true
	program /sbin/init --unit=basic.target --log-target=console
	edit '.process.env += ["container=nacre"] | .root.readonly = false'
	capabilities CAP_SYS_ADMIN CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_MKNOD \
		CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_SYS_CHROOT CAP_NET_ADMIN CAP_AUDIT_WRITE CAP_SETFCAP
	writable_cgroup
	mount_on /run tmpfs tmpfs mode=755
	mount_on /tmp tmpfs tmpfs mode=1777
	debian_root
	create
	start
	for ((i = 0; i < 20; i++)); do
		basic_is_reached >/dev/null 2>&1 && break
		sleep 2
	done
	good basic_is_reached
	is "$out" active
	good nacre exec "$id" /bin/systemd-run --quiet --wait --pipe -p MemoryMax=32M -p TasksMax=9 \
		/bin/sh -c 'cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/pids.max'
	is "$out" 9 "the limit of a unit in the container"
	good nacre delete --force "$id"
	umount "$b/rootfs"
}

all_tests "$@"
