#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

namespace_of() {
	grep -oP "^/proc/self/ns/$1 -> \K.+" <<<"$out" || wrong "no $1 namespace" "in: $out"
}

links() {
	local type
	for type in mnt pid net ipc uts cgroup user time; do
		echo "/proc/self/ns/$type"
	done
}

test_every_namespace_of_the_config_is_new_and_no_other() {
	local type
	# shellcheck disable=SC2046 # several words
	bundle readlink $(links)
	run
	for type in mnt pid net ipc uts cgroup; do
		differs "$(namespace_of "$type")" "$(readlink "/proc/self/ns/$type")" "$type namespace"
	done
	for type in user time; do
		[[ $who == user && $type == user ]] || is "$(namespace_of "$type")" "$(readlink "/proc/self/ns/$type")" "$type namespace"
	done
}

test_all_eight_can_be_new() {
	local type
	# shellcheck disable=SC2046
	bundle readlink $(links)
	with_user_namespace
	edit '.linux.namespaces += [{type: "time"}]'
	run
	for type in mnt pid net ipc uts cgroup user time; do
		differs "$(namespace_of "$type")" "$(readlink "/proc/self/ns/$type")" "$type namespace"
	done
}

test_each_can_be_left_out() {
	local type word
	for type in pid net ipc uts cgroup; do
		# proc, and mqueue, are mounted by who owns the namespace that they show.
		[[ $type != pid && $type != ipc ]] || needs_host_procfs || continue
		bundle readlink "/proc/self/ns/$type"
		word=${type/net/network}
		without_namespace "$word"
		[[ $type == uts ]] && edit 'del(.hostname)'
		run
		is "$(namespace_of "$type")" "$(readlink "/proc/self/ns/$type")" "$type namespace"
	done
}

# Made in the host's, the mounts of a container would stay there, as runc's do.
test_a_container_is_never_in_the_host_s_mount_namespace() {
	local path=/proc/self/ns/mnt
	bundle readlink "$path" /proc/self/ns/net
	edit '.linux.maskedPaths = [] | .linux.readonlyPaths = []
		| (.linux.namespaces[] | select(.type == "mount")).path = $p' --arg p "$path"
	run
	differs "$(namespace_of mnt)" "$(readlink "$path")" "joined by path"
	has "$err" "nacre: warning: linux.namespaces: it would be the host's mount namespace"
	nothing_left
	without_namespace mount
	run
	differs "$(namespace_of mnt)" "$(readlink "$path")" "left out"
	has "$err" "nacre: warning: linux.namespaces: it would be the host's mount namespace"
	nothing_left
	[[ $who == root ]] || return 0
	edit 'del(.hostname, .linux)'
	run
	differs "$(namespace_of mnt)" "$(readlink "$path")" "without linux"
	is "$(namespace_of net)" "$(readlink /proc/self/ns/net)"
}

test_each_can_be_joined_by_path() {
	needs_unshare || return
	local type word holder
	in_background unshare -Cimnu --propagation private -pf --kill-child sleep 60
	wait_for pgrep -P "${background[0]}"
	holder=$(pgrep -P "${background[0]}")
	for type in net ipc uts cgroup pid; do
		# shellcheck disable=SC2046
		bundle readlink $(links)
		word=${type/net/network}
		edit '(.linux.namespaces[] | select(.type == $t)).path = $p' --arg t "$word" \
			--arg p "/proc/$holder/ns/$type"
		[[ $type == uts ]] && edit 'del(.hostname)'
		run
		is "$(namespace_of "$type")" "$(readlink "/proc/$holder/ns/$type")" "$type namespace"
	done
	kill -9 "$holder"
}

test_a_user_namespace_can_be_joined_by_path() {
	needs_unshare || return
	in_background unshare -U sleep 60
	map_ids $!
	bundle readlink /proc/self/ns/user : id
	chown -R 100000:100000 "$b/rootfs"
	edit '.linux.namespaces += [{type: "user", path: $p}]' \
		--arg p "/proc/${background[0]}/ns/user"
	run
	is "$(namespace_of user)" "$(readlink "/proc/${background[0]}/ns/user")" "user namespace"
	has "$out" "uid=0 gid=0"
}

test_a_path_of_another_kind_is_refused() {
	bundle true
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	run_refused '*/proc/self/ns/uts*'
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/etc/passwd"'
	run_refused '*/etc/passwd*'
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/no/such/namespace"'
	run_refused '*/no/such/namespace*No such file or directory'
}

test_a_duplicate_or_unknown_namespace_is_refused() {
	bundle true
	edit '.linux.namespaces += [{type: "pid"}]'
	run_refused '*linux.namespaces\[*].type*pid*'
	edit '.linux.namespaces[-1].type = "galaxy"'
	run_refused '*linux.namespaces\[*].type*galaxy*'
}

test_ids_are_mapped_in_a_user_namespace() {
	needs_other_ids || return
	bundle id : cat /proc/self/uid_map /proc/self/gid_map : stat /payload : create /tmp/mine
	with_user_namespace
	edit '.root.readonly = false'
	run
	has "$out" "uid=0 gid=0"
	has "$out" "100000      65536"
	has_line "$out" "/payload: f 0755 0:0 *"
	is "$(stat -c %u:%g "$b/rootfs/tmp/mine")" 100000:100000 "owner on the host"
}

test_the_program_of_a_user_namespace_has_no_power_outside() {
	needs_other_ids || return
	bundle status CapEff : write /proc/sys/kernel/hostname x : cat /mnt/secret
	mkdir "$b/rootfs/mnt/d"
	with_user_namespace
	echo secret >"$b/rootfs/mnt/secret"
	chmod 600 "$b/rootfs/mnt/secret"
	run_any
	has "$out" "cat: EACCES"
}

test_mappings_without_a_user_namespace_are_refused() {
	bundle true
	edit '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	run_refused '*linux.uidMappings*'
}

test_a_user_that_is_not_mapped_is_refused() {
	bundle true
	with_user_namespace
	edit '.process.user.uid = 700000'
	run_refused '*process.user.uid*700000*'
}

test_time_offsets_are_seen_inside() {
	local uptime
	bundle cat /proc/uptime : cat /proc/self/timens_offsets
	edit '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 0},
			monotonic: {secs: 5000, nanosecs: 7}}'
	run
	uptime=$(head -1 <<<"$out" | cut -d. -f1)
	((uptime >= 1000000)) || wrong "uptime $uptime"
	has_line "$out" "monotonic *5000 *7"
}

test_time_offsets_without_a_time_namespace_are_refused() {
	bundle true
	edit '.linux.timeOffsets = {boottime: {secs: 1}}'
	run_refused '*linux.timeOffsets*'
}

test_a_hostname_without_a_uts_namespace_is_refused() {
	bundle true
	without_namespace uts
	run_refused '*hostname*uts*'
}

test_loopback_is_up() {
	bundle cat /proc/net/fib_trie
	run
	has "$out" 127.0.0.1
}

test_sysctls_are_set_inside_and_not_outside() {
	needs_root || return
	local before
	before=$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)
	bundle cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_unprivileged_port_start \
		/proc/sys/kernel/domainname
	edit '.linux.sysctl = {"kernel.msgmax": "12345", "net.ipv4.ip_unprivileged_port_start": "81",
		"kernel.domainname": "sys.ctl"}'
	run
	is "$out" $'12345\n81\nsys.ctl'
	is "$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)" "$before" "of the host"
}

# What belongs to a joined namespace, or before Linux 6.10 to the host's root alone, is written outside
# of the user namespace.
test_sysctls_are_set_whoever_may() {
	needs_root && needs_unshare || return
	local type before values
	values='{"kernel.msgmax": "12345", "fs.mqueue.msg_max": "77", "kernel.domainname": "sys.ctl",
		"net.ipv4.ip_unprivileged_port_start": "81"}'
	before=$(cat /proc/sys/kernel/{msgmax,domainname} /proc/sys/fs/mqueue/msg_max)
	bundle cat /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname \
		/proc/sys/net/ipv4/ip_unprivileged_port_start
	with_user_namespace
	edit ".linux.sysctl = $values"
	run
	is "$out" $'12345\n77\nsys.ctl\n81' "in namespaces of its own"
	holder_of_namespaces || return
	edit 'del(.hostname)'
	join_namespaces_of_holder
	run
	is "$out" $'12345\n77\nsys.ctl\n81' "in namespaces that are joined"
	is "$(nsenter -t "$holder" -u cat /proc/sys/kernel/domainname)" sys.ctl "of the holder"
	is "$(cat /proc/sys/kernel/{msgmax,domainname} /proc/sys/fs/mqueue/msg_max)" "$before" "of the host"
	edit '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "1000000"}'
	run_refused 'sysctl: sysctl net.ipv4.ip_unprivileged_port_start=1000000: Invalid argument'
}

# Sets holder: the pid of a process in network, ipc and uts namespaces of its own, with an interface
# and a message queue in them.
holder_of_namespaces() {
	needs_program ip || return
	in_background unshare --net --ipc --uts sleep 60
	holder=${background[-1]}
	wait_for eval '[[ $(</proc/$holder/comm) == sleep ]]'
	differs "$(readlink "/proc/$holder/ns/net")" "$(readlink /proc/self/ns/net)" "the holder's network"
	good nsenter -t "$holder" -n ip link add joined0 type veth peer name joined1
	good nsenter -t "$holder" -i unshare --mount bash -c \
		'mount -t mqueue mqueue /mnt && touch /mnt/joined-queue'
}

join_namespaces_of_holder() {
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p + "net"
		| (.linux.namespaces[] | select(.type == "ipc")).path = $p + "ipc"
		| (.linux.namespaces[] | select(.type == "uts")).path = $p + "uts"' --arg p "/proc/$holder/ns/"
}

# Such a filesystem cannot be made in the container's user namespace, and the host's shows the host.
test_sysfs_and_mqueue_show_what_is_joined() {
	needs_root && needs_unshare || return
	local user
	bundle true
	with_busybox || return
	program /bin/sh -c 'cat /proc/mounts | while read -r a b c d; do [ $b != /sys ] || echo "$c ${d%%,*}"; done
		ls /sys/class/net /dev/mqueue'
	holder_of_namespaces || return
	edit 'del(.hostname)'
	join_namespaces_of_holder
	for user in without with; do
		[[ $user == without ]] || with_user_namespace
		run
		has_line "$out" "sysfs ro"
		has_line "$out" joined0
		has_line "$out" joined-queue
	done
	edit '(.mounts[] | select(.type == "sysfs")).options -= ["ro"]'
	run
	has_line "$out" "sysfs ro"
}

test_two_domain_names_are_refused() {
	bundle cat /proc/sys/kernel/domainname
	edit '.domainname = "one" | .linux.sysctl = {"kernel.domainname": "two"}'
	run_refused 'linux.sysctl: "kernel.domainname" is "two", and domainname is "one"'
	[[ $who == root ]] || return 0 # the value is root's of the host
	edit '.domainname = "two"'
	run
	is "$out" two
}

test_sysctls_of_the_host_are_refused() {
	local name before
	before=$(</proc/sys/kernel/core_pattern)
	bundle true
	for name in kernel.core_pattern vm.swappiness kernel.hostname ../../etc/passwd fs.file-max; do
		edit '.linux.sysctl = {($n): "1"}' --arg n "$name"
		run_refused "*linux.sysctl*$name*"
	done
	without_namespace network
	edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_refused '*linux.sysctl*net.ipv4.ip_forward*'
	for name in user=user.max_user_namespaces uts=kernel.domainname ipc=kernel.msgmax net=net.ipv4.ip_forward; do
		bundle true
		edit 'del(.hostname) | .linux.sysctl = {($n): "1"}
			| .linux.namespaces |= map(select(.type != ($t | sub("^net$"; "network"))))
				+ [{type: ($t | sub("^net$"; "network")), path: ("/proc/self/ns/" + $t)}]' \
			--arg n "${name#*=}" --arg t "${name%%=*}"
		run_refused "*linux.sysctl*${name#*=}*host's*"
	done
	is "$(</proc/sys/kernel/core_pattern)" "$before" "core_pattern"
}

test_a_container_shares_the_namespaces_of_another() {
	local first=$id
	bundle pause
	create
	start
	pid=$(pid_of)
	bundle readlink /proc/self/ns/net /proc/self/ns/ipc
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/\($p)/ns/net"
		| (.linux.namespaces[] | select(.type == "ipc")).path = "/proc/\($p)/ns/ipc"' --arg p "$pid"
	# Who has no privilege gets it from the user namespace that owns both.
	[[ $who != user ]] || edit '(.linux.namespaces[] | select(.type == "user")).path = "/proc/\($p)/ns/user"
		| del(.linux.uidMappings, .linux.gidMappings)' --arg p "$pid"
	id=$id-second
	run
	is "$(namespace_of net)" "$(readlink "/proc/$pid/ns/net")" "network namespace"
	is "$(namespace_of ipc)" "$(readlink "/proc/$pid/ns/ipc")" "ipc namespace"
	id=$first
}

all_tests "$@"
