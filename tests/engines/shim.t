#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell, or a logger's
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

# --- loggers ---

# PROGRAM: what reads a container's output at its fds 3 and 4, and closes 5 when it is ready
logger() {
	mkdir -p /run/logger
	printf '#!/bin/sh\n%s\n' "$1" >/run/logger/program
	chmod 755 /run/logger/program
}

# [FLAG...] -- COMMAND...
logged_by_program() {
	foreground --log-uri "binary:///run/logger/program?key=a%20value" \
		--mount type=bind,src=/run/logger,dst=/logger,options=rbind:ro "$@"
}

# It is ready before anything of the container begins, and has all of its output when that is deleted.
feature_logger_program() {
	logger 'sleep 0.5; echo "$#|$1|$2|$CONTAINER_ID|$CONTAINER_NAMESPACE" >/run/logger/began
		exec 5>&-; cat <&3 >/run/logger/out & cat <&4 >/run/logger/error; wait'
	logged_by_program -- sh -c 'cat /logger/began >&2; yes | head -n 100000; echo last'
	cat /run/logger/error
	md5sum </run/logger/out
	tail -n 1 /run/logger/out
	rm -r /run/logger
}

feature_logger_program_of_an_exec() {
	logger 'exec 5>&-; echo "$CONTAINER_ID" >>/run/logger/out; cat <&3 >>/run/logger/out'
	detached one -- sleep 100
	c tasks exec --exec-id first --log-uri binary:///run/logger/program one echo through
	remove one
	cat /run/logger/out
	rm -r /run/logger
}

feature_logger_program_on_a_terminal() {
	logger 'exec 5>&-; head -c 65536 <&3 >/run/logger/out'
	call_shim terminal_logger # ctr names no logger for a terminal
	remove one
	stat -c %s /run/logger/out
	rm -r /run/logger
}

# What then writes finds that nobody reads, where the Go shim of containerd 1.6 has it wait for ever.
feature_logger_program_that_ends() {
	logger 'exec 5>&-; read line <&3; echo "$line" >/run/logger/out'
	logged_by_program -- sh -c 'trap "" PIPE; echo first; while echo next; do sleep 0.1; done 2>/dev/null; exit 7'
	cat /run/logger/out
	rm -r /run/logger
}

feature_logger_program_missing() {
	foreground --log-uri binary:///missing -- true 2>&1 | grep -o 'status .*\|[Nn]o such file or directory' | sed 's/^N/n/'
	foreground --log-uri binary:///run -- true 2>&1 | grep -o 'status .*\|[Pp]ermission denied' | sed 's/^P/p/'
	ls /run/containerd/io.containerd.runtime.v2.task/default
}

feature_logger_file() {
	rm -rf /run/new
	foreground --log-uri 'file:///run/new/folder/a%20b.log?x=y' -- sh -c 'echo out; echo err >&2'
	foreground --log-uri 'file:///run/new/folder/a%20b.log' -- echo more
	find /run/new -printf '%M %s %p\n'
	sort '/run/new/folder/a b.log'
}

# A full disk loses lines and stops nobody; one that does not end when asked to is made to.
feature_loggers_that_are_stuck() {
	mkdir -p /run/small
	mount -t tmpfs -o size=64k tmpfs /run/small
	foreground --log-uri file:///run/small/log -- sh -c 'yes | head -n 1000000; exit 6'
	stat -c %s /run/small/log
	umount /run/small
	logger 'trap "" TERM; exec 5>&-; echo $$ >/run/logger/pid; exec sleep 1000'
	logged_by_program -- echo unread
	wait_until 20 is_gone "$(</run/logger/pid)"
	rm -r /run/logger
}

# Docker tells the driver by the cgroup's name alone. There is no systemd here.
feature_cgroup_of_systemd() {
	foreground --cgroup system.slice:test:one -- true 2>&1 | grep -o "systemd is not this host's init"
}

# what containerd itself does not do: shim_call.py SCENE
call_shim() {
	detached one -- sleep 10000
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

feature_terminal_with_large_output() {
	call_shim large_output
	remove one
}

feature_exec_deleted_with_its_container() {
	call_shim deletions
	wait_until 10 is_status one ''
	remove one
}

feature_end_while_an_exec_is_deleted() {
	call_shim end_meanwhile
	wait_until 10 is_status one ''
	remove one
}

feature_end_before_an_exec_fails() {
	call_shim end_before_start
	wait_until 10 is_status one ''
	remove one
}

feature_large_config() {
	call_shim large_config
	remove one
}

feature_input_closed_before_the_start() {
	call_shim early_close
	remove one
}

feature_usage_of_the_whole_container() {
	call_shim own_cgroup
	remove one
}

feature_reader_that_comes_late() {
	call_shim late_reader
	remove one
}

feature_hostile_fifos() {
	call_shim hostile_fifos
	remove one
}

# COUNT of them, or 300
feature_memory_of_execs() {
	call_shim execs
	remove one
}

feature_checkpoint_that_fails() {
	call_shim checkpoint
	remove one
}

feature_cgroup_of_the_shim() {
	call_shim shim_cgroup
	remove one
}

feature_create_without_client() {
	call_shim orphan
	remove one
}

feature_root_of_mapped_ids() {
	call_shim mapped_root
	remove one
}

feature_update() {
	call_shim update
	remove one
}

feature_exec_that_fails() {
	call_shim failure
	status_of one
	remove one
}

feature_exec_that_is_only_created() {
	call_shim created
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
