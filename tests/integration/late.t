#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers that are made before it is known what they run: create --late, start --process.
. "$(dirname "$0")/lib.sh"

store=$T/workspaces
places=(--workspaces "$store")
file=$T/process.json

# late VERB...: $file is a process, the payload with these verbs
late() {
	jq -n '{args: (["/payload"] + $ARGS.positional), cwd: "/tmp", env: ["PATH=/bin", "WHO=late"]}' \
		--args -- "$@" >"$file" || wrong "no process"
}

# created OPTION...: a late container whose own program would say so
created() {
	bundle echo own : pause
	create --late "$@"
}

claim() {
	good nacre start --process "$file" "$@" "$id"
}

# not_claimed PATTERN OPTION...
not_claimed() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre start --process "$file" "$@" "$id"
}

# says LINE...: all that the container has written, once the last line is there
says() {
	wait_for grep -qxF -- "${*: -1}" "$created_out"
	is "$(<"$created_out")" "$(printf '%s\n' "$@")" "what it wrote"
}

test_it_runs_what_comes_with_start_as_what_it_was_created() {
	local profile=agent
	bundle echo own
	edit '.process.user = {uid: 1000, gid: 1000} | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 77}]'
	[[ $who == root ]] || edit 'del(.process.user)'
	NOTIFY_SOCKET=$T/manager create --late
	is "$(state_of .status)" created status
	bad 1 "container \"$id\" was created with --late: give its program, with --process FILE" nacre start "$id"
	bad 255 "container \"$id\" waits for its program: start it first, with --process FILE" \
		nacre exec "$id" /payload true
	if [[ $who == root ]]; then
		good nacre pause "$id"
		bad 255 "container \"$id\" waits for its program: *" nacre exec --ignore-paused --detach "$id" /payload true
		good nacre resume "$id"
	fi
	late id : cwd : env WHO : env PATH : env HOME : env NOTIFY_SOCKET : rlimits RLIMIT_NOFILE : echo end : pause
	claim
	wait_for grep -qx end "$created_out"
	local text
	text=$(<"$created_out")
	lacks "$text" own
	has_line "$text" /tmp
	has_line "$text" WHO=late
	has_line "$text" PATH=/bin
	has_line "$text" "NOTIFY_SOCKET=*"
	[[ $who != root ]] || has_line "$text" HOME=/home/user
	[[ $who != root ]] || has "$text" 1000
	is "$(jq -r '.process.args[1]' "$ROOT/$id/config.json")" id "the stored config"
	is "$(jq -r '.process.args[1]' "$ROOT/$id/config.given")" echo "the config as it was given"
	is "$(state_of .status)" running status
	not_claimed "cannot start an already running container"
	exec_in true
}

test_no_other_member_changes_and_what_is_refused_changes_nothing() {
	local member
	created
	late echo first : pause
	cp "$file" "$file.good"
	for member in terminal=false consoleSize='{"height": 1, "width": 1}' user='{"uid": 0, "gid": 0}' \
		commandLine='"x"' capabilities='{}' rlimits='[]' noNewPrivileges=false apparmorProfile='"x"' \
		oomScoreAdj=0 scheduler='{"policy": "SCHED_OTHER"}' selinuxLabel='"x"' \
		ioPriority='{"class": "IOPRIO_CLASS_IDLE", "priority": 0}' execCPUAffinity='{}' \
		Args='[]' unknown=1; do
		jq --arg name "${member%%=*}" --argjson value "${member#*=}" '.[$name] = $value' \
			<"$file.good" >"$file"
		not_claimed "$file:[0-9]*: ${member%%=*}: the process of a container created with --late can set only args, env and cwd, *leave it out"
	done
	for member in '.cwd = "tmp"' '.args = []' '.env = ["X"]' '.env = [("X=" + "x" * 262144)]' \
		'.args = "/payload"' 'del(.cwd)'; do
		jq "$member" <"$file.good" >"$file"
		not_claimed "*"
	done
	cp "$file.good" "$file"
	not_claimed "--workspace $T: the container has to be created with one workspace, *" --workspace "$T"
	rm "$file"
	not_claimed "open $file: No such file or directory"
	mv "$file.good" "$file"
	is "$(state_of .status)" created status
	claim
	says first
}

test_late_and_plain_do_not_mix() {
	bundle echo own : pause
	create
	late echo other
	not_claimed "--process: container \"$id\" was not created with --late: its program is that of its config"
	bad 1 "start: --workspace goes with --process" nacre start --workspace "$T" "$id"
	bad 1 "start: --egress goes with --process" nacre start --egress none "$id"
	start
	says own
	bad 1 "run: unknown option --late*" nacre run --late --bundle "$b" "$id"
	bundle pause
	edit '(.linux.namespaces[] | select(.type == "pid")).path = $p' --arg p "/proc/$(pid_of)/ns/pid"
	[[ $who != root ]] || bad 1 "--late: the container may not join a pid namespace by its path" \
		nacre create --late --profile oci --bundle "$b" "$id.joined"
	good nacre delete --force "$id"
	bundle pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chdir"], action: "SCMP_ACT_ERRNO"}]}'
	bad 1 "*linux.seccomp does not allow chdir, which takes the process that comes with start --process: *" \
		nacre create --late --profile oci --bundle "$b" "$id"
}

# More than a pipe holds at once.
test_a_process_that_does_not_come_keeps_nobody_else_waiting() {
	local pipe
	late echo came
	created
	mkfifo "$T/pipe"
	in_background nacre_direct start --process "$T/pipe" "$id"
	exec {pipe}>"$T/pipe" # waits for the reader
	good timeout 9 "$NACRE" --root "$ROOT" pause "$id"
	good timeout 9 "$NACRE" --root "$ROOT" resume "$id"
	cat "$file" >&"$pipe"
	exec {pipe}>&-
	wait "${background[0]}"
	is $? 0 "exit code: $(<"$background_out")"
	says came
	delete
}

test_large_arguments_arrive_whole() {
	created
	late echo BIG : pause
	jq '.args[2] = "x" * 100000 | .env += ["Y=" + "y" * 100000]' <"$file" >"$file.new" && mv "$file.new" "$file"
	claim
	wait_for eval '(($(wc -c <"$created_out") == 100001))'
	wait_for eval "(( \$(tr '\\0' '\\n' </proc/$(pid_of)/environ | grep ^Y= | wc -c) == 100003 ))"
}

test_of_many_starts_at_once_one_gets_it() {
	local i
	created
	for i in 1 2 3 4 5 6; do
		late echo "mine $i" : pause
		cp "$file" "$file.$i"
	done
	for i in 1 2 3 4 5 6; do
		in_background nacre start --process "$file.$i" "$id"
	done
	wait "${background[@]}"
	wait_for grep -q mine "$created_out"
	is "$(wc -l <"$created_out")" 1 "lines of all owners"
	is "$(cat "$T"/err.* "$T"/out.* 2>/dev/null | grep -c 'already running')" 5 "refusals"
	is "$(jq -r '.process.args[2]' "$ROOT/$id/config.json")" "$(<"$created_out")" "whose config is stored"
}

# What fails once it is claimed ends the container; no second start gets what the first has brought.
test_a_claim_that_fails_late_ends_the_container() {
	created
	late echo first
	jq '.cwd = "/missing"' <"$file" >"$file.new" && mv "$file.new" "$file"
	not_claimed "*process.cwd: chdir /missing: No such file or directory"
	wait_for status_is stopped
	late echo second
	not_claimed "cannot start a container that has stopped"
	good nacre delete "$id"
	created
	jq '.args = ["/nothing"]' <"$file" >"$file.new" && mv "$file.new" "$file"
	not_claimed '*exec: "/nothing": stat /nothing: no such file or directory'
	wait_for status_is stopped
}

# killed_at CALL:N: a claim by "first" is killed there, and one by "second" comes after it. Nobody's output
# is mixed with that of the other, and one that was not refused runs.
killed_at() {
	local call=$1
	late echo first : pause
	(NACRE_TEST=$T timeout 60 strace -qq -o "$T/trace" -e "trace=${call%:*}" \
		-e "inject=${call%:*}:signal=KILL:when=${call#*:}" "$NACRE" --root "$ROOT" "${places[@]}" \
		start --process "$file" --workspace "$workspace" "$id" </dev/null >/dev/null 2>&1
		exit $?) 2>/dev/null
	grep -q 'killed by SIGKILL' "$T/trace" || {
		good nacre delete --force "$id"
		return
	}
	doing "killed at $call"
	late echo second : pause
	try nacre start --process "$file" "$id"
	case $rc:$err in
	0:)
		((++free))
		wait_for grep -q second "$created_out"
		is "$(<"$created_out")" second "what a second owner sees"
		;;
	1:*"was claimed by a start that did not finish: "*)
		((++half))
		bad 1 "*was claimed by a start that did not finish: *" nacre start --process "$file" "$id"
		is "$(<"$created_out")" "" "what one that nobody has got wrote"
		is "$(state_of .status)" created status
		;;
	1:*"already running container")
		((++done))
		wait_for grep -q first "$created_out"
		is "$(<"$created_out")" first "what the first owner has"
		;;
	*) wrong "neither" "$err" ;;
	esac
	good nacre delete --force "$id"
	[[ ! -e $store/$id ]] || wrong "a workspace is left"
	nothing_left
}

test_a_killed_claim_is_nobodys_or_whole() {
	local call workspace free=0 half=0 done=0 made option=()
	# Once is enough, as with crash.t.
	needs_root && needs_strace || return
	workspace=$T/source
	mkdir -p "$T/template" "$workspace"
	option=(--workspace "$T/template:/mnt")
	created "${option[@]}"
	late echo first : pause
	NACRE_TEST=$T strace -qq -o "$T/trace" "$NACRE" --root "$ROOT" "${places[@]}" start --process "$file" \
		--workspace "$workspace" "$id" || wrong "undisturbed, it failed"
	good nacre delete --force "$id"
	mapfile -t made < <(awk -F'(' '/^[a-z0-9_]+\(/ && $1 !~ /^(execve|exit_group)$/ {
		call = $1 ":" ++n[$1]; all[++i] = call; if (/claimed|rename|mount|poll|mkdir|write/) picked[call] = 1 }
		END { for (j = 1; j <= i; j++) if (picked[all[j]] || j % 16 == 0) print all[j] }' "$T/trace")
	for call in "${made[@]}"; do
		created "${option[@]}"
		killed_at "$call"
	done
	((free > 2 && half > 2 && done > 0)) || wrong "$free before, $half amid, $done after the claim"
}

# with_place OPTION...: a late container with a workspace, whose source comes
with_place() {
	rm -rf "$T/template" "$T/source"
	mkdir -p "$T/template" "$T/source/dir"
	echo template >"$T/template/old"
	echo source >"$T/source/file"
	created --workspace "$T/template:/mnt" "$@"
}

test_the_workspace_is_that_of_the_claim() {
	local profile=agent
	needs_root || return
	(umask 077 && good nacre receipt keygen --key "$T/key")
	with_place --audit "$T/audit" --receipt "$T/receipt" --receipt-key "$T/key"
	late ls /mnt : cat /mnt/file : write /mnt/file new : create /mnt/made : cwd : pause
	jq '.cwd = "/mnt"' <"$file" >"$file.new" && mv "$file.new" "$file"
	not_claimed "--workspace $T/source:/w: the container's workspace is /mnt" --workspace "$T/source:/w"
	not_claimed "*: the container's workspace is /mnt" --workspace "$T/source:$T/source"
	not_claimed "--workspace $T/source:direct: form and size *" --workspace "$T/source:direct"
	not_claimed "--workspace $T/source:/mnt,size=1M: form and size *" --workspace "$T/source:/mnt,size=1M"
	not_claimed "--workspace $T/missing: *No such file*" --workspace "$T/missing"
	not_claimed "--workspace $ROOT: *" --workspace "$ROOT"
	not_claimed "--workspace $store: *" --workspace "$store"
	claim --workspace "$T/source:/mnt"
	wait_for grep -qx /mnt "$created_out"
	lacks "$(<"$created_out")" old
	has_line "$(<"$created_out")" source
	is "$(<"$T/source/file")$(ls "$T/source")" $'sourcedir\nfile' "the source"
	is "$(ls "$T/template")" old "the template"
	is "$(jq -r '.workspaces[]' "$ROOT/$id/report.json")" "$T/source:/mnt:cow" "the report"
	good nacre explain "$id"
	has "$out" "$T/source:/mnt:cow"
	is "$(jq -r 'select(.event == "start") | [.workspaces[0], .args[1], .args[2]] | join(" ")' "$T/audit")" \
		"$T/source:/mnt:cow ls /mnt" "the audit record"
	good nacre kill "$id" KILL
	wait_for status_is stopped
	good nacre workspace diff "$id"
	has "$out" made
	lacks "$out" old
	local digest
	digest=$(sha256sum <"$ROOT/$id/config.json")
	good nacre delete "$id"
	is "$(jq -r '.payload' "$T/receipt" | base64 -d | jq -r '.predicate.config | .runSha256 + (.endSha256 // "")')" \
		"${digest%% *}" "the config of the receipt"
	good nacre workspace apply "$id"
	is "$(<"$T/source/file")$(ls "$T/source")" $'newrcedir\nfile\nmade' "the source after apply"
}

test_what_the_place_cannot_be_is_one_error() {
	needs_root || return
	late true
	with_place
	good nacre delete --force "$id"
	bundle pause
	mkdir -p "$b/rootfs/mnt/in"
	edit '.linux.maskedPaths += ["/mnt/in"]'
	create --late --workspace "$T/template:/mnt"
	not_claimed "*the masked path /mnt/in lies in the workspace and would be gone" --workspace "$T/source"
	good nacre delete --force "$id"
	bundle pause
	# By a symlink: what covers /mnt/dir has another name.
	ln -s mnt "$b/rootfs/link"
	edit '.linux.maskedPaths += ["/link/dir"]'
	mkdir "$T/template/dir"
	create --late --workspace "$T/template:/mnt"
	not_claimed "*workspace /mnt: a mount or a masked path, /mnt/dir, lies in it and would be gone: *" \
		--workspace "$T/source"
	status_is stopped || wrong "it waits on"
	good nacre delete --force "$id"
	bundle pause
	edit '.nacre.hidden = [{name: "/mnt/old", path: $p, device: 1, inode: 1}]' --arg p "$T/template/old"
	edit '.nacre.hidden[0].inode = $i' --argjson i "$(stat -c %i "$T/template/old")"
	edit '.nacre.hidden[0].device = $d' --argjson d "$(stat -c %d "$T/template/old")"
	create --late --workspace "$T/template:/mnt"
	not_claimed "*the hidden path /mnt/old lies in the workspace and would be gone" --workspace "$T/source"
	good nacre delete --force "$id"
	bundle pause
	edit '.linux.devices += [{path: "/mnt/null", type: "c", major: 1, minor: 3}]'
	create --late --workspace "$T/template:/mnt"
	not_claimed "*the device /mnt/null lies in the workspace and would be gone" --workspace "$T/source"
	good nacre delete --force "$id"
	good nacre workspace discard "$id"
	local profile=strict
	bundle pause
	create --late --allow no-user-namespace --workspace "$T/template:/mnt"
	not_claimed "*rule landlock knows the directories *" --workspace "$T/source"
	claim
}

test_who_is_not_root_has_no_workspace_to_replace() {
	local option=()
	with_place
	late cat /mnt/file : pause
	if [[ $who == user ]]; then
		not_claimed "--workspace $T/source: only root can replace it" --workspace "$T/source"
		late echo source : pause
	else
		option=(--workspace "$T/source")
	fi
	claim "${option[@]}"
	says source
}

# ask ARG...: a request for the pool, whose answer is in $answer
ask() {
	jq -cn '{process: {args: (["/payload"] + $ARGS.positional), cwd: "/"}}' --args -- "$@" >&7
	read -r -t 30 answer <&8 || wrong "no answer of the pool" "$(<"$T/pool.err")"
}

# The example of contrib, with $1 waiting.
pool() {
	rm -f "$T/in" "$T/out"
	mkfifo "$T/in" "$T/out"
	(cd "$T" && NACRE_TEST=$T exec python3 "$tests/../contrib/pool/pool" --size "$1" --name "$id" \
		--nacre "$NACRE --root $ROOT" "$b" --profile agent) <"$T/in" >"$T/out" 2>"$T/pool.err" &
	background+=($!)
	exec 7>"$T/in" 8<"$T/out"
}

waiting() {
	nacre list --format json | jq -r --arg status "$1" '.[] | select(.status == $status).id'
}

test_a_pool_hands_out_containers_and_outlives_its_end() {
	local answer first
	needs_program python3 || return
	bundle echo own
	(umask 077 && mkdir -p "$ROOT") # `list` takes it for a mistake otherwise
	pool 3
	ask echo one : pause
	first=${answer% * ms}
	wait_for grep -qx one "$T/$id.log.d/$first"
	ask echo two
	wait_for grep -qx two "$T/$id.log.d/${answer% * ms}"
	ask
	# Words of a request do not say what has happened to a container.
	echo '{"process": {"args": ["/was claimed by a start that did not finish"], "cwd": "/"}}' >&7
	read -r -t 30 answer <&8
	has "$answer" "no such file or directory"
	echo '{"process": {"args": ["/payload"], "cwd": "/", "was claimed by a start that did not finish": 1}}' >&7
	read -r -t 30 answer <&8
	has "$answer" "can set only args, env and cwd"
	wait_for eval '(($(waiting created | wc -l) == 3))'
	kill -9 "${background[-1]}"
	wait "${background[-1]}" 2>/dev/null
	exec 7>&- 8<&-
	waiting created | sort >"$T/before"
	pool 4
	ask pause
	is "$(<"$T/pool.err")" "pool: took over 3 waiting containers, deleted 2 stopped ones" "what the second pool found"
	wait_for eval '(($(waiting created | wc -l) == 4))'
	is "$(waiting running | grep -cx "$first")" 1 "the container of the first pool"
	exec 7>&-
	wait "${background[-1]}"
	has_line "$(<"$T/pool.err")" "pool: 1 claims, median *.* ms, minimum *.* ms"
	is "$(waiting created)" "" "what waits once the pool has ended"
	is "$(waiting running | wc -l)" 2 "what runs on"
	exec 8<&-
}

all_tests "$@"
