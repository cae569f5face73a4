#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# hook KIND SHELL: appends a hook that runs the shell text with the log in $LOG.
hook() {
	edit '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $text],
		env: ["LOG=" + $log, "PATH=/bin:/usr/bin"]}]' \
		--arg kind "$1" --arg text "$2" --arg log "$T/out.hooks"
}

test_all_six_run_in_order() {
	local kind
	bundle true
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "echo $kind >>\$LOG"
	done
	with_busybox || return
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo >$FILE"],
			env: ["FILE=/tmp/startContainer"]}]
		| .root.readonly = false'
	create
	is "$(tr '\n' ' ' <"$T/out.hooks")" "prestart createRuntime createContainer " "after create"
	absent "$b/rootfs/tmp/startContainer"
	start
	exists "$b/rootfs/tmp/startContainer"
	is "$(tail -1 "$T/out.hooks")" poststart "after start"
	wait_for status_is stopped
	delete
	is "$(tail -1 "$T/out.hooks")" poststop "after delete"
	is "$(wc -l <"$T/out.hooks")" 5 "number of hooks"
}

test_the_state_comes_on_stdin() {
	local kind pid
	bundle pause
	edit '.annotations = {key: "a/b"}'
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "cat >\$LOG.$kind"
	done
	create
	start
	pid=$(pid_of)
	good nacre delete --force "$id"
	for kind in prestart createRuntime createContainer poststart poststop; do
		out=$(<"$T/out.hooks.$kind")
		is "$(json .id)" "$id" "id for $kind"
		is "$(json .bundle)" "$b" "bundle for $kind"
		is "$(json .ociVersion)" 1.3.0 "version for $kind"
		has "$out" '"a/b"'
		is "$(wc -l <<<"$out")" 1 "lines for $kind"
	done
	is "$(jq -r '.status + " " + (.pid | tostring)' "$T/out.hooks.prestart")" "creating $pid"
	is "$(jq -r '.status + " " + (.pid | tostring)' "$T/out.hooks.createRuntime")" "creating $pid"
	is "$(jq -r .status "$T/out.hooks.createContainer")" creating
	is "$(jq -r '.status + " " + (.pid | tostring)' "$T/out.hooks.poststart")" "running $pid"
	is "$(jq -r .status "$T/out.hooks.poststop")" stopped
}

test_runtime_hooks_run_on_the_host_and_container_hooks_in_the_container() {
	bundle pause
	hook createRuntime 'readlink /proc/self/ns/mnt >$LOG.runtime'
	hook createContainer 'readlink /proc/self/ns/mnt >$LOG.container; pwd >>$LOG.container'
	create
	is "$(<"$T/out.hooks.runtime")" "$(readlink /proc/self/ns/mnt)" "createRuntime"
	# Until it runs its program only root may look at it.
	start
	is "$(head -1 "$T/out.hooks.container")" "$(readlink "/proc/$(pid_of)/ns/mnt")" \
		"createContainer"
}

test_several_hooks_of_a_kind_run_in_their_order() {
	bundle true
	hook prestart 'echo 1 >>$LOG'
	hook prestart 'echo 2 >>$LOG'
	hook prestart 'echo 3 >>$LOG'
	run
	is "$(tr -d '\n' <"$T/out.hooks")" 123
}

test_args_and_environment_are_those_of_the_config() {
	bundle true
	edit '.hooks.prestart = [{path: "/bin/sh", args: ["own-name", "-c", $text, "zero", "one"],
		env: ["A=1"]}]' --arg text "echo \$0 \$1; /usr/bin/env >$T/out.env"
	SECRET=of-the-host run
	grep -qx A=1 "$T/out.env" || wrong "A=1 is missing" "$(<"$T/out.env")"
	! grep -q -e SECRET -e NACRE "$T/out.env" || wrong "the environment leaked" "$(<"$T/out.env")"
}

test_a_failing_hook_stops_the_container_and_undoes_it() {
	local kind
	for kind in prestart createRuntime createContainer; do
		bundle create /tmp/ran
		edit '.root.readonly = false'
		hook "$kind" 'exit 3'
		run_refused "hooks: *: error running $kind hook #0: exit status 3*"
		absent "$b/rootfs/tmp/ran"
	done
}

test_what_a_failing_hook_said_is_in_the_error() {
	bundle true
	hook createRuntime 'echo "a sad story" >&2; exit 3'
	run_any
	is "$rc" 1 "exit code"
	has_line "$err" 'nacre: *error running createRuntime hook #0: exit status 3, stderr: "a sad story"'
}

# The stdio of run and start is the container's.
test_what_hooks_say_is_not_said_by_the_container() {
	local kind
	bundle echo from-the-container
	with_busybox || return
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" 'echo from-a-hook; echo from-a-hook >&2'
	done
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo from-a-hook; echo from-a-hook >&2"]}]'
	run
	is "$out" from-the-container stdout
	is "$err" "" stderr
	create
	good nacre start "$id"
	is "$out$err" "" "what start says"
	wait_for grep -qx from-the-container "$created_out"
	is "$(<"$created_out")" from-the-container
	hook createRuntime 'echo out of a hook; exit 3'
	good nacre delete --force "$id"
	run_refused '*exit status 3, stdout: "out of a hook", stderr: ""'
}

# A pipe that nobody reads any more ends who writes to it.
test_a_stdout_that_nobody_reads_fails_no_hook() {
	bundle true
	hook createRuntime 'echo said && echo ran >>$LOG'
	in_background silent_reader
	wait "${background[0]}"
	is "$(<"$T/out.hooks")" ran
	is "$(<"$T/out.code")" 0 "exit code"
}

silent_reader() {
	{
		sleep 0.3
		nacre run --profile "$profile" --bundle "$b" "$id"
		echo $? >"$T/out.code"
	} | true
}

test_a_failing_start_container_hook_stops_it() {
	bundle create /tmp/ran
	edit '.root.readonly = false
		| .hooks.startContainer = [{path: "/payload", args: ["payload", "exit", "4"]}]'
	create
	bad 1 "*startContainer hook*4*" nacre start "$id"
	wait_for status_is stopped
	absent "$b/rootfs/tmp/ran"
}

# runtime.md, Lifecycle 9 and 12
test_a_failing_poststart_hook_destroys_it() {
	bundle pause
	hook poststart 'exit 5'
	hook poststop 'echo poststop >>$LOG'
	create
	bad 1 "*poststart hook*5*" nacre start "$id"
	nothing_left
	is "$(<"$T/out.hooks")" poststop hooks
	run_refused "*poststart hook*5*"
}

# runtime.md, Lifecycle: what create has begun is destroyed as by delete.
test_a_create_that_fails_runs_poststop() {
	local stage
	for stage in prestart createRuntime createContainer; do
		bundle pause
		hook poststop 'echo poststop >>$LOG'
		create
		good nacre delete --force "$id"
		is "$(<"$T/out.hooks")" poststop "hooks without a failure"
		rm "$T/out.hooks"
		hook "$stage" 'exit 5'
		bad 1 "*$stage hook*5*" nacre create --profile oci --bundle "$b" "$id"
		is "$(cat "$T/out.hooks" 2>&1)" poststop "hooks after a failed $stage hook"
		rm "$T/out.hooks"
	done
}

test_hooks_that_the_record_alone_has_are_an_error() {
	local condition
	bundle pause
	for condition in 'hooks poststart' 'hooks poststop'; do
		doing "$condition"
		create
		record_filter '.conditions += [$condition]' --arg condition "$condition"
		[[ $condition == *stop ]] || bad 1 "*the record has hooks, and config.json has none" nacre start "$id"
		good nacre kill "$id" KILL
		wait_for status_is stopped
		[[ $condition == *start ]] || bad 1 "*the record has hooks, and config.json has none" nacre delete "$id"
		good nacre delete --force "$id"
	done
	has "$err" "poststop hooks and resctrl are left out"
	nothing_left
}

# They are those of the container that lives.
test_a_create_that_is_refused_for_its_id_runs_no_poststop() {
	bundle pause
	hook poststop 'echo poststop >>$LOG'
	good nacre run --detach --profile oci --bundle "$b" "$id"
	bad 1 "*container with given ID already exists: $id" \
		nacre run --detach --profile oci --bundle "$b" "$id"
	bad 1 "*container with given ID already exists: $id" \
		nacre create --profile oci --bundle "$b" "$id"
	absent "$T/out.hooks"
	is "$(state_of .status)" running status
	good nacre delete --force "$id"
	is "$(<"$T/out.hooks")" poststop "hooks of delete"
}

test_without_an_environment_a_hook_has_that_of_the_caller() {
	bundle true
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' \
		--arg text "echo \$OF_CALLER >$T/out.env"
	OF_CALLER=value run
	is "$(<"$T/out.env")" value
}

test_an_empty_environment_of_a_hook_is_empty() {
	local kind
	bundle true
	for kind in createRuntime poststop; do
		hook "$kind" "tr '\\0' '\\n' </proc/\$\$/environ >>$T/out.environment; echo end >>$T/out.environment"
		edit '.hooks[$kind][0].env = []' --arg kind "$kind"
	done
	OF_CALLER=value run
	is "$(xargs <"$T/out.environment")" "end end"
}

test_a_failing_poststop_hook_is_only_told() {
	bundle pause
	hook poststop 'exit 6'
	hook poststop 'echo second >>$LOG'
	create
	good nacre delete --force "$id"
	has "$err" "poststop hook"
	is "$(<"$T/out.hooks")" second
	nothing_left
}

test_a_hook_that_hangs_is_ended_at_its_timeout() {
	local begin=$SECONDS
	bundle true
	hook prestart 'sleep 60'
	edit '.hooks.prestart[0].timeout = 1'
	run_refused "*prestart hook*1 s*"
	((SECONDS - begin < 10)) || wrong "it took $((SECONDS - begin)) s"
}

# A server that a hook starts in the background is the host's.
test_what_a_hook_leaves_behind_goes_on() {
	bundle true
	hook createRuntime 'sleep 60 & echo $! >$LOG'
	run
	kill -KILL "$(<"$T/out.hooks")" || wrong "it has ended"
}

test_a_missing_or_relative_hook_is_refused() {
	bundle true
	edit '.hooks.prestart = [{path: "/no/such/hook"}]'
	run_refused "*prestart hook*/no/such/hook*No such file or directory"
	edit '.hooks.prestart = [{path: "bin/true"}]'
	run_refused '*hooks.prestart\[0].path*bin/true*'
	edit '.hooks.prestart = [{path: "/bin/true", timeout: 0}]'
	run_refused '*hooks.prestart\[0].timeout*'
}

test_no_fd_of_the_runtime_reaches_a_hook() {
	bundle true
	hook createRuntime 'ls -l /proc/self/fd >$LOG.runtime'
	hook createContainer 'ls -l /proc/self/fd >$LOG.container'
	run
	# stdin, stdout, stderr and the directory that ls reads
	doing "$(cat "$T/out.hooks.runtime" "$T/out.hooks.container")"
	is "$(grep -c -- '->' "$T/out.hooks.runtime")" 4 "createRuntime"
	is "$(grep -c -- '->' "$T/out.hooks.container")" 4 "createContainer"
}

test_a_hook_can_reach_the_network_namespace_of_the_pid() {
	needs_network_devices || return
	bundle cat /proc/net/dev
	hook createRuntime 'pid=$(sed "s/.*\"pid\":\([0-9]*\).*/\1/"); export PATH=$PATH:/sbin:/usr/sbin
		ip link add it'"$tag"' netns $pid type bridge'
	run
	has "$out" "it$tag"
}

test_start_container_hooks_have_the_environment_of_the_program() {
	bundle cat /tmp/environment
	with_busybox || return
	edit '.process.env += ["OF=the program"] | .root.readonly = false | .hooks.startContainer = [
		{path: "/bin/sh", args: ["sh", "-c", "echo $OF $HOME >/tmp/environment"]}]'
	run
	is "$out" "the program /root"
}

all_tests "$@"
