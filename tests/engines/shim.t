#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
#
# What containerd.t does with runc and nacre below containerd's own shim, with runc and with
# containerd-shim-nacre-v2: each feature prints the same.

# nobody has it open for a while, which is no end of it
feature_terminal_opened_again() {
	client_on_terminal "run --rm $(flags) -t $image one sh -c \
		'exec <&- >&- 2>&-; sleep 1; exec >/dev/console; echo back; exit 4'"
}

# without a pid namespace of its own an exec outlives the first process
feature_end_of_execs() {
	detached one --with-ns pid:/proc/1/ns/pid -- sleep 100
	c tasks exec --exec-id second --detach --log-uri file:///run/exec.log one sleep 100
	ctr events >/run/events &
	local listener=$!
	sleep 0.3
	c tasks kill --signal SIGKILL one
	wait_until 10 grep -q '/tasks/exit.*"id":"one"' /run/events
	wait_until 10 grep -q '/tasks/exit.*"id":"second"' /run/events
	kill "$listener"
	sed -n 's|.*/tasks/exit.*"id":"\([a-z]*\)".*|\1|p' /run/events
	remove one
}

# With an exec that is killed go all that it started, a daemon in a session of its own as well; what
# one leaves behind that ends by itself goes on.
feature_exec_tree() {
	local tree='setsid sleep 1111 & (setsid sleep 1112 &) ; exec sleep 1113'

	detached one --runtime io.containerd.nacre.v2 -- sleep 100
	c tasks exec --exec-id first --detach --log-uri file:///run/exec.log one sh -c "$tree"
	wait_until 10 runs 3 'sleep 111.'
	c tasks kill --signal SIGKILL --exec-id first one
	wait_until 10 runs 0 'sleep 111.'
	on_terminal "ctr tasks exec --exec-id second -t one sh -c '$tree'" >/dev/null &
	wait_until 10 runs 3 'sleep 111.'
	c tasks kill --signal SIGKILL --exec-id second one
	wait_until 10 runs 0 'sleep 111.'
	wait
	c tasks exec --exec-id third one sh -c 'sleep 1114 </dev/null >/dev/null 2>&1 &'
	wait_until 10 runs 1 'sleep 1114'
	echo "begun $(status_of one)"
	remove one
}

# COUNT REGEX
runs() {
	(($(pgrep -fc "^$2\$") == $1))
}

# what containerd itself does not do: shim_call.py SCENE
call_shim() {
	detached one -- sleep 100
	python3 /nacre/suite/shim_call.py \
		"$(cat /run/containerd/io.containerd.runtime.v2.task/default/one/address)" one "$1"
}

feature_call_with_a_limit() {
	call_shim limit
	remove one
}

feature_many_waits() {
	call_shim waits
	remove one
}

feature_terminal_read_late() {
	call_shim slow_reader
	remove one
}

feature_create_without_client() {
	call_shim orphan
	remove one
}

feature_exec_that_fails() {
	call_shim failure
	status_of one
	remove one
}

feature_start_while_deleted() {
	call_shim delete
	wait_until 10 is_status one ''
	remove one
}

# shellcheck source=SCRIPTDIR/containerd.t
. "$(dirname "$0")/containerd.t"
