#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nacre sandbox: a program of this machine, without an image.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the other integration tests
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

places=(--workspaces "$T/workspaces")

# project: a directory to work in, as $dir, in a home with secrets
project() {
	home=$T/home-$id dir=$T/home-$id/project
	mkdir -p "$dir" "$home/.ssh"
	echo secret >"$home/.ssh/id_ed25519"
	echo secret >"$home/.npmrc"
	echo content >"$dir/file"
	sleep 0.02 # a clock tick, so that it is older than the copy
}

# sandbox ARGS: in the project
sandbox() {
	(cd "$dir" && HOME=$home nacre sandbox --name "$id" "$@")
}

# inside TEXT [OPTION...]: what a shell prints there
inside() {
	local text=$1
	shift
	try sandbox "$@" -- /bin/sh -c "$text"
}

test_a_program_of_the_host_runs() {
	project
	good sandbox -- cat file
	is "$out" content
	inside 'pwd; echo "$HOME"; id -u'
	is "$out" "$dir"$'\n'"$home"$'\n'"$(id -u)"
	good sandbox --profile strict -- cat file
	is "$out" content
	lacks "$err" "does not allow"
	nothing_left
}

test_a_sandbox_in_a_sandbox_says_that_it_cannot_be() {
	local name command
	project
	(cd "$dir" && nacre spec) || wrong "no config"
	mkdir "$T/bin"
	cp "$NACRE" "$T/bin/nacre" || wrong "no nacre"
	ln "$T/bin/nacre" "$T/bin/bwrap" || wrong "no bwrap"
	for name in agent nested; do
		for command in "nacre sandbox -- true" "nacre run x" "bwrap --ro-bind / / true"; do
			inside "$T/bin/$command" --profile "$name" --read "$T/bin"
			((rc)) || wrong "$command ran in $name"
			has_line "$err" "*nacre was started in a sandbox or container whose seccomp filter refuses the calls that $(
				)mount (fsopen): start it outside, or run the command without it, confined by what is there already"
		done
	done
	nothing_left
}

# As after su, in cron and in a container: no variable, and no login that would have made /run/user/UID.
test_a_user_without_a_runtime_directory_has_a_place_in_tmp() {
	local uid=$((1700000000 + $$)) own
	[[ $who == root ]] || { host_lacks "another user, whom nobody knows"; return; }
	own=/tmp/nacre-$uid
	as_nobody_known() {
		env -i "PATH=$PATH" "NACRE_LIBEXECDIR=$NACRE_LIBEXECDIR" "HOME=$T/of-nobody" \
			setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
	}
	mkdir -p "$T/of-nobody/project" "$T/of-nobody/bin"
	cp "$NACRE" "$T/of-nobody/bin/nacre" && ln "$T/of-nobody/bin/nacre" "$T/of-nobody/bin/bwrap"
	chown -R "$uid:$uid" "$T/of-nobody"
	cd "$T/of-nobody/project" || exit
	good as_nobody_known ../bin/nacre sandbox --name "$id" --apply never -- sh -c 'echo made >made'
	good as_nobody_known ../bin/nacre workspace diff "$id"
	has "$out" "A  made"
	good as_nobody_known ../bin/nacre workspace discard "$id"
	is "$(stat -c %a:%u "$own" "$own/nacre")" $'700:'"$uid"$'\n1700:'"$uid" "mode and owner"
	try as_nobody_known ../bin/bwrap --ro-bind / / ls -A "$own/nacre" "$own/nacre-bwrap"
	has "$err" "'$own/nacre': No such file"
	has "$err" "'$own/nacre-bwrap': No such file"

	# Nor with another place now, and none of it is put there, by another name for what is hidden or at all.
	mkdir "$own/nacre/$id" "$T/of-nobody/run" && echo secret >"$own/nacre/$id/config.json"
	chown "$uid:$uid" "$own/nacre/$id" "$T/of-nobody/run"
	try as_nobody_known env XDG_RUNTIME_DIR="$T/of-nobody/run" \
		../bin/bwrap --ro-bind / / cat "$own/nacre/$id/config.json"
	has "$err" "$own/nacre/$id/config.json: No such file"
	bad 125 "*: $own is part of the state of containers*" as_nobody_known env XDG_RUNTIME_DIR="$T/of-nobody/run" \
		../bin/nacre sandbox --read "$own" -- true
	try as_nobody_known ../bin/bwrap --ro-bind / / --bind /tmp /tmp mv "$own" "$own-moved"
	has "$err" "Device or resource busy"
	rm -r "$own"
	bad 125 "*: /tmp contains *, part of the state of containers*" as_nobody_known \
		env XDG_RUNTIME_DIR="$T/of-nobody/run" ../bin/nacre sandbox --write /tmp -- true
	rmdir "$own"
	try as_nobody_known env XDG_RUNTIME_DIR="$T/of-nobody/run" \
		../bin/bwrap --ro-bind / / --bind /tmp /tmp mkdir -p "$own/nacre"
	is "$(ls -A "$own")" "" "what was put there"

	bad 1 "*the caller's uid is not mapped*" as_nobody_known unshare --user ../bin/nacre list
	chmod 770 "$own"
	bad 1 "*$own has the owner $uid and the mode 0770, not $uid and 0700*XDG_RUNTIME_DIR*--root*" \
		as_nobody_known ../bin/nacre list
	chmod 700 "$own" && chown 0:0 "$own"
	bad 125 "*$own has the owner 0 and the mode 0700*" as_nobody_known ../bin/nacre sandbox -- true
	mv "$own" "$T/moved" && chown "$uid:$uid" "$T/moved" && ln -s "$T/moved" "$own"
	bad 1 "*$own is not a directory*" as_nobody_known ../bin/nacre list
	rm -r "$own" "$T/moved"
	mkfifo "$own"
	bad 1 "*$own is not a directory*" as_nobody_known ../bin/nacre list
	rm "$own"
}

test_the_exit_status_is_the_program_s() {
	project
	for status in 0 1 42 255; do
		inside "exit $status"
		is "$rc" "$status" status
	done
	inside 'kill -9 $$'
	is "$rc" 137 "of SIGKILL"
	bad 127 '*exec: "no-such": executable file not found in $PATH' sandbox -- no-such
	bad 126 '*exec: "./file": permission denied' sandbox -- ./file
	bad 125 '*is the home*' eval 'cd "$home" && HOME=$home nacre sandbox -- true'
	bad 125 '*the working directory is /*' eval 'cd / && HOME=$home nacre sandbox -- true'
	bad 125 '*contains the home*' eval 'cd "$T" && HOME=$home nacre sandbox -- true'
	try sandbox --timeout 200ms -- sleep 60
	is "$rc" 124 "of a timeout"
	nothing_left
}

# What the program cannot see: each line a shell command that must print nothing.
test_there_is_nothing_of_the_host_but_the_list() {
	project
	inside "cat file /etc/passwd | head -n 1; ls /"
	has_line "$out" content "what is there"
	read -r -d '' escapes <<-END
		cat $home/.ssh/id_ed25519 $home/.npmrc
		cat /etc/shadow /etc/gshadow /etc/sudoers /etc/machine-id /etc/ssh/sshd_config
		ls -A /root | grep -v '^${home##*/}$' | grep -v it-
		ls -A /home
		ls -A /run
		ls -A /var
		ls -A /sys
		ls -A /boot
		ls -A /srv
		ls -A /etc/ssl/private
		ls -A /tmp | grep -v -e '^it-' -e '^as-'
		ls -A $T | grep -v '^home-$id\$'
		ls -A $home | grep -v '^project\$'
		cat /proc/1/environ
		ls /proc | grep '^[0-9]*\$' | grep -v '^[1-9]\$' | grep -v '^[1-9][0-9]\$'
		cat /proc/kcore /proc/keys /proc/kallsyms | head -c 1
		env | grep -e SECRET -e TOKEN -e LD_ -e SSH_ -e DBUS_ -e XDG_ -e DISPLAY -e NACRE_TEST
		ls -A /dev | grep -e sd -e nvme -e vd -e kmsg -e mem -e kvm -e fuse -e tun
		cat /proc/net/unix | tail -n +2 | grep @
		grep -v -e 0000000000000000 -e CapInh /proc/self/status | grep ^Cap
		grep NoNewPrivs:.*0 /proc/self/status
		grep Seccomp:.*0 /proc/self/status
		find / -xdev -perm -4000 2>/dev/null | grep -v ^/usr
		echo x >>/usr/bin/x
		echo x >>/etc/passwd
		echo x >/x
		mount -t tmpfs tmpfs /tmp && echo mounted
		unshare -Ur true && echo unshared
		cat /proc/net/dev | tail -n +3 | grep -v lo:
	END
	while read -r escape; do
		doing "$escape"
		DBUS_SESSION_BUS_ADDRESS=unix:path=/run/bus SSH_AUTH_SOCK=/run/agent A_TOKEN=x A_SECRET=x \
			inside "($escape) 2>/dev/null"
		is "$out" '' "$escape"
	done <<<"$escapes"
	nothing_left
}

# What the host mounts there later would be without the flags.
test_a_later_mount_of_the_host_does_not_arrive() {
	needs_root || return
	project
	mkdir -p "$T/shared" "$T/w"
	try unshare --mount --propagation private sh -c 'cd "$0" && mount -t tmpfs tmpfs shared &&
		mount --make-shared shared && mkdir shared/later || exit
		(cd "$1" && exec "$2" --root "$3" sandbox --name "$4" --apply never --read "$0/shared" \
			--write "$0/w" -- sh -c "cd $0; touch w/ready
				until [ -e w/go ]; do sleep 0.02; done; echo x >shared/later/file") &
		i=0; until [ -e w/ready ] || [ $((i += 1)) -gt 500 ]; do sleep 0.02; done
		mount -t tmpfs later shared/later && touch w/go || exit
		wait $!
		ls -A shared/later' "$T" "$dir" "$NACRE" "$ROOT" "$id"
	is "$out" '' "what was written"
	has "$err" "shared/later/file: Read-only file system"
	nothing_left
}

# However it is written.
test_a_home_is_refused_by_what_it_is() {
	local written
	project
	ln -s "${home##*/}" "$T/link-$id"
	for written in "$T/link-$id" "$T//${home##*/}" "$T/./${home##*/}/" "$T/x/../${home##*/}"; do
		bad 125 "* home directory $home*" eval 'cd "$home" && HOME=$written nacre sandbox -- true'
	done
	mkdir "$home/.ssh/keys"
	bad 125 "*not of a project: if you mean it, name it with --workspace*" \
		eval 'cd "$home/.ssh/keys" && HOME=$home nacre sandbox -- true'
}

test_a_symlink_of_the_project_leads_nowhere_else() {
	project
	ln -s ../.ssh "$dir/build"
	for option in --read --write --workspace; do
		bad 125 "$option *build: a symlink leads to $home/.ssh: name that, if it is meant" sandbox "$option" build -- true
	done
	bad 125 "--write $dir/build: a symlink *" sandbox --write "$dir/build" -- true
	ln -s "${home##*/}" "$T/link-$id"
	bad 125 "--write $T/link-$id/project/build: a symlink *" sandbox --write "$T/link-$id/project/build" -- true
	good sandbox --read "$T/link-$id/project/file" --read "$T/link-$id/project/../.npmrc" -- true
	ln -s file "$dir/alias"
	inside 'cat alias' --read alias
	is "$out" content "one within it"
}

test_what_is_hidden_is_so_under_each_name() {
	project
	echo secret >"$dir/.env"
	inside 'cat /w/.env; cat /w/file' --workspace .:/w --hide .env
	is "$out" content "in another place"
	inside 'cat .env; cat file' --hide .env
	is "$out" content "in the same"
}

# What is hidden may be shown by a path of the host that leads there.
test_what_a_symlink_of_the_host_shows_is_hidden() {
	local hidden cat
	needs_root || return
	project
	mkdir -p "$T/etc" "$T/run"
	echo secret >"$T/run/resolv.conf"
	echo 127.0.0.1 localhost >"$T/hosts"
	cp -a /etc/passwd /etc/group "$T/etc"
	ln -s "$T/run/resolv.conf" "$T/etc/resolv.conf"
	ln "$T/run/resolv.conf" "$T/etc/hosts"
	for hidden in /etc/resolv.conf "$T/run/resolv.conf" "$T/run" /etc; do
		cat='cat /etc/resolv.conf /etc/hosts'
		[[ $hidden != "$T/run" ]] || cat='cat /etc/resolv.conf'
		try unshare --mount --propagation private sh -c 'mount --bind "$0/etc" /etc && cd "$1" &&
			exec "$2" --root "$3" sandbox --name "$4" --apply never --egress 192.0.2.1:1 --hide "$5" -- sh -c "$6"' \
			"$T" "$dir" "$NACRE" "$ROOT" "$id" "$hidden" "$cat"
		is "$out" '' "$hidden"
		[[ $hidden == /etc ]] || is "$rc" 0 "status with $hidden ($err)"
	done
	bad 125 "--hide $home: $dir lies in it, which is to be shown on /w" sandbox --workspace .:/w --hide "$home" -- true
}

# A repository has protected names, each a mount in a root that is a tmpfs.
test_a_directory_is_written_to_at_once() {
	project
	mkdir -p "$dir/.git/hooks" "$dir/.vscode"
	inside 'echo new >file; echo x >.git/hooks/pre-commit' --workspace .:direct
	is "$(<"$dir/file")" new "the file"
	has "$err" "Read-only file system"
	[[ ! -e $dir/.git/hooks/pre-commit ]] || wrong "a hook was written"
}

test_nothing_is_left_where_the_store_cannot_be_made() {
	project
	: >"$T/no-store"
	places=(--workspaces "$T/no-store/x")
	try sandbox -- true
	is "$rc" 125 "the status: $err"
	places=(--workspaces "$T/workspaces")
	nothing_left
}

test_it_ends_with_its_caller() {
	local pid program
	project
	(cd "$dir" && HOME=$home nacre_direct sandbox --name "$id" -- sh -c 'trap "" HUP INT TERM; while :; do sleep 1; done') &
	pid=$!
	wait_for is_running
	program=$(state_of .pid)
	kill -KILL "$pid"
	wait "$pid"
	wait_for has_ended "$program"
	good nacre delete --force "$id"
}

test_pid_1_is_not_the_program_s_to_stop() {
	needs_program python3 || return
	project
	inside 'python3 -c "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.ptrace(16, 1, 0, 0), os.strerror(ctypes.get_errno()))
os.kill(1, 19)
try: open(\"/proc/1/environ\").read()
except OSError as error: print(error.strerror)
"'
	is "$rc" 0 "$err"
	has "$out" "-1 Operation not permitted"
	has "$out" "Permission denied"
}

test_only_listed_and_named_variables_come_along() {
	project
	A_TOKEN=token LANG=de_DE TERM=dumb inside 'env | grep -e TOKEN -e LANG -e TERM -e GIVEN | sort' \
		--env A_TOKEN -e GIVEN=value -e TERM=other
	is "$out" $'A_TOKEN=token\nGIVEN=value\nLANG=de_DE\nTERM=other'
	bad 125 '--env NOT_THERE: the variable is not set in the environment of nacre*' sandbox --env NOT_THERE -- true
}

test_paths_are_shown_and_hidden_by_name() {
	project
	mkdir -p "$T/data" "$T/log" "$dir/hidden"
	echo data >"$T/data/file"
	echo x >"$dir/hidden/file"
	inside "cat $T/data/file; echo x 2>/dev/null >>$T/data/file || echo read-only; echo x >$T/log/file; ls hidden" \
		--read "$T/data" --write "$T/log" --hide "$dir/hidden"
	is "$out" $'data\nread-only'
	is "$(<"$T/log/file")" x "what was written"
	bad 125 "--read $T/none: No such file or directory" sandbox --read "$T/none" -- true
	bad 125 "--write $dir: the sandbox has a copy of the working directory: give --workspace $dir:direct to *" \
		sandbox --write . -- true
}

# Its mount is the host's, which lets it be opened again for writing: only Landlock refuses that. Where it is the rest
# of a shell's program, what is written would run outside.
test_a_file_on_stdin_can_only_be_read() {
	local abi input=$T/input-$id
	abi=$(nacre check --format json | jq .host.landlockAbi)
	((abi >= 3)) || { host_lacks "Landlock ABI 3 is absent: $abi"; return; }
	project
	echo content >"$input"
	inside 'cat; echo 1 1<>/proc/self/fd/0; echo 2 >>/dev/stdin; truncate -s 0 /proc/self/fd/0; echo said >>/dev/stdout' \
		--apply discard
	has_line "$out" content
	has_line "$out" said
	is "$(<"$input")" content "the file"
	inside '/usr/bin/python3 -c "import socket; own = socket.create_server((\"127.0.0.1\", 0))
socket.create_connection(own.getsockname()); print(\"served\")"' --apply discard
	is "$out" served "TCP inside: $err"
	printf '%s\n' '"$@"' 'exit 3 # and nothing more' >"$input"
	try sandbox_from_stdin --apply discard -- /bin/sh -c 'printf "12345echo escaped; exit 4 #" 1<>/proc/self/fd/0'
	is "$rc" 3 "$out$err"
	lacks "$out" escaped
	nothing_left
}

# sandbox_from_stdin ARGS: as sandbox, by a shell whose program is its stdin
sandbox_from_stdin() {
	(cd "$dir" && HOME=$home NACRE_TEST=$T bash -s "$NACRE" --root "$ROOT" "${places[@]}" sandbox --name "$id" "$@")
}

# opened again, stdin is a pipe of the program's own. Then the shell reads on.
test_what_a_program_writes_to_a_pipe_on_stdin_is_read_by_nobody() {
	project
	cat >"$dir/write.py" <<-'END'
		import os, sys
		os.read(0, int(sys.argv[1]))
		os.write(os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK), b"echo escaped\n")
	END
	input=$T/script-$id
	printf '%s\n' 'PATH=$PATH "$@" || echo failed' 'echo after' >"$input"
	needs_program /usr/bin/python3 || return
	try by_pipe bash -s /usr/bin/python3 write.py 1000
	is "$out" escaped "without a sandbox, where it has read the rest"
	try by_pipe sandbox_from_stdin --apply discard -- /usr/bin/python3 write.py 1000
	lacks "$out" escaped
	lacks "$out" failed
	is "$rc" 0 "in a sandbox: $err"
	try by_pipe sandbox_from_stdin --apply discard -- /usr/bin/python3 write.py 0
	is "$out" $'failed\nafter' "where its pipe is full: $err"
	nothing_left
}

# by_pipe COMMAND...: with $input and a pipe as stdin, which lasts a little longer
by_pipe() {
	(cat "$input"; sleep 0.5) | (cd "$dir" && "$@")
}

test_a_program_takes_from_a_pipe_what_it_reads() {
	project
	try from_lines 'cat >copy; sha256sum <copy' cat
	is "$out" "$(seq 20000 | sha256sum)" "all: $err"
	try from_lines 'read -r line; echo "$line"; read -r line; echo "$line"' head -n 2
	is "$out" $'1\n2\n3\n4' "two lines: $err"
	try from_lines true head -n 1
	is "$out" 1 "nothing: $err"
	try from_lines 'exec 0<&-; sleep 0.2' head -n 1
	is "$out" 1 "closed: $err"
	input=$T/empty-$id
	: >"$input"
	try by_pipe sandbox --apply discard -- cat
	is "$rc:$out" 0: "an end of file"
	nothing_left
}

# from_lines TEXT COMMAND...: shell program TEXT in a sandbox reads 20,000 lines of a pipe, and then COMMAND does
from_lines() {
	seq 20000 | {
		sandbox --apply discard -- /bin/sh -c "$1"
		"${@:2}"
	}
}

# splice(2) to a full socket holds the lock of the pipe, until a signal comes.
test_a_program_that_locks_its_pipe_is_ended_by_the_timeout() {
	project
	cat >"$dir/lock.py" <<-'END'
		import ctypes, fcntl, signal, socket
		signal.signal(signal.SIGALRM, lambda *_: print("late", flush=True))
		signal.alarm(20)
		one, other = socket.socketpair()
		one.setblocking(False)
		try:
		    while True:
		        one.send(bytes(4096))
		except BlockingIOError:
		    one.setblocking(True)
		fcntl.fcntl(0, 1031, 65536)  # F_SETPIPE_SZ
		ctypes.CDLL(None).splice(0, None, one.fileno(), None, ctypes.c_size_t(65536), 0)
	END
	needs_program /usr/bin/python3 || return
	try slowly sandbox --timeout 3s --apply discard -- /usr/bin/python3 lock.py
	is "$rc:$out" 124: "$err"
	nothing_left
}

# slowly COMMAND...: with a pipe as stdin that gets a line each 0.1 s
slowly() {
	for _ in {1..50}; do echo line; sleep 0.1; done 2>/dev/null | "$@"
}

test_a_directory_on_stdin_is_refused() {
	local input=$T
	project
	inside 'cat /proc/self/fd/0/home*/.npmrc; echo ran'
	is "$rc" 125
	is "$out" ''
	has "$err" "stdio 0 is a directory"
	nothing_left
}

test_no_path_holds_the_workspaces() {
	project
	[[ -d $T/workspaces ]] || mkdir -m 700 "$T/workspaces"
	for option in --read --write; do
		bad 125 "*$T/workspaces is part of the state of containers*" sandbox "$option" "$T/workspaces" -- true
		bad 125 "*$T contains $T/*, part of the state of containers*" sandbox "$option" "$T" -- true
	done
	nothing_left
}

test_what_it_changes_waits_for_a_person() {
	project
	inside 'echo changed >file; echo new >new; mkdir -p .vscode; echo x >.vscode/tasks.json'
	has "$err" "workspace of $id kept: nacre workspace diff $id"
	is "$(<"$dir/file")" content "before it is applied"
	good nacre workspace diff "$id"
	has_line "$out" "M  file"
	has_line "$out" "A  new"
	try nacre workspace apply "$id"
	is "$rc" 1 "with a protected name"
	is "$(<"$dir/file") $(<"$dir/new")" "changed new" "after"
	[[ ! -e $dir/.vscode ]] || wrong "a protected name was applied"
	good nacre workspace discard "$id"
}

test_changes_are_applied_at_once_or_asked_for() {
	project
	inside 'echo changed >file' --apply all
	is "$rc $(<"$dir/file")" "0 changed" all
	good nacre workspace list
	lacks "$out" "$id"
	inside 'echo again >file; exit 3' --apply never
	is "$rc $(<"$dir/file")" "3 changed" never
	good nacre workspace discard "$id"
	echo y >"$T/answer"
	input=$T/answer inside 'echo asked >file' --apply ask
	is "$rc $(<"$dir/file")" "0 asked" "yes"
	printf 'x\np\nd\n' >"$T/answer"
	input=$T/answer inside 'echo not >file' --apply ask
	is "$rc $(<"$dir/file")" "0 asked" "discard"
	has_line "$err" "+not"
	inside 'echo gone >file; exit 4' --apply discard
	is "$rc $(<"$dir/file")" "4 asked" "thrown away"
	lacks "$err" "$id"
	inside 'true' --apply discard
	is "$rc" 0 "nothing to throw away: $err"
	lacks "$err" review
	inside 'true' --apply all
	is "$rc $out" "0 " "nothing changed"
	lacks "$err" digest
	nothing_left
}

# at_terminal EARLY ANSWERS TEXT [OPTION...]: types the line EARLY while the shell program TEXT runs, and of
# the ANSWERS one a question. What the terminal got is in $shown. With $behind its stdout is no terminal.
at_terminal() {
	local early=$1 answers=$2 text=$3 keys=$T/keys-$id questions=0
	shift 3
	shown=$T/shown-$id
	rm -f "$keys"
	: >"$shown"
	mkfifo "$keys" || wrong mkfifo
	(cd "$dir" && HOME=$home NACRE_TEST=$T exec timeout 60 "$PEER" pty 24 80 sh -c "\"\$@\" $behind" - \
		"$NACRE" --root "$ROOT" "${places[@]}" sandbox --name "$id" "$@" -- /bin/sh -c "$text") \
		<"$keys" >>"$shown" 2>&1 &
	exec 7>"$keys"
	wait_for grep -q ready "$shown"
	[[ -z $early ]] || echo "$early" >&7
	for answer in $answers; do
		((++questions))
		wait_for is_asked
		echo "$answer" >&7
	done
	wait $!
	rc=$?
	exec 7>&-
}

is_asked() {
	[[ $(grep -o 'show the \[p\]atch: ' "$shown" | wc -l) == "$questions" ]]
}

test_what_is_typed_for_the_program_answers_no_question() {
	project
	behind='| cat'
	at_terminal y 'yesterday discard' 'echo "ready [y/n]" >&2; sleep 2; echo changed >file' \
		--apply ask
	is "$(<"$dir/file")" content "after an answer that was typed before the question"
	behind=''
	at_terminal y yes 'echo ready; sleep 2; echo changed >file'
	is "$(<"$dir/file")" changed "after an answer"
	nothing_left
}

test_a_question_can_be_left_by_control_c() {
	project
	behind=''
	at_terminal '' $'\003' 'echo ready; echo changed >file'
	is "$rc" 130 "of SIGINT"
	is "$(<"$dir/file")" content "after no answer"
	good nacre workspace discard "$id"
}

# A pipe may hold what hides the question.
test_nobody_is_asked_where_stdout_is_no_terminal() {
	project
	behind='| cat'
	at_terminal '' '' 'echo ready >&2; echo changed >file'
	has "$(<"$shown")" "workspace of $id kept"
	lacks "$(<"$shown")" "apply these"
	good nacre workspace discard "$id"
}

test_the_list_is_seen_whatever_the_program_wrote() {
	project
	behind=''
	at_terminal '' d 'echo changed >file; printf "ready\\033[24;24r\\033[8m\\033[?1049h\\033]"'
	sequences=$'\030\033\\\\*\0337\033[[]r\0338\033[[]!p*\033[[]0m*\033[[]J\r'
	[[ $(<"$shown") == *$'\033[?1049h\033]'*$sequences*'M  file'*'apply these'* ]] ||
		wrong "no reset before the list" "$(cat -v "$shown")"
	nothing_left
}

test_the_mode_of_the_terminal_is_restored() {
	project
	needs_program stty || return
	behind='2>&1 | cat >/dev/null; stty -a; true'
	at_terminal '' '' 'stty -echo -icanon <&0; stty -a <&0 >now; echo ready >/proc/self/fd/0'
	has "$(<"$shown")" " icanon"
	has "$(<"$shown")" " echo "
	good nacre workspace discard "$id"
}

# sudo(8) and others could not open it any more, and what reads from it would fail with EAGAIN.
test_the_terminal_is_neither_exclusive_nor_non_blocking_afterwards() {
	project
	needs_program /usr/bin/python3 || return
	cat >"$dir/terminal.py" <<-'END'
		import fcntl, os, struct, sys, termios
		flags = fcntl.fcntl(0, fcntl.F_GETFL)
		if sys.argv[1] == "inside":
		    fcntl.ioctl(0, termios.TIOCEXCL)
		    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_NONBLOCK)
		    flags = fcntl.fcntl(0, fcntl.F_GETFL)
		exclusive, = struct.unpack("i", fcntl.ioctl(0, 0x80045440, bytes(4)))  # TIOCGEXCL
		print(sys.argv[1], bool(exclusive), bool(flags & os.O_NONBLOCK))
	END
	behind='2>&1 | cat >/dev/null; /usr/bin/python3 terminal.py outside'
	at_terminal '' '' 'exec 3>/proc/self/fd/0; /usr/bin/python3 terminal.py inside >&3; echo ready >&3'
	has "$(<"$shown")" "inside True True"
	has "$(<"$shown")" "outside False False"
}

test_limits_are_those_that_are_asked_for() {
	project
	inside 'df --output=size -B1 /tmp "$HOME" | tail -n +2 | xargs' --tmp 8M
	is "$out" "8388608 8388608" "--tmp"
	for option in --memory=x --tmp=1y --cpus=a --cpus=0; do
		bad 125 "${option%=*}: expected *" sandbox "$option" -- true
	done
	bad 125 "*pids*" sandbox --pids many -- true
	bad 125 "*unknown option --non*see nacre help sandbox" sandbox --non -- true
	bad 125 "sandbox: a command is missing*" sandbox
	needs_controller pids || return
	inside 'i=0; while [ $((i += 1)) -le 9 ]; do sleep 1 & done; echo all' --pids 5
	is "$out" '' "what comes behind"
	has "$err" fork
	inside 'i=0; while [ $((i += 1)) -le 9 ]; do sleep 1 & done; echo all' --pids 20
	is "$out" all "with room for them: $err"
}

# without_cgroup TEXT [OPTION...]: what a shell prints there
without_cgroup() {
	local text=$1
	shift
	try no_cgroup sandbox "$@" -- /bin/sh -c "$text"
}

test_without_a_cgroup_limits_are_those_of_processes() {
	local outside
	[[ $who == user ]] || { host_lacks "$who has a cgroup"; return; }
	project
	without_cgroup 'ulimit -d; ulimit -u 2>/dev/null || ulimit -p'
	is "$rc $out" $'0 unlimited\n512' "where nothing is asked for: $err"
	has "$err" 'no limits but of processes (RLIMIT_NPROC), no device filter'
	is "$(grep -c . <<<"$err")" 1 "lines of warning"
	# Those outside do not count.
	for outside in {1..12}; do
		in_background sleep 60
	done
	without_cgroup 'i=0; while [ $((i += 1)) -le 6 ]; do sleep 60 & done; echo all' --pids 12
	is "$out" all "as many as are allowed: $err"
	without_cgroup 'i=0; while [ $((i += 1)) -le 12 ]; do sleep 60 & done; echo all' --pids 12
	is "$out" '' "one too many"
	has "$err" fork
	without_cgroup 'head -c 20000000 /dev/zero | tail -n 1 | wc -c; head -c 90000000 /dev/zero | tail -n 1 | wc -c' --memory 64M
	is "$out" $'20000000\n0' "--memory"
	has "$err" 'no limits but of processes (RLIMIT_NPROC) and of the memory of each alone (RLIMIT_DATA), no'
	bad 125 '--cpus: only a cgroup can limit CPU time, and nacre cannot use one: cgroup *: Permission denied' \
		no_cgroup sandbox --cpus 1 -- true
	bad 125 'linux.resources.pids.limit needs a cgroup, and there is none: --cgroup-manager disabled' \
		eval 'places+=(--cgroup-manager disabled); sandbox --pids 5 -- true'
	nothing_left
}

# settings TEXT: a settings file, as $T/settings
settings() {
	printf '%s\n' "$1" >"$T/settings"
}

test_options_can_come_from_a_file() {
	project
	mkdir "$T/data"
	echo data >"$T/data/file"
	settings '{"version": 1, "read": ["'"$T/data"'"], "env": ["A=file", "B=file"], "timeout": "1m", "tmp": "8M"}'
	inside "cat $T/data/file; echo \$A \$B; df --output=size -B1 /tmp | tail -n +2 | xargs" \
		--settings "$T/settings" -e A=line --tmp 16M
	is "$rc $out" $'0 data\nline file\n16777216' "with the command line's: $err"
	settings '{"version": 1, "timeout": "200ms"}'
	try sandbox --settings "$T/settings" -- sleep 60
	is "$rc" 124 "of its timeout"
	settings '{"version": 1, "apply": "all"}'
	inside 'echo changed >file' --settings "$T/settings"
	is "$rc $(<"$dir/file")" "0 changed" "its apply"
	nothing_left
}

test_settings_that_are_wrong_are_told_with_their_place() {
	local text
	project
	settings $'{"version": 1,\n"memories": "1G"}'
	bad 125 "$T/settings:2: memories: is not known*valid are version, *memory*" \
		sandbox --settings "$T/settings" -- true
	for text in '"memory": "x"' '"cpus": "x"' '"tmp": "x"' '"timeout": "x"' '"read": [""]' '"pids": 9999999'; do
		settings "{\"version\": 1, $text}"
		text=${text#\"}
		bad 125 "$T/settings: --${text%%\"*}: *" sandbox --settings "$T/settings" -- true
	done
	settings '{"version": 1, "memory": "1G", "pids": 5, "tmp": "8M"}'
	for text in memory pids tmp; do
		bad 125 "*--$text: expected *, found \"0\"*" sandbox --settings "$T/settings" "--$text" 0 -- true
	done
	settings '{"version": 1, "read": ["'"$T/none"'"]}'
	bad 125 "--read $T/none: No such file or directory" sandbox --settings "$T/settings" -- true
	bad 125 "--settings: open $T/none: No such file or directory" sandbox --settings "$T/none" -- true
}

test_settings_are_printed_as_they_hold() {
	project
	good sandbox --print-settings
	is "$(jq -c . <<<"$out")" '{"version":1,"egress":["none"],"tmp":"1G"}' "without any"
	good sandbox --print-settings --profile strict --read /srv -e A=b --pids 5 --timeout 90s --memory 1G -- true
	is "$(jq -c . <<<"$out")" '{"version":1,"profile":"strict","egress":["none"],"read":["/srv"],"env":["A=b"],"timeout":"90000ms","memory":"1G","pids":5,"tmp":"1G"}' "all"
	settings "$out"
	good sandbox --settings "$T/settings" --print-settings
	is "$out" "$(<"$T/settings")" "again"
	good sandbox --settings "$T/settings" --print-settings --read /opt --pids 7 --egress a.example
	is "$(jq -c '[.read, .pids, .egress]' <<<"$out")" '[["/srv","/opt"],7,["a.example"]]' "with others"
	nothing_left
}

test_a_terminal_can_be_asked_for() {
	project
	input=/dev/null inside '[ -t 0 ] && [ -t 1 ] && tty' -t
	is "$rc ${out%%$'\r'*}" "0 /dev/pts/0" "with -t: $err"
	input=/dev/null inside '[ -t 0 ] || [ -t 1 ] || echo none'
	is "$rc $out" "0 none" "without"
}

# What fails first in a sandbox is what it has not: nothing of that is counted.
test_a_program_that_failed_is_told_what_it_had_not() {
	local view='saw only its workspaces, and what --read, --write and --env show of your files and variables'
	project
	behind=''
	at_terminal '' '' 'echo ready; exit 3'
	has "$(<"$shown")" "container $id had no network (--egress NAME), and $view"
	lacks "$(<"$shown")" config.json
	at_terminal '' '' 'echo ready; exit 3' --egress 192.0.2.1:443
	has "$(<"$shown")" "container $id $view"
	at_terminal '' '' 'echo ready'
	lacks "$(<"$shown")" 'saw only'
	inside 'exit 3'
	lacks "$err" 'saw only'
	id+=-$(printf %0180d 0)
	at_terminal '' '' 'echo ready; exit 3'
	has "$(<"$shown")" "container $id had no network (--egress NAME), and $view"
}

# Before the question it would be noise, and after yes or discard wrong.
test_what_is_kept_is_told_after_the_question() {
	project
	behind=''
	at_terminal '' k 'echo ready; echo changed >file'
	[[ $(<"$shown") == *'show the [p]atch: '*"workspace of $id kept: nacre workspace diff $id"* ]] ||
		wrong "not after the answer" "$(cat -v "$shown")"
	is "$(grep -c ' kept: ' "$shown")" 1 "times"
	good nacre workspace discard "$id"
	for answer in d y; do
		at_terminal '' "$answer" 'echo ready; echo changed >file'
		lacks "$(<"$shown")" ' kept: '
	done
	inside 'mkdir .vscode; echo x >.vscode/tasks.json' --apply all
	has "$err" "workspace of $id kept"
	good nacre workspace discard "$id"
	nothing_left
}

# on_terminal COMMAND...: what the terminal gets, as $shown
on_terminal() {
	shown=$T/shown-$id
	NACRE_TEST=$T "$PEER" pty 24 80 "$@" <"/dev/null" >"$shown" 2>&1
}

test_progress_and_colours_are_for_a_terminal_alone() {
	needs_strace || return
	project
	slow=(strace -f -qq -o /dev/null -e trace=openat2 -e inject=openat2:delay_enter=20000)
	apply=("$NACRE" --root "$ROOT" "${places[@]}" workspace apply "$id")
	inside 'i=0; while [ $((i += 1)) -le 60 ]; do echo $i >new$i; done'
	TERM=xterm NO_COLOR='' on_terminal "$NACRE" --root "$ROOT" "${places[@]}" workspace diff "$id"
	has "$(<"$shown")" $'\033[32mA  new1\033[0m'
	TERM=xterm NO_COLOR=1 on_terminal "$NACRE" --root "$ROOT" "${places[@]}" workspace diff "$id"
	has "$(<"$shown")" 'A  new1'
	lacks "$(<"$shown")" $'\033'
	good nacre workspace diff "$id"
	lacks "$out" $'\033'
	TERM=dumb on_terminal "${slow[@]}" "${apply[@]}"
	[[ $(<"$shown") == *$'\rapplying '*' of 60'*$'\r\033[K'*'A  new1'* ]] || wrong "no progress" "$(cat -v "$shown")"
	(($(grep -o applying "$shown" | wc -l) < 60)) || wrong "for each change"
	good nacre workspace undo "$id"
	try "${slow[@]}" "${apply[@]}"
	lacks "$out$err" applying
	good nacre workspace discard "$id"
}

manual=$(dirname "$0")/../../runtime/nacre-sandbox.1

# With another program behind them.
test_the_examples_of_the_manual_run() {
	local line n=0
	project
	mkdir -p "$home/.cargo" "$home/.cache/ccache"
	while read -r line; do
		doing "$line"
		((++n))
		[[ $line != *' -- '* ]] || line="${line%% -- *} -- true"
		try eval "cd $dir && HOME=$home && API_KEY=x && export API_KEY && $line"
		is "$rc" 0 "$line: $err"
	done < <(sed -n '/^\.Sh EXAMPLES/,$ { s/^\.Dl //; s/\\-/-/g; /^nacre sandbox/p }' "$manual")
	((n >= 7)) || wrong "examples: $n"
	sed -n '/^{"version/,/^\.Ed/ { /^\.Ed/d; p }' "$manual" >"$T/settings"
	good sandbox --settings "$T/settings" --print-settings
	is "$(jq -c '[.memory, .timeout, .read, .egress]' <<<"$out")" \
		'["2G","1800000ms",["/srv/data"],["registry.npmjs.org"]]' "settings of the manual"
	nothing_left
}

# Those of a single run apart.
test_each_option_can_stand_in_a_file() {
	local options
	project
	settings '{"version": 1, "x": 1}'
	bad 125 '*valid are version,*' sandbox --settings "$T/settings" -- true
	options=$(nacre help sandbox | sed -n 's/^ *\(-[a-z], \)\{0,1\}--\([a-z-]*\).*/\2/p' |
		grep -vxE 'settings|print-settings|name|receipt|tty')
	is "$(tr -d , <<<"${err##*valid are version,}" | xargs -n 1 | sort)" "$(sort <<<"$options")" "members"
}

test_a_receipt_is_written() {
	project
	nacre receipt keygen --key "$T/key-$id" >/dev/null 2>&1 || { host_lacks "no nacre-receipt was built"; return; }
	inside 'echo changed >file' --apply never --receipt "$T/receipt-$id" --receipt-key "$T/key-$id"
	is "$rc" 0 "$err"
	exists "$T/receipt-$id"
	good nacre receipt verify --key "$T/key-$id.pub" "$T/receipt-$id"
	good nacre workspace discard "$id"
}

test_signals_reach_the_program() {
	local pid
	project
	for sig in INT TERM HUP; do
		(cd "$dir" && HOME=$home nacre_direct sandbox --name "$id" -- sleep 60) &
		pid=$!
		wait_for is_running
		kill -"$sig" "$pid"
		wait "$pid"
		is $? $((128 + $(kill -l "$sig"))) "status after SIG$sig"
	done
	nothing_left
}

is_running() {
	[[ $(nacre state "$id" 2>/dev/null | jq -r .status) == running ]]
}

test_what_is_left_is_reaped_and_ends_with_the_program() {
	project
	inside '(sleep 0.1 & sleep 60 &) ; sleep 0.4; ps -o stat= -e | grep -c Z'
	is "$out" 0 zombies
	nothing_left
}

test_the_commands_of_containers_work_on_it() {
	local pid
	project
	(cd "$dir" && HOME=$home nacre_direct sandbox --name "$id" -- sleep 60) &
	pid=$!
	wait_for is_running
	good nacre exec "$id" cat "$dir/file"
	is "$out" content
	good nacre list -q
	is "$out" "$id"
	good nacre explain "$id"
	good nacre kill "$id" TERM
	wait "$pid"
	is $? 143 status
}

all_tests "$@"
