#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shifted ids: the rule user-namespace.
. "$(dirname "$0")/lib.sh"
file_needs=needs_root
profile=agent

claims=/run/nacre/.ids
least=2000224256 # above those that SSSD gives to accounts
last=2147352575

# Whose first id the container has: sets first.
first_of() {
	first=$(state_of .firstId "$@") || exit 1
	[[ $first =~ ^[0-9]+$ ]] || wrong "no firstId in the state" "$first"
	((first >= least && first + 65535 <= last && first % 65536 == 0)) || wrong "no block begins with $first"
}

claim_of() {
	echo "$claims/$(($1 / 65536))"
}

test_root_inside_is_nobody_outside() {
	bundle id : cat /proc/self/uid_map : stat /payload : create /tmp/mine : stat /tmp/mine /dev/mqueue
	run --userns shifted
	has "$out" "uid=0 gid=0"
	has_line "$out" "/payload: f 0755 0:0 *"
	has_line "$out" "/tmp/mine: f * 0:0 *"
	has_line "$out" "/dev/mqueue: d 1777 0:0 *"
	read -r _ first size <<<"$(grep -m 1 -E '^ +0 +[0-9]+ +65536$' <<<"$out")"
	((first >= least && first + size - 1 <= last && first % 65536 == 0)) || wrong "no block begins with $first"
	absent "$(claim_of "$first")"
	lacks "$err" user-namespace
}

test_the_process_has_the_ids_of_its_block_until_it_is_deleted() {
	bundle pause
	create --userns shifted
	start
	first_of
	pid=$(pid_of)
	is "$(stat -c %u:%g "/proc/$pid")" "$first:$first" "owner of the process"
	has "$(cat "$(claim_of "$first")")" " $(realpath "$ROOT/$id")"
	exec_in id : cat /proc/self/uid_map
	has "$out" "uid=0 gid=0"
	has "$out" " $first "
	kill_now
	exists "$(claim_of "$first")"
	delete
	absent "$(claim_of "$first")"
}

test_what_comes_later_is_held_by_the_rule_that_was_required() {
	bundle pause
	create --require user-namespace
	start
	first_of
	exec_in cat /proc/self/uid_map
	has_line "$out" " *0 $first  *65536"
	good nacre update --pids-limit -1 "$id"
	has "$err" "linux.resources.pids.limit: -1 -> 512"
	exec_in id
	kill_now
	delete
	absent "$(claim_of "$first")"
}

test_owners_on_disk_stay_what_they_are() {
	bundle stat /w/theirs : create /w/mine : stat /w/mine : create /root-file
	mkdir "$b/volume"
	echo x >"$b/volume/theirs"
	chown 7:8 "$b/volume/theirs"
	mount_on /w "$b/volume" bind rbind rw
	edit '.root.readonly = false | .process.user = {uid: 7, gid: 8}'
	chmod 777 "$b/volume" "$b/rootfs"
	run --userns shifted --allow rootfs-write
	has_line "$out" "/w/theirs: f 0644 7:8 *"
	has_line "$out" "/w/mine: f * 7:8 *"
	is "$(stat -c %u:%g "$b/volume/mine" "$b/rootfs/root-file")" $'7:8\n7:8' "owners on the host"
}

test_ids_above_the_block_get_one_id_each() {
	bundle id : stat /w/theirs : create /w/mine
	mkdir "$b/volume"
	echo x >"$b/volume/theirs"
	chown 1000680000:70000 "$b/volume" "$b/volume/theirs"
	mount_on /w "$b/volume" bind rbind rw
	edit '.process.user = {uid: 1000680000, gid: 3, additionalGids: [70000, 4000000000]}'
	run --userns shifted
	has "$out" "uid=1000680000 gid=3"
	has_line "$out" "/w/theirs: f 0644 1000680000:70000 *"
	is "$(stat -c %u:%g "$b/volume/mine")" 1000680000:3 "owner on the host"
	edit '.process.user.additionalGids = [range(70000; 70015)]'
	run_refused '*rule user-namespace: process.user.additionalGids: 70014 is above 65535, and so are 14 other ids*' --userns shifted
}

test_what_another_user_of_the_host_may_not_change_it_may_not() {
	bundle write /w/kernel x
	mkdir "$b/volume"
	: >"$b/volume/kernel"
	mount_on /w "$b/volume" bind rbind rw
	edit '.process.noNewPrivileges = true'
	capabilities CAP_DAC_OVERRIDE CAP_FOWNER CAP_CHOWN
	chown 70000:70000 "$b/volume" "$b/volume/kernel"
	chmod 600 "$b/volume/kernel"
	run
	has "$out" "write: ok"
	run_any --userns shifted
	has "$out" "write: EACCES"
}

test_devices_and_sockets_that_have_no_mapping_are_bound_as_they_are() {
	bundle stat /dev/mine : stat /run/s
	mount_on /dev/mine /dev/zero bind bind rw
	mkfifo "$b/fifo"
	mount_on /run/s "$b/fifo" bind bind rw
	run --userns shifted --allow device:/dev/zero
	has_line "$out" "/dev/mine: c *"
	has_line "$out" "/run/s: p * 0:0 *"
}

# A name in the image is the image's, whatever it would lead to on the host.
test_what_lies_in_the_root_is_mapped_with_it() {
	bundle cat /proc/self/uid_map : stat /mnt/theirs /opt/inside
	mkdir -p "$b"/rootfs/{opt,srv,sys/kernel/mm}
	echo x >"$b/rootfs/srv/theirs"
	chown 7:8 "$b/rootfs/srv/theirs"
	: >"$b/rootfs/sys/kernel/mm/inside"
	ln -s /sys/kernel/mm "$b/rootfs/link"
	edit '.mounts |= map(select(.type != "sysfs" and (.destination | startswith("/sys") | not)))'
	mount_on /mnt "$b/rootfs/srv" bind rbind ro
	mount_on /opt "$b/rootfs/link" bind rbind ro
	run --require user-namespace
	has_line "$out" " *0 [0-9]*  *65536"
	has_line "$out" "/mnt/theirs: f 0644 7:8 *"
	has_line "$out" "/opt/inside: f 0644 0:0 *"
}

# A file system that cannot be id-mapped.
test_what_cannot_be_mapped_is_said_and_refused_where_the_rule_is_required() {
	bundle cat /proc/self/uid_map
	mount_on /w /sys/kernel/mm bind rbind ro
	why='the file system of /sys/kernel/mm, or one that is mounted in it, cannot be id-mapped'
	run --userns shifted --allow mount:/sys/kernel/mm
	has "$err" "nacre: warning: rule user-namespace: the container gets no user namespace with ids of its own: $why"
	has_line "$out" " *0  *0 4294967295"
	run_refused "profile agent, rule user-namespace: linux.namespaces: $why; the rule is required, so no grant can allow it" \
		--require user-namespace --allow mount:/sys/kernel/mm
	good nacre harden --format json --userns shifted --allow mount:/sys/kernel/mm --bundle "$b"
	has "$(json '.leftOut[0]')" "$why"
	documented "harden --format"
}

# The first process of a call is the one that holds the mappings.
test_a_host_without_a_user_namespace_to_give_is_said() {
	needs_program strace || return
	bundle cat /proc/self/uid_map
	local error why
	for error in ENOSPC:user.max_user_namespaces EUSERS:user.max_user_namespaces EPERM:kernel.unprivileged_userns_clone; do
		why=${error#*:}
		NACRE_TEST=$T strace -qq -o "$T/trace" -e trace=clone3 -e "inject=clone3:error=${error%:*}:when=1" "$NACRE" --root "$ROOT" \
			run --profile agent --userns shifted --bundle "$b" "$id" >"$T/ran" 2>"$T/log" || wrong "it failed" "$(<"$T/log")"
		has "$(<"$T/log")" "rule user-namespace: the container gets no user namespace with ids of its own: "
		has "$(<"$T/log")" "$why"
		has_line "$(<"$T/ran")" " *0  *0 4294967295"
		NACRE_TEST=$T strace -qq -o "$T/trace" -e trace=clone3 -e "inject=clone3:error=${error%:*}:when=1" "$NACRE" --root "$ROOT" \
			run --profile agent --require user-namespace --bundle "$b" "$id" >"$T/ran" 2>"$T/log" && wrong "it ran"
		has "$(<"$T/log")" "rule user-namespace: linux.namespaces: "
		has "$(<"$T/log")" "$why"
	done
}

test_check_tells_of_the_rule_where_the_policy_has_it() {
	policy '{"version": 1, "user_namespace": {"default": "shifted"}}'
	try under_policy check --format json
	is "$(json '.rules[] | select(.rule == "user-namespace") | [.enforced, .gap]' | jq -c .)" '[true,null]' "as root"
	try nacre check --format json
	is "$(json '[.rules[].rule] | index("user-namespace")')" null "without"
}

test_the_rule_is_asked_for_by_option_policy_and_annotation_and_taken_back_by_a_grant() {
	local mapped='[0-9]*'
	bundle cat /proc/self/uid_map
	good nacre harden --format json --bundle "$b"
	is "$(json '.rules | index("user-namespace")')" null "the rule under agent"
	good nacre run --profile strict --bundle "$b" "$id"
	has_line "$out" " *0 $mapped  *65536"
	good nacre harden --format config --userns shifted --bundle "$b"
	is "$(json '.linux.uidMappings[0] | .containerID, .size')" $'0\n65536' mappings
	is "$(json '[.linux.namespaces[] | select(.type == "user")] | length')" 1 "user namespaces"
	run --require user-namespace
	has_line "$out" " *0 $mapped  *65536"
	policy '{"version": 1, "user_namespace": {"default": "shifted", "first_id": 1900000000, "last_id": 1900150000}}'
	good under_policy run --bundle "$b" "$id"
	has_line "$out" " *0 1900019712  *65536"
	good under_policy run --allow no-user-namespace --bundle "$b" "$id"
	has_line "$out" " *0  *0 4294967295"
	good under_policy run --allow no-user-namespace --require user-namespace --bundle "$b" "$id"
	has_line "$out" " *0 1900019712  *65536"
	policy '{"version": 1, "user_namespace": {"first_id": 1000, "last_id": 2000}}'
	bad 1 '*policy.json: user_namespace: the range from 1000 to 2000 has no block of 65536 ids*' \
		under_policy run --bundle "$b" "$id"
	edit '.annotations["run.nacre.userns"] = "shifted"'
	run
	has_line "$out" " *0 $mapped  *65536"
	edit '.annotations["run.nacre.userns"] = "host"'
	run_refused 'annotation run.nacre.userns: expected shifted, found "host"'
	run_refused '--userns: expected shifted, found "auto"' --userns auto
}

test_a_user_namespace_of_the_config_s_own_stays() {
	bundle cat /proc/self/uid_map
	with_user_namespace
	run --userns shifted
	has "$out" " 100000 "
	edit '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
	why="the user namespace of config.json maps the host's root"
	run --userns shifted
	has "$err" "gets no user namespace with ids of its own: $why"
	run_refused "*rule user-namespace: linux.uidMappings: $why; the rule is required*" --require user-namespace
}

test_two_containers_have_two_blocks_and_a_killed_create_keeps_none() {
	local other=$id-2 i
	bundle pause
	create --userns shifted
	first_of
	one=$first
	good nacre create --profile agent --bundle "$b" --userns shifted "$other"
	first_of "$other"
	differs "$first" "$one" "the block of the other"
	good nacre delete --force "$other"
	absent "$(claim_of "$first")"
	good nacre delete --force "$id"
	absent "$(claim_of "$one")"
	for i in 1 2 3 4 5 6 7 8; do
		in_background nacre_direct create --profile agent --bundle "$b" --userns shifted "$id"
		sleep "0.00$i"
		kill -KILL $! 2>/dev/null
		good nacre delete --force "$id"
	done
	# What a claim without an owner is: another has it at once.
	for i in "$claims"/*; do
		[[ ! -s $i ]] || grep -q "$T" "$i" || continue
		[[ -d $(cut -d ' ' -f 3- "$i") ]] && wrong "the claim $i has an owner" "$(cat "$i")"
	done
	true
}

# by who has a /run of his own, and sees no claim of others; without a time limit, for who kills it
elsewhere_direct() {
	NACRE_TEST=$T exec unshare -m --propagation private bash -c \
		'mount --bind "$0/etc" /etc && mount -t tmpfs tmpfs /run && exec "$@"' "$T" "$NACRE" --root "$ROOT" "$@"
}

elsewhere() {
	(elsewhere_direct "$@")
}

here_direct() {
	NACRE_TEST=$T exec unshare -m --propagation private bash -c \
		'mount --bind "$0/etc" /etc && exec "$@"' "$T" "$NACRE" --root "$ROOT" "$@"
}

test_a_block_is_one_container_s_for_those_with_another_run_too() {
	needs_unshare || return
	local other=$id-2
	bundle pause
	policy '{"version": 1, "user_namespace": {"default": "shifted", "first_id": 1900000000, "last_id": 1900150000}}'
	good under_policy create --bundle "$b" "$id"
	is "$(state_of .firstId)" 1900019712 "the block"
	bad 1 '*each of the 1 blocks of ids is taken, by a container, in /etc or by the owner of a key: *' \
		elsewhere create --bundle "$b" "$other"
	good nacre delete --force "$id"
	wait_for keys_are_gone 1900019712
	good elsewhere create --bundle "$b" "$other"
	is "$(state_of .firstId "$other")" 1900019712 "the block"
	bad 1 '*each of the 1 blocks of ids is taken, *' under_policy create --bundle "$b" "$id"
	good nacre delete --force "$other"
}

# A descriptor of its user namespace keeps the keys of a container that is gone.
test_a_create_waits_for_a_block_whose_owner_has_just_ended() {
	needs_unshare && needs_program strace || return
	local held slow=(strace -qq -o "$T/trace" -e trace=clock_nanosleep -e inject=clock_nanosleep:delay_exit=100000)
	bundle pause
	policy '{"version": 1, "user_namespace": {"default": "shifted", "first_id": 1900000000, "last_id": 1900150000}}'
	good under_policy create --bundle "$b" "$id"
	exec {held}<"/proc/$(pid_of)/ns/user"
	good nacre delete --force "$id"
	NACRE_TEST=$T in_background unshare -m --propagation private "${slow[@]}" bash -c 'mount --bind "$0/etc" /etc && exec "$@"' \
		"$T" "$NACRE" --root "$ROOT" create --bundle "$b" "$id" {held}<&-
	wait_for grep -q clock_nanosleep "$T/trace"
	keys_are_gone 1900019712 && wrong "the keys did not stay"
	exec {held}<&-
	wait
	is "$(state_of .firstId)" 1900019712 "the block"
}

# A file that tells of nobody's keys does not say that a block is free.
test_a_host_that_hides_who_has_keys_is_said() {
	needs_unshare || return
	bundle cat /proc/self/uid_map
	: >"$T/empty"
	hidden=(unshare -m --propagation private bash -c 'mount --bind "$0" /proc/key-users && exec "$@"' "$T/empty"
		"$NACRE" --root "$ROOT" run --profile strict --bundle "$b")
	good "${hidden[@]}" "$id"
	has "$err" "the container gets no user namespace with ids of its own: /proc/key-users does not show the keys that ids of block"
	has_line "$out" " *0  *0 4294967295"
	bad 1 "*/proc/key-users does not show the keys that*; the rule is required*" \
		"${hidden[@]}" --require user-namespace "$id"
}

test_a_host_where_no_claim_can_be_written_is_said() {
	needs_unshare || return
	bundle cat /proc/self/uid_map
	good unshare -m --propagation private bash -c 'mount -t tmpfs -o ro tmpfs /run && exec "$@"' run \
		"$NACRE" --root "$ROOT" run --profile strict --bundle "$b" "$id"
	has "$err" "the container gets no user namespace with ids of its own: claim a block of ids in $claims: Read-only file system"
	has_line "$out" " *0  *0 4294967295"
}

# Neither sees the other before it has made its namespace: a delay of the call that makes that.
test_of_two_that_are_as_fast_one_has_the_block() {
	needs_unshare && needs_program strace || return
	local i late=(strace -qq -o "$T/trace" -e trace=clone3 -e inject=clone3:delay_enter=400000:when=1)
	bundle pause
	policy '{"version": 1, "user_namespace": {"default": "shifted", "first_id": 1900000000, "last_id": 1900150000}}'
	for i in 1 2; do
		NACRE_TEST=$T in_background unshare -m --propagation private "${late[@]}" bash -c \
			'mount --bind "$0/etc" /etc && mount -t tmpfs tmpfs /run && exec "$@"' "$T" \
			"$NACRE" --root "$ROOT" create --bundle "$b" "$id-$i"
	done
	wait
	is "$(nacre list --format json | jq -r '[.[].status] | join(" ")')" created "the containers"
	grep -q ' blocks of ids is taken, \| where there were none' "$T"/out.* || wrong "no refusal" "$(cat "$T"/out.*)"
	for i in 1 2; do
		nacre delete --force "$id-$i" >/dev/null 2>&1
	done
}

# CREATES of them, twelve at a time, half of them elsewhere, a third killed wherever they are.
test_of_creates_at_once_of_which_some_are_killed_no_two_have_one_block() {
	needs_unshare || return
	local n=${CREATES:-24} i how state firsts=''
	bundle pause
	policy "{\"version\": 1, \"user_namespace\": {\"default\": \"shifted\", \"first_id\": 1900019712, \"last_id\": $((1900019712 + n * 98304))}}"
	for ((i = 0; i < n; i++)); do
		how=here_direct
		((i % 2)) || how=elsewhere_direct
		in_background "$how" create --bundle "$b" "$id-$i"
		if ((i % 3 == 0)); then
			sleep "0.0$((RANDOM % 9))"
			kill -KILL $! && disown $!
		fi
		((i % 12 < 11)) || wait
	done
	wait
	for ((i = 0; i < n; i++)); do
		state=$(nacre state "$id-$i" 2>/dev/null) || continue
		firsts+=$(jq 'select(.status == "created").firstId' <<<"$state")$'\n'
	done
	(($(grep -c . <<<"$firsts") >= n * 2 / 3)) || wrong "too few were created" "$(cat "$T"/out.*)"
	is "$(grep . <<<"$firsts" | sort | uniq -d)" "" "blocks of two"
	for ((i = 0; i < n; i++)); do
		nacre delete --force "$id-$i" || wrong "$id-$i stays"
	done
}

# What could not be removed may still have a process with them.
test_ids_stay_with_a_container_that_cannot_be_deleted() {
	needs_program strace || return
	bundle pause
	create --userns shifted
	first_of
	NACRE_TEST=$T strace -qq -o "$T/trace" -e trace=unlinkat -e inject=unlinkat:error=EPERM:when=2+ \
		"$NACRE" --root "$ROOT" delete --force "$id" >"$T/log" 2>&1 && wrong "it was deleted" "$(<"$T/trace")"
	has "$(<"$T/log")" "undo "
	exists "$ROOT/$id"
	exists "$(claim_of "$first")"
	good nacre delete --force "$id"
	absent "$(claim_of "$first")"
}

test_sysctls_sysfs_and_mqueue_are_the_container_s_in_a_network_that_is_joined() {
	needs_unshare || return
	bundle cat /proc/sys/net/ipv4/ip_unprivileged_port_start : ls /sys/class/net : stat /dev/mqueue
	in_background unshare -n --propagation private sleep 60
	wait_for eval '[[ ! /proc/'"$!"'/ns/net -ef /proc/self/ns/net && $(</proc/'"$!"'/comm) == sleep ]]'
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p
		| .linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}' \
		--arg p "/proc/$!/ns/net"
	run --userns shifted
	is "$(nsenter --net="/proc/$!/ns/net" cat /proc/sys/net/ipv4/ping_group_range)" $'0\t2147483647' "who may ping"
	has_line "$out" 0
	is "$(grep -cxE 'lo|eth0|tap.*|ifb.*' <<<"$out")" 1 "interfaces of /sys/class/net"
}

# The caller of root can show it, who is root inside cannot.
test_message_queues_of_the_host_are_shown_where_they_are_asked_for() {
	needs_unshare || return
	bundle ls /dev/mqueue : cat /proc/self/uid_map
	without_namespace ipc
	good unshare --ipc --mount --propagation private bash -c 'mount -t mqueue mqueue /mnt && touch /mnt/the-host-s && exec "$@"' run \
		"$NACRE" --root "$ROOT" run --profile agent --userns shifted --allow host-ipc --bundle "$b" "$id"
	has_line "$out" the-host-s
	has_line "$out" " *0 [0-9]*  *65536"
}

# It is the caller who clones it, for whom no flag is locked.
test_flags_of_a_bind_are_what_the_config_says() {
	local source=$T/allowed.source agent_s=nosuid,nodev,noexec
	bundle cat /proc/self/mountinfo
	mkdir "$source"
	mount -t tmpfs -o ro,noexec tmpfs "$source"
	mount_on /mnt/rw "$source" bind rbind rw
	mount_on /mnt/times "$source" bind bind strictatime
	mount_on /mnt/nodev "$source" bind bind nodev
	run --require user-namespace
	has_line "$out" "* / /mnt/rw rw,$agent_s,relatime,idmapped *"
	has_line "$out" "* / /mnt/times ro,$agent_s,idmapped *"
	has_line "$out" "* / /mnt/nodev ro,$agent_s,relatime,idmapped *"
	profile=oci
	run --require user-namespace
	umount "$source"
	has_line "$out" "* / /mnt/rw rw,relatime,idmapped *"
	has_line "$out" "* / /mnt/nodev rw,nodev,relatime,idmapped *"
}

test_a_workspace_that_is_a_copy_has_the_owners_of_its_source() {
	bundle stat /w /w/theirs : write /w/theirs y : create /w/mine : stat /w/mine : unlink /w/old : cat /proc/self/uid_map
	mkdir -p "$b/source/dir"
	echo x >"$b/source/theirs"
	echo x >"$b/source/old"
	chown -R 7:8 "$b/source"
	edit '.process.user = {uid: 7, gid: 8}'
	places=(--workspaces "$T/workspaces")
	run --userns shifted --workspace "$b/source:/w"
	lacks "$err" "ids of its own"
	has_line "$out" " *0 [0-9]*  *65536"
	has_line "$out" "/w: d 0755 7:8 *"
	has_line "$out" "/w/theirs: f 0644 7:8 *"
	has_line "$out" "/w/mine: f * 7:8 *"
	good nacre workspace diff "$id"
	has_line "$out" "A  mine"
	has_line "$out" "M  theirs"
	has_line "$out" "D  old"
	good nacre workspace apply "$id"
	is "$(stat -c %u:%g "$b/source/mine" "$b/source/theirs")" $'7:8\n7:8' "owners on the host"
	absent "$b/source/old"
	good nacre workspace discard "$id"
	edit '.process.args = ["/payload", "create", "/w/direct"]'
	run --userns shifted --workspace "$b/source:/w:direct"
	is "$(stat -c %u:%g "$b/source/direct")" 7:8 "owner on the host"
	places=()
}

test_hooks_find_the_root_by_its_name() {
	bundle ls /mnt : cat /etc/here
	edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "mount --bind $0/rootfs/bin $0/rootfs/mnt", $b]}]
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo here >$0/rootfs/etc/here", $b]}]' --arg b "$b"
	echo x >"$b/rootfs/bin/of-bin"
	run --userns shifted
	is "$out" $'of-bin\nhere' "what hooks did"
}

# Docker and containerd set it: no id of the container is so large.
test_who_may_ping_may_without_ids_that_are_not_there() {
	bundle cat /proc/sys/net/ipv4/ping_group_range
	edit '.linux.sysctl = {"net.ipv4.ping_group_range": "0 2147483647"}'
	run --userns shifted
	is "$out" $'0\t65534' "who may ping"
}

# --- a root that is an overlay, as an engine mounts it ---

# overlay: the bundle's root as the lower layer of two, below an upper one with a file.
overlay() {
	mkdir -p "$b"/{l,one/etc,a/diff,a/work}
	mv "$b/rootfs" "$b/two"
	mkdir "$b/rootfs"
	echo one >"$b/one/etc/one"
	echo two >"$b/two/etc/two"
	chown 7:8 "$b/two/etc/two"
	ln -s ../one "$b/l/ONE"
	ln -s ../two "$b/l/TWO"
	mount -t overlay -o "lowerdir=$b/one:$b/two,upperdir=$b/a/diff,workdir=$b/a/work" overlay "$b/rootfs" ||
		wrong "no overlay"
	echo top >"$b/rootfs/etc/top"
	rm "$b/rootfs/etc/passwd"
}

no_overlay() {
	umount "$b/rootfs" || wrong "the overlay is in use"
}

test_an_overlay_is_made_once_more_with_mapped_layers() {
	bundle cat /proc/self/uid_map /etc/one /etc/two /etc/top : stat /etc/two /etc/top /payload / /made/here : ls /etc
	mkdir "$b/volume"
	mount_on /made/here "$b/volume" bind bind ro
	mkdir "$b/one" # a layer that is a mount, as those of erofs are
	mount -t tmpfs tmpfs "$b/one"
	overlay
	run --userns shifted
	no_overlay
	umount "$b/one"
	lacks "$err" user-namespace
	has_line "$out" " *0 [0-9]*  *65536"
	has "$out" $'one\ntwo\ntop'
	has_line "$out" "/etc/two: f 0644 7:8 *"
	has_line "$out" "/etc/top: f 0644 0:0 *"
	has_line "$out" "/payload: f 0755 0:0 *"
	has_line "$out" "/: d 0755 0:0 *"
	lacks "$out" passwd
	absent "$b/a/diff/made"
}

# Of two overlays with one workdir the first could no longer write.
test_an_overlay_that_is_writable_stays_the_engine_s() {
	bundle cat /proc/self/uid_map : create /etc/new
	edit '.root.readonly = false'
	overlay
	before=$(ls -laRi --full-time "$b/a")
	good nacre harden --format json --userns shifted --allow rootfs-write --bundle "$b"
	why='the root is an overlay, and it is writable: only a read-only one can be mounted again with mapped layers'
	has "$(json '.leftOut[0]')" "$why"
	is "$(ls -laRi --full-time "$b/a")" "$before" "what harden has made"
	run --userns shifted --allow rootfs-write
	has "$err" "gets no user namespace with ids of its own: $why"
	has_line "$out" " *0  *0 4294967295"
	bad 1 "*$why; the rule is required*" \
		nacre run --profile agent --require user-namespace --allow rootfs-write --bundle "$b" "$id"
	# Each takes the workdir of the engine's.
	if ! { echo more >>"$b/rootfs/etc/two" && rm "$b/rootfs/etc/one" && mkdir "$b/rootfs/etc/dir"; }; then
		wrong "the engine's overlay cannot be written"
	fi
	no_overlay
	is "$(cat "$b/a/diff/etc/two")" $'two\nmore' "what the engine has written"
	exists "$b/a/diff/etc/new"
}

test_the_flags_of_an_engine_s_overlay_hold_for_the_other() {
	bundle cat /proc/self/mountinfo
	overlay
	mount -o remount,bind,nosymfollow,nodev,nosuid "$b/rootfs" || wrong "no remount"
	run --require user-namespace
	no_overlay
	has_line "$out" "* / / ro,nosuid,nodev,*nosymfollow *"
}

test_layers_are_found_by_relative_names_and_not_taken_for_others() {
	bundle cat /proc/self/uid_map /etc/one
	# Docker: ROOT/ID/merged, and names relative to ROOT.
	mkdir -p "$b/a/merged" "$b/three/etc"
	overlay
	no_overlay
	echo one >"$b/one/same"
	cp -a "$b/one/same" "$b/three/same"
	(cd "$b" && mount -t overlay -o lowerdir=l/ONE:l/TWO,upperdir=a/diff,workdir=a/work overlay a/merged) || wrong "no overlay"
	edit '.root.path = "a/merged"'
	run --userns shifted
	lacks "$err" "ids of its own"
	has_line "$out" " *0 [0-9]*  *65536"
	ln -sfn ../three "$b/l/ONE"
	for name in same three; do # a file like the other one, and one of another name
		run_any --userns shifted
		has "$err" 'the root is an overlay, and its layers, as their names lead to them, show something else'
		rm "$b/three/same"
		echo three >"$b/three/$name"
	done
	umount "$b/a/merged"
}

test_an_overlay_that_cannot_be_made_once_more_is_said() {
	bundle cat /proc/self/uid_map
	overlay
	mount -t tmpfs tmpfs "$b/rootfs/mnt"
	run --userns shifted
	umount "$b/rootfs/mnt"
	has "$err" "gets no user namespace with ids of its own: the root is an overlay, and something is mounted in it"
	no_overlay
	mkdir -p "$b/again" "$b/c/diff" "$b/c/work"
	mount -t overlay -o "lowerdir=$b/one:$b/two" overlay "$b/again"
	mount -t overlay -o "lowerdir=$b/again,upperdir=$b/c/diff,workdir=$b/c/work" overlay "$b/rootfs"
	run --userns shifted
	no_overlay
	umount "$b/again"
	has "$err" "gets no user namespace with ids of its own: the root is an overlay, and the file system of a layer cannot be id-mapped"
	has_line "$out" " *0  *0 4294967295"
}

# --- what somebody can do who gets round everything else ---

# All that the kernel shows, nothing hidden and nothing read-only: what root may open to write to it. That of
# a namespace is the container's own.
kernel_files() {
	bundle writable /proc /sys /sys/fs/cgroup
	profile=oci
	capabilities CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP
	edit '.linux.maskedPaths = [] | .linux.readonlyPaths = []
		| (.mounts[] | select(.type == "sysfs" or .type == "cgroup")).options -= ["ro"]'
	run "$@"
	# and what is anybody's: triggers of /proc/pressure
	grep -vE '^/proc/sys/(net|user|fs/mqueue)/|^/proc/sys/kernel/(auto_msgmni|msg|sem|shm|domainname|hostname|pid_max|ns_last_pid)
^/proc/pressure/
^/sys/devices/virtual/net/' <<<"$out"
}

test_no_file_of_the_kernel_can_be_written() {
	local with without
	without=$(kernel_files)
	has_line "$without" /proc/sys/kernel/core_pattern
	has_line "$without" '/sys/kernel/*'
	has_line "$without" '/sys/fs/cgroup/cgroup.procs'
	with=$(kernel_files --userns shifted)
	# Its own cgroup is delegated to it, as with a user namespace of the config's.
	is "$(grep -vxE '/sys/fs/cgroup/cgroup\.(procs|threads|subtree_control)' <<<"$with")" "" "what can be written"
}

# as_escaped PID COMMAND...: as root of the container, who has all capabilities again, and all else the host's
as_escaped() {
	local enter=(nsenter --user="/proc/$1/ns/user" --setuid 0 --setgid 0)
	[[ ! "/proc/$1/ns/user" -ef /proc/self/ns/user ]] || enter=()
	shift
	"${enter[@]}" setpriv --clear-groups "$@"
}

# What that one may do to the host with the capabilities of agent: to files, to a process, to a service that
# asks who its peer is.
deeds_of() {
	local deed pid=$1
	echo secret >"$T/secret"
	chmod 600 "$T/secret"
	for deed in "write echo x >>$T/secret" "read cat $T/secret" "chown chown 0:0 $T/secret" "setuid chmod 4755 $T/secret" \
		"link ln $T/secret $T/linked" "kill kill -0 $victim" "limit prlimit --pid $victim --core=0:0" \
		"kernel exec 3>>/proc/sys/kernel/core_pattern" "ask $PAYLOAD knock $T/service" \
		"leave cp $PAYLOAD $T/volume/left && chmod 4755 $T/volume/left"; do
		as_escaped "$pid" --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap \
			--inh-caps=-all sh -c "${deed#* }" >/dev/null 2>&1 && echo "${deed%% *}"
	done
	rm -f "$T/linked" "$T/volume/left"
}

test_who_gets_out_can_do_nothing_to_what_is_root_s() {
	needs_unshare && needs_program nsenter && needs_program setpriv || return
	in_background "$PAYLOAD" admit "$T/service"
	in_background sleep 60
	victim=$!
	wait_for test -S "$T/service"
	bundle pause
	mkdir "$T/volume"
	mount_on /w "$T/volume" bind rbind rw
	create
	without=$(deeds_of "$(pid_of)")
	is "$without" "$(printf '%s\n' write read chown setuid link kill limit kernel ask leave)" "deeds without"
	# Calls for which the kernel asks for a capability: some 30, as far as this kernel has them.
	without=$(as_escaped "$(pid_of)" "$PAYLOAD" gated "$T" "$victim")
	for call in acct adjtimex bpf clone3 fcntl mknod mount open_by_handle_at pidfd_getfd pivot_root \
		process_vm_readv reboot removexattr sched_setscheduler setns socket swapoff syslog; do
		has_line "$without" "$call"
	done
	good nacre delete --force "$id"
	create --userns shifted
	is "$(deeds_of "$(pid_of)")" "" "deeds with"
	is "$(as_escaped "$(pid_of)" "$PAYLOAD" gated "$T" "$victim")" "" "calls with"
}

# The mapping of a volume keeps the owners on disk, so that it is the rule setuid-files which keeps the bits off.
test_no_setuid_file_of_root_s_is_left_in_a_volume_but_by_who_gets_past_the_filter() {
	needs_program nsenter && needs_program setpriv || return
	local option
	bundle create /w/left : call fchmodat -100 =/w/left 04755 : call fchmodat -100 =/w/left 02755 : pause
	mkdir "$b/volume"
	mount_on /w "$b/volume" bind rbind rw
	for option in --allow=no-user-namespace --userns=shifted; do
		create "$option"
		start
		wait_for test -e "$b/volume/left"
		is "$(find "$b/volume" -perm /6000)" "" "what is left with $option"
		as_escaped "$(pid_of)" chmod 4755 "/proc/$(pid_of)/root/w/left" || wrong "no way past it with $option"
		is "$(find "$b/volume" -perm -4000 -uid 0)" "$b/volume/left" "what is left past the filter with $option"
		good nacre delete --force "$id"
		rm "$b/volume/left"
	done
}

# forks USER: whether that user of the host may have a second process
forks() {
	setpriv --reuid "$1" --clear-groups --bounding-set=-all --inh-caps=-all prlimit --nproc=2 sh -c '(true) & wait $!' 2>/dev/null
}

test_processes_of_a_user_inside_are_not_those_of_one_outside() {
	needs_program setpriv || return
	local user=$((30000 + $$ % 30000))
	bundle pause
	edit '.process.user = {uid: $u, gid: $u}' --argjson u "$user"
	create
	start
	forks "$user" && wrong "processes of the container do not count without"
	good nacre delete --force "$id"
	# Another one: who adopted the process of the first may take his time to wait for it.
	((user++))
	edit '.process.user = {uid: $u, gid: $u}' --argjson u "$user"
	create --userns shifted
	start
	is "$(stat -c %u "/proc/$(pid_of)")" "$(($(state_of .firstId) + user))" "owner of the process"
	forks "$user" || wrong "processes of the container count"
	kill -0 "$(pid_of)" || wrong "it is not there"
}

all_tests "$@"
