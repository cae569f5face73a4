#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shifted ids in a pod: a container that joins the namespaces of another one has that one's ids.
. "$(dirname "$0")/lib.sh"
file_needs=needs_root
profile=strict

claims=/run/nacre/.ids
shared=(ipc uts network)

claim_of() {
	echo "$claims/$(($(state_of .firstId "$1") / 65536))"
}

# sandbox [OPTION...]: sets pod, its id, and pod_pid
sandbox() {
	pod=$id-pod
	bundle pause
	good nacre create --profile "$profile" "$@" --bundle "$b" "$pod"
	good nacre start "$pod"
	pod_pid=$(pid_of "$pod")
}

# join_pod TYPE...: the config joins these namespaces of the sandbox
join_pod() {
	local type
	for type in "$@"; do
		edit '(.linux.namespaces[] | select(.type == $t)).path = $p' --arg t "$type" \
			--arg p "/proc/$pod_pid/ns/$(if [[ $type == network ]]; then echo net; else echo "$type"; fi)"
	done
}

# joins [TYPE...]: a container of the pod, $id, which runs
joins() {
	join_pod "$@"
	create
	lacks "$err" user-namespace
	start
	in_the_pod "$id"
}

# in_the_pod ID: it has the sandbox's user namespace and ids
in_the_pod() {
	local pid
	pid=$(pid_of "$1")
	is "$(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$pod_pid/ns/user")" "user namespace of $1"
	is "$(cat "/proc/$pid/uid_map" "/proc/$pid/gid_map")" "$(cat "/proc/$pod_pid/uid_map" "/proc/$pod_pid/gid_map")" "maps"
	is "$(state_of .firstId "$1")" "$(state_of .firstId "$pod")" "first id of $1"
	has "$(<"$(claim_of "$1")")" " $(realpath "$ROOT/$1")"
}

# apart ID: it has ids that are not the sandbox's
apart() {
	differs "$(readlink "/proc/$(pid_of "$1")/ns/user")" "$(readlink "/proc/$pod_pid/ns/user")" "user namespace of $1"
	differs "$(state_of .firstId "$1")" "$(state_of .firstId "$pod")" "first id of $1"
}

# owners FILE: how many lines of the claim have an owner
owners() {
	grep -c '^ *[0-9]' "$1"
}

test_a_container_has_the_ids_of_the_pod_that_it_joins() {
	local claim
	sandbox
	bundle pause
	mkdir "$b/volume"
	echo x >"$b/volume/theirs"
	chown 7:8 "$b/volume/theirs"
	mount_on /w "$b/volume" bind rbind ro
	joins "${shared[@]}"
	claim=$(claim_of "$id")
	is "$(owners "$claim")" 2 "owners of the claim"
	exec_in id : stat /w/theirs /payload /dev /dev/pts /dev/shm /dev/mqueue /sys /tmp : cat /proc/self/uid_map
	has "$out" "uid=0 gid=0"
	has_line "$out" "/w/theirs: f 0644 7:8 *"
	has_line "$out" "/payload: f 0755 0:0 *"
	has_line "$out" "/dev: d * 0:0 *"
	has_line "$out" "/dev/pts: d * 0:0 *"
	has_line "$out" "/dev/shm: d 1777 0:0 *"
	has_line "$out" "/tmp: d 1777 0:0 *"
	has_line "$out" " *0 $(state_of .firstId "$pod")  *65536"
	is "$(jq -c '.linux.namespaces[] | select(.type == "user")' "$ROOT/$id/config.json")" \
		"{\"type\":\"user\",\"path\":\"/proc/$pod_pid/ns/user\"}" "in config.json"
	has "$(<"$ROOT/$id/report.json")" "/proc/$pod_pid/ns/user"
	kill_now
	exists "$claim"
	delete
	is "$(owners "$claim")" 1 "owners of the claim"
	good nacre delete --force "$pod"
	absent "$claim"
}

test_processes_of_a_shared_pid_namespace_see_each_other() {
	sandbox
	bundle pause
	joins "${shared[@]}" pid
	is "$(readlink "/proc/$(pid_of)/ns/pid")" "$(readlink "/proc/$pod_pid/ns/pid")" "pid namespace"
	exec_in ls /proc : stat /proc/1 /proc/2 /proc/sys : cat /proc/1/uid_map
	has_line "$out" 1
	has_line "$out" "/proc/1: d * 0:0 *"
	has_line "$out" "/proc/2: d * 0:0 *"
	has_line "$out" " *0 $(state_of .firstId "$pod")  *65536"
	good nacre exec "$pod" /payload stat /proc/1 /proc/2
	has_line "$out" "/proc/2: d * 0:0 *"
	good nacre kill "$id" KILL
	wait_for status_is stopped
	delete
}

# As kubectl debug --target does.
test_the_processes_of_one_container_of_the_pod_can_be_joined() {
	local one=$id-one
	sandbox
	bundle pause
	join_pod ipc uts
	good nacre create --profile strict --bundle "$b" "$one"
	good nacre start "$one"
	differs "$(readlink "/proc/$(pid_of "$one")/ns/pid")" "$(readlink "/proc/$pod_pid/ns/pid")" "pid namespace"
	bundle pause
	edit '(.linux.namespaces[] | select(.type == "pid")).path = $p' --arg p "/proc/$(pid_of "$one")/ns/pid"
	joins ipc uts
	is "$(readlink "/proc/$(pid_of)/ns/pid")" "$(readlink "/proc/$(pid_of "$one")/ns/pid")" "pid namespace"
	exec_in stat /proc/1
	has_line "$out" "/proc/1: d * 0:0 *"
	kill_now
	delete
}

test_the_block_is_the_pod_s_until_its_last_container_is_deleted() {
	local claim one=$id-one
	sandbox
	bundle pause
	join_pod ipc uts
	good nacre create --profile strict --bundle "$b" "$one"
	good nacre start "$one"
	joins ipc uts
	claim=$(claim_of "$id")
	is "$(owners "$claim")" 3 "owners of the claim"
	good nacre delete --force "$pod"
	exists "$claim"
	is "$(owners "$claim")" 2 "owners of the claim"
	# A third one finds the pod by the others.
	pod=$one pod_pid=$(pid_of "$one")
	bundle pause
	join_pod ipc uts
	good nacre create --profile strict --bundle "$b" "$id-two"
	in_the_pod "$id-two"
	good nacre delete --force "$one"
	good nacre delete --force "$id-two"
	is "$(owners "$claim")" 1 "owners of the claim"
	good nacre delete --force "$id"
	absent "$claim"
}

test_no_other_gets_a_block_that_a_container_of_a_deleted_pod_has() {
	profile=agent
	policy '{"version": 1, "user_namespace": {"default": "shifted", "first_id": 1769472000, "last_id": 1769537535}}'
	pod=$id-pod
	bundle pause
	good under_policy create --bundle "$b" "$pod"
	pod_pid=$(pid_of "$pod")
	join_pod ipc uts
	good under_policy create --bundle "$b" "$id"
	in_the_pod "$id"
	good nacre delete --force "$pod"
	bundle pause
	why='*each of the 1 blocks of ids is taken, by a container, in /etc or by the owner of a key: *'
	bad 1 "$why" under_policy create --bundle "$b" "$id-other"
	# With another /run, where the claims are not seen: by its keys.
	bad 1 "$why" unshare -m --propagation private bash -c \
		'mount --bind "$0/etc" /etc && mount -t tmpfs tmpfs /run && exec "$@"' "$T" \
		"$NACRE" --root "$ROOT" create --bundle "$b" "$id-other"
	good nacre kill "$id" KILL
	wait_for status_is stopped
	bad 1 "$why" under_policy create --bundle "$b" "$id-other"
	good nacre delete "$id"
	wait_for keys_are_gone 1769472000
	good under_policy create --bundle "$b" "$id-other"
	is "$(state_of .firstId "$id-other")" 1769472000 "the block"
}

test_a_killed_create_leaves_the_pod_its_block() {
	local claim i
	sandbox
	claim=$(claim_of "$pod")
	bundle pause
	join_pod "${shared[@]}"
	for i in 1 2 3 4 5 6 7 8 9; do
		in_background nacre_direct create --profile strict --bundle "$b" "$id"
		sleep "0.0$i"
		kill -KILL $! 2>/dev/null
		wait $! 2>/dev/null
		exists "$claim"
		has "$(<"$claim")" "$(realpath "$ROOT/$pod")"
		good nacre delete --force "$id"
	done
	joins
	kill -KILL "$pod_pid" "$(pid_of)"
	wait_for status_is stopped
	exists "$claim"
	is "$(owners "$claim")" 2 "owners of the claim"
	delete
	good nacre delete "$pod"
	absent "$claim"
}

test_a_namespace_file_that_is_bound_leads_to_its_pod_too() {
	needs_unshare || return
	sandbox
	bundle pause
	: >"$T/ipc"
	mount --bind "/proc/$pod_pid/ns/ipc" "$T/ipc" || wrong "no bind"
	edit '(.linux.namespaces[] | select(.type == "ipc")).path = $p' --arg p "$T/ipc"
	try nacre create --profile strict --bundle "$b" "$id"
	umount "$T/ipc"
	is "$rc" 0 "create: $err"
	in_the_pod "$id"
}

test_a_foreign_user_namespace_is_not_joined() {
	needs_unshare || return
	local pid why
	# One with the maps of a block that nobody has claimed, and one with those of the sandbox.
	sandbox
	for first in 1769537536 "$(state_of .firstId "$pod")"; do
		in_background unshare --user --ipc --pid --fork --kill-child sleep 60
		pid=$!
		wait_for eval '[[ $(cat "/proc/$pid/task/$pid/children") ]]'
		pid=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
		wait_for eval '[[ $(<"/proc/$pid/comm") == sleep ]]'
		echo "0 $first 65536" >"/proc/$pid/uid_map" || wrong "no map"
		echo "0 $first 65536" >"/proc/$pid/gid_map" || wrong "no map"
		bundle cat /proc/self/uid_map
		edit '(.linux.namespaces[] | select(.type == "ipc")).path = $p' --arg p "/proc/$pid/ns/ipc"
		run
		lacks "$err" user-namespace
		has_line "$out" " *0 [0-9]*  *65536"
		lacks "$out" " $first "
		edit '(.linux.namespaces[] | select(.type == "pid")).path = $p' --arg p "/proc/$pid/ns/pid"
		why="the pid namespace is not the container's own: the user namespace that owns what it joins is no running container's with ids of its own"
		run_any
		has "$err" "gets no user namespace with ids of its own: $why"
		bad 1 "*$why; the rule is required*" nacre run --profile strict --require user-namespace --bundle "$b" "$id"
	done
}

# Who made it has all capabilities over what is in it.
test_a_user_namespace_that_a_container_made_is_not_joined() {
	profile=oci
	pod=$id-pod
	bundle true
	with_busybox || return
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/unshare"
	program /bin/unshare -r -i /bin/sleep 100
	capabilities CAP_SETFCAP
	good nacre create --profile oci --userns shifted --bundle "$b" "$pod"
	pod_pid=$(pid_of "$pod")
	local made
	made=$(readlink "/proc/$pod_pid/ns/user")
	good nacre start "$pod"
	wait_for eval '[[ $(readlink "/proc/$pod_pid/ns/user") != "$made" && $(<"/proc/$pod_pid/comm") == sleep ]]'
	has "$(<"/proc/$pod_pid/uid_map")" " $(state_of .firstId "$pod") "
	bundle pause
	join_pod ipc
	create --userns shifted
	apart "$id"
}

test_namespaces_of_two_pods_are_no_pod() {
	local one one_pid why
	sandbox
	one=$pod one_pid=$pod_pid
	id=$id-2 sandbox
	bundle cat /proc/self/uid_map
	join_pod ipc
	edit 'del(.hostname) | (.linux.namespaces[] | select(.type == "uts")).path = $p' --arg p "/proc/$one_pid/ns/uts"
	run
	lacks "$out" " $(state_of .firstId "$pod") "
	lacks "$out" " $(state_of .firstId "$one") "
	join_pod pid
	why="the pid namespace is not the container's own: the namespaces that it joins belong to different user namespaces"
	bad 1 "*$why; the rule is required*" nacre run --profile strict --require user-namespace --bundle "$b" "$id"
}

test_who_cannot_ask_who_owns_a_namespace_makes_no_container() {
	needs_strace || return
	local n ioctl=(strace -qq -o "$T/trace" -e trace=ioctl)
	sandbox
	bundle pause
	join_pod ipc
	NACRE_TEST=$T good "${ioctl[@]}" "$NACRE" --root "$ROOT" harden --profile strict --bundle "$b"
	n=$(grep -n -m 1 -e NS_GET_USERNS -e '0xb701' "$T/trace" | cut -d : -f 1)
	[[ $n ]] || wrong "nobody asks" "$(<"$T/trace")"
	NACRE_TEST=$T bad 1 "owner of the ipc namespace: Input/output error" \
		"${ioctl[@]}" -e "inject=ioctl:error=EIO:when=$n" "$NACRE" --root "$ROOT" create --profile strict --bundle "$b" "$id"
	is "$(owners "$(claim_of "$pod")")" 1 "owners of the claim"
}

# While create waits for the lock of the claim, which it knows by the first pod's namespace.
test_a_path_that_leads_to_another_pod_by_now_is_refused() {
	needs_program python3 || return
	local claim creating
	sandbox
	claim=$(claim_of "$pod")
	bundle pause
	ln -s "/proc/$pod_pid/ns/ipc" "$T/ipc"
	edit '(.linux.namespaces[] | select(.type == "ipc")).path = $p' --arg p "$T/ipc"
	joining=$b
	: >"$T/go"
	in_background python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("locked", flush=True)
while not open(sys.argv[2]).read(): time.sleep(0.02)' "$claim" "$T/go"
	wait_for grep -qs locked "$background_out"
	in_background nacre_direct create --profile strict --bundle "$joining" "$id"
	creating=$!
	wait_for eval '[[ $(readlink /proc/$creating/fd/*) == *"$claim"* ]]'
	id=$id-2 sandbox
	ln -sfn "/proc/$pod_pid/ns/ipc" "$T/ipc"
	echo go >"$T/go"
	wait "$creating" && wrong "it was created"
	has "$(<"$background_out")" "the namespaces of the pod are others than a moment ago: its container has ended; create the pod again"
	absent "$ROOT/$id"
	is "$(owners "$claim")" 1 "owners of the claim"
}

test_an_annotation_that_names_a_pod_joins_nothing() {
	sandbox
	bundle pause
	edit '.annotations = {"io.kubernetes.cri.sandbox-id": $p, "io.kubernetes.cri.container-type": "container"}' --arg p "$pod"
	create
	apart "$id"
}

test_a_network_alone_is_no_pod() {
	sandbox
	bundle pause
	join_pod network
	create
	apart "$id"
}

test_ids_that_the_pod_does_not_map_are_said() {
	local why
	sandbox
	bundle pause
	edit 'del(.hostname) | .process.user = {uid: 100000, gid: 3}'
	join_pod ipc uts
	create
	apart "$id"
	good nacre delete --force "$id"
	join_pod pid
	why="the pid namespace is not the container's own: the user namespace of the pod does not map process.user.uid, 100000"
	bad 1 "*$why; the rule is required*" nacre run --profile strict --require user-namespace --bundle "$b" "$id"
}

test_who_does_not_have_the_rule_does_not_join() {
	sandbox
	bundle cat /proc/self/uid_map
	join_pod ipc uts
	good nacre run --profile agent --bundle "$b" "$id"
	has_line "$out" " *0  *0 4294967295"
	good nacre run --profile strict --allow no-user-namespace --bundle "$b" "$id"
	has_line "$out" " *0  *0 4294967295"
}

test_a_pod_is_found_whatever_the_state_root_is() {
	sandbox
	bundle cat /proc/self/uid_map
	join_pod ipc uts
	good "$NACRE" --root "$T/other" run --profile strict --bundle "$b" "$id"
	has_line "$out" " *0 $(state_of .firstId "$pod")  *65536"
}

# PODS of them at once, with a container each.
test_of_pods_at_once_no_two_have_one_block() {
	local n=${PODS:-50} i
	bundle pause
	join=$b
	bundle pause
	one_pod() {
		local copy=$T/of-$1
		nacre create --profile strict --bundle "$b" "$id-$1" || return
		mkdir "$copy" && ln -s "$join/rootfs" "$copy/rootfs" || return
		jq --arg p "/proc/$(nacre state "$id-$1" | jq .pid)/ns/" --arg r "$join/rootfs" '.root.path = $r
			| (.linux.namespaces[] | select(.type == "ipc" or .type == "uts")) |= (.path = $p + .type)' \
			<"$join/config.json" >"$copy/config.json"
		nacre create --profile strict --bundle "$copy" "$id-$1-c"
	}
	for ((i = 0; i < n; i++)); do
		in_background one_pod "$i"
		((i % 8 < 7)) || wait
	done
	wait
	for ((i = 0; i < n; i++)); do
		one=$(state_of .firstId "$id-$i") other=$(state_of .firstId "$id-$i-c") || wrong "pod $i" "$(cat "$T"/out.*)"
		is "$other" "$one" "block of pod $i"
		echo "$one"
	done >"$T/firsts"
	is "$(sort "$T/firsts" | uniq -d)" "" "blocks of two pods"
	is "$(grep -c . "$T/firsts")" "$n" "pods"
	for ((i = 0; i < n; i++)); do
		good nacre delete --force "$id-$i"
		good nacre delete --force "$id-$i-c"
	done
}

all_tests "$@"
