#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nacre-bwrap: bubblewrap's command line. What each option does is what bubblewrap's own tests ask of it.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the other integration tests
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

ROOT=$T/run/nacre-bwrap
# bwrap_direct ARGS: with a place for the state that is the tests' own. The command keeps the pid, and
# its file is no symlink: Codex follows those, and calls what it finds.
bwrap_direct() {
	mkdir -p "$T/bin" "$T/run"
	[[ -e $T/bin/bwrap ]] || ln "$NACRE" "$T/bin/bwrap" 2>/dev/null || cp "$NACRE" "$T/bin/bwrap"
	if [[ $who == root ]]; then
		NACRE_TEST=$T exec unshare --mount --propagation private sh -c \
			'mount --bind "$0/run" /run && exec "$0/bin/bwrap" "$@"' "$T" "$@"
	fi
	NACRE_TEST=$T USER=tester XDG_RUNTIME_DIR=$T/run exec "$T/bin/bwrap" "$@"
}

bwrap() {
	(bwrap_direct "$@")
}

# The programs of the host, and nothing that the tests are about.
base=()
for path in /usr /bin /sbin /lib /lib32 /lib64 /libx32 /etc; do
	[[ ! -e $path ]] || base+=(--ro-bind "$path" "$path")
done
base+=(--dev /dev)

# inside TEXT [OPTION...]: what a shell prints in a sandbox of a procfs of its own
inside() {
	local text=$1
	shift
	try bwrap "${base[@]}" --unshare-pid --proc /proc "$@" -- /bin/sh -c "$text"
}

# prints EXPECTED TEXT [OPTION...]
prints() {
	local expected=$1
	shift
	inside "$@"
	is "$out" "$expected" "what '$1' prints"
}

test_a_program_runs_and_its_status_is_told() {
	local status
	good bwrap "${base[@]}" -- echo hello
	is "$out" hello
	for status in 0 1 42 255; do
		inside "exit $status"
		is "$rc" "$status" status
	done
	inside 'kill -9 $$'
	is "$rc" 137 'of SIGKILL'
	bad 1 '*exec: "no-such": executable file not found in $PATH' bwrap "${base[@]}" no-such
	try bwrap --ro-bind / / sh -c 'cat; echo "$0 $*"' a --b c <<<input
	is "$out" "a --b c"
	echo streamed >"$T/in"
	input=$T/in good bwrap --ro-bind / / cat
	is "$out" streamed
	nothing_left
}

# What bubblewrap has and nobody who is served here needs: each error names the option.
test_an_option_that_is_not_served_is_an_error() {
	local option
	for option in --level-prefix --unshare-all --share-net --unshare-user-try --unshare-uts \
		--unshare-cgroup --unshare-cgroup-try --userns --userns2 --disable-userns \
		--assert-userns-disabled --pidns --uid --gid --hostname --clearenv --lock-file --sync-fd \
		--bind-try --dev-bind-try --ro-bind-try --overlay-src --overlay --tmp-overlay --ro-overlay \
		--exec-label --file-label --mqueue --file --bind-data --symlink --seccomp --add-seccomp-fd \
		--block-fd --userns-block-fd --info-fd --json-status-fd --size --chmod --no-such -x; do
		bad 1 "$option: nacre-bwrap does not know this option; see nacre-bwrap --help" \
			bwrap --ro-bind / / "$option" 3 4 5
	done
	bad 1 'the command to run is missing; see nacre-bwrap --help' bwrap
	bad 1 '--bind: expected 2 values after this option; see nacre-bwrap --help' bwrap --bind /
	bad 1 "--ro-bind $T/no: No such file or directory" bwrap --ro-bind "$T/no" /no true
	bad 1 'read --ro-bind-data 77: Bad file descriptor' bwrap --ro-bind-data 77 /f true
	bad 1 'read --args 77: Bad file descriptor' bwrap --args 77 true
	bad 1 '--dev /x: nacre-bwrap makes devices only in /dev; use --dev /dev' bwrap --dev /x true
	nothing_left
}

# Codex looks for options in it.
test_help_and_version_are_printed() {
	local option
	good bwrap --help
	for option in --argv0 --as-pid-1 --perms --ro-bind-fd --ro-bind-data --remount-ro --args; do
		has "$out" "    $option "
	done
	is "$err" ''
	good bwrap --ro-bind / / --version
	has_line "$out" 'nacre-bwrap * bubblewrap 0.11'
}

test_operations_are_done_in_order() {
	mkdir -p "$T/a/in" "$T/b"
	echo a >"$T/a/file"
	echo b >"$T/b/file"
	prints b 'cat /m/file' --bind "$T/a" /m --bind "$T/b" /m
	prints a 'cat /m/file' --bind "$T/b" /m --bind "$T/a" /m
	prints b 'cat /m/in/file' --bind "$T/a" /m --ro-bind "$T/b" /m/in
	inside 'echo x >/m/new; echo x >/m/in/new; echo x >/m/in/x/new' \
		--ro-bind "$T/a" /m --bind "$T/b" /m/in
	exists "$T/b/new"
	absent "$T/a/new"
	# What lies under the root is not seen.
	good bwrap --bind "$T/a" /usr --tmpfs /bin --ro-bind / / cat "$T/b/file"
	is "$out" b
	good bwrap --ro-bind / / --tmpfs / "${base[@]}" ls /
	lacks "$out" tmp
	nothing_left
}

test_a_root_of_the_host_is_read_only_as_a_whole() {
	mkdir -p "$T/rw"
	inside "echo x >$T/rw/x; echo x >$T/y; echo x >/dev/shm/z; mkdir /made" --ro-bind / / --dev /dev \
		--bind "$T/rw" "$T/rw"
	exists "$T/rw/x"
	absent "$T/y"
	absent /made
	good bwrap --ro-bind / / cat /proc/self/mountinfo
	is "$(grep -vc ' ro[, ]' <<<"$out")" 0 "mounts that can be written to"
	is "$(grep -vc nosuid <<<"$out")" 0 "mounts with setuid programs"
	nothing_left
}

test_binds_have_the_flags_that_were_asked_for() {
	local null='echo x >/d/null && echo opened'
	mkdir -p "$T/m"
	prints opened "$null" --dev-bind /dev /d
	prints '' "$null" --bind /dev /d
	prints '' "$null" --ro-bind /dev /d
	inside 'grep " /m " /proc/self/mountinfo | cut -d" " -f6' --bind "$T/m" /m
	[[ $out == rw,nosuid,nodev* ]] || wrong "flags of --bind" "$out"
	inside 'grep " /m " /proc/self/mountinfo | cut -d" " -f6' --ro-bind "$T/m" /m
	[[ $out == ro,nosuid,nodev* ]] || wrong "flags of --ro-bind" "$out"
	# The source is what the name leads to on the host.
	ln -s m "$T/link"
	echo content >"$T/m/file"
	prints content 'cat /m/file' --ro-bind "$T/link" /m
	nothing_left
}

# In what can be written to, the host's directories get what is missing.
test_mount_points_are_made() {
	mkdir -p "$T/w" "$T/src"
	touch "$T/file"
	good bwrap --ro-bind / / --bind "$T/w" "$T/w" --bind "$T/src" "$T/w/a/dir" \
		--ro-bind /dev/null "$T/w/b/file" true
	is "$(stat -c %F:%a "$T/w/a/dir")" directory:755
	is "$(stat -c %F "$T/w/b/file")" 'regular empty file'
	try bwrap --ro-bind / / --bind "$T/src" "$T/none/dir" true
	is "$rc" 1
	has "$err" 'read-only'
	absent "$T/none"
	nothing_left
}

test_permissions_are_of_the_operation_that_follows() {
	mkdir "$T/w"
	mkdir -m 710 "$T/w/old"
	prints '755 1777 755 700 741' 'stat -c %a /t /u /v /d /e | tr "\n" " " | sed "s/ $//"' --tmpfs /t \
		--perms 1777 --tmpfs /u --tmpfs /v --perms 700 --dir /d --perms 0741 --dir /e
	good bwrap --ro-bind / / --bind "$T/w" "$T/w" --perms 700 --dir "$T/w/old" --dir "$T/w/new" \
		--perms 1741 --dir "$T/w/more" true
	is "$(stat -c %a "$T/w/old" "$T/w/new" "$T/w/more" | tr '\n' ' ')" '710 755 1741 '
	bad 1 '--perms: expected octal permissions such as 0755, found "9"' bwrap --perms 9 --dir /a true
	bad 1 '--perms: the option is given twice in a row; give it once before --tmpfs, --dir or --ro-bind-data' bwrap --perms 7 --perms 7 --dir /a true
	bad 1 '--perms: expected * after it, found --proc' bwrap --perms 7 --proc /proc true
	touch "$T/w/file"
	try bwrap --ro-bind / / --bind "$T/w" "$T/w" --dir "$T/w/file" true
	is "$rc" 1
	nothing_left
}

test_a_mount_turns_read_only_where_it_is_asked_for() {
	prints $'555\n3' 'stat -c %a /t; echo x >/t/x || echo x >/t/in/x && ls -A /t/in | wc -l' \
		--perms 555 --tmpfs /t --tmpfs /t/in --dir /t/in/a --dir /t/in/b --remount-ro /t
	mkdir -p "$T/m"
	inside 'echo x >/m/x || echo refused' --bind "$T/m" /m --remount-ro /m
	is "$out" refused
	absent "$T/m/x"
	inside 'echo x >/x || echo refused' --remount-ro /
	is "$out" refused
	bad 1 '*remount: the destination is not a mount point' bwrap --tmpfs /a --dir /a/b --remount-ro /a/b true
	nothing_left
}

# What the host mounts there later would be without the flags.
test_a_later_mount_of_the_host_does_not_arrive() {
	local option
	needs_root || return
	good bwrap --help
	mkdir -p "$T/shared" "$T/w"
	for option in --unshare-ipc --unshare-user; do
		doing "$option"
		rm -f "$T/w"/*
		try unshare --mount --propagation private sh -c 'cd "$0" && mount --bind run /run &&
			mount -t tmpfs tmpfs shared && mount --make-shared shared && mkdir shared/later || exit
			"$0/bin/bwrap" --ro-bind / / --bind "$0/w" "$0/w" "$1" sh -c "cd $0; touch w/ready
				until [ -e w/go ]; do sleep 0.02; done; echo x >shared/later/file" &
			i=0; until [ -e w/ready ] || [ $((i += 1)) -gt 500 ]; do sleep 0.02; done
			mount -t tmpfs later shared/later && touch w/go || exit
			wait $!
			ls -A shared/later' "$T" "$option"
		is "$out" '' "what was written"
		has "$err" "shared/later/file: Read-only file system"
	done
	nothing_left
}

test_data_becomes_a_file() {
	printf 'a\0b' >"$T/data"
	try eval 'bwrap "${base[@]}" --ro-bind-data 7 /etc-of/file --perms 444 --ro-bind-data 8 /g \
		--perms 0 --ro-bind-data 8 /h \
		sh -c "cat /etc-of/file; stat -c %a:%s /etc-of/file /g /h; echo x >/g; ls /proc/self/fd/7" \
		7<"$T/data" 8</dev/null'
	is "$out" $'ab600:3\n444:0\n0:0'
	has "$err" 'Read-only file system'
	is "$(head -c 3 "$out_file" | od -An -c | tr -d ' ')" 'a\0b'
	nothing_left
}

test_what_an_fd_is_open_on_is_bound() {
	mkdir -p "$T/m"
	echo content >"$T/m/file"
	try eval 'bwrap "${base[@]}" --ro-bind-fd 7 /m --bind-fd 8 /n \
		sh -c "cat /m/file; echo x >/n/new; echo x >/m/no" 7<"$T/m" 8<"$T/m"'
	is "$out" content
	exists "$T/m/new"
	absent "$T/m/no"
	mkdir "$T/gone"
	try eval 'exec 7<"$T/gone" && mv "$T/gone" "$T/went" && mkdir "$T/gone" &&
		rmdir "$T/went" && bwrap "${base[@]}" --ro-bind-fd 7 /m true'
	is "$rc" 1
	has "$err" '--ro-bind-fd 7: '
	nothing_left
}

# Its name leads elsewhere after it was looked at, while more is read: more than a pipe holds.
test_what_an_fd_is_open_on_is_what_is_bound() {
	mkdir -p "$T/m" "$T/secret"
	echo secret >"$T/secret/file"
	try eval '{ head -c 200000 /dev/zero; mv "$T/m" "$T/moved"; ln -s secret "$T/m"; printf x; } |
		bwrap "${base[@]}" --bind-fd 7 /m --ro-bind-data 0 /data cat /m/file 7<"$T/m"'
	is "$out" ''
	is "$rc" 1
	has "$err" "$T/m was moved or replaced since it was looked at"
	nothing_left
}

test_more_options_come_from_fds() {
	printf '%s\0' --dir /a --setenv V one >"$T/1"
	printf '%s\0' --args 8 --dir /b >"$T/2"
	printf '%s\0' --setenv V two >"$T/3"
	try eval 'bwrap "${base[@]}" --args 6 --args 7 sh -c "ls -d /a /b; echo \$V" \
		6<"$T/1" 7<"$T/2" 8<"$T/3"'
	is "$out" $'/a\n/b\ntwo'
	# The fds of stdio stay.
	printf '%s\0' --ro-bind / / >"$T/5"
	input=$T/5 good bwrap --args 0 readlink -f /proc/self/fd/0
	is "$out" "$T/5"
	printf '%s\0' --dir /a true >"$T/4"
	bad 1 '--args: expected only options, found "true"' eval 'bwrap --args 6 true 6<"$T/4"'
	nothing_left
}

test_the_environment_is_the_caller_s_but_for_changes() {
	FOO=wrong BAR=baz inside 'echo "$FOO$BAR-${LATER-none}"' --setenv FOO bar --setenv LATER x \
		--unsetenv LATER
	is "$out" barbaz-none
	good bwrap --ro-bind / / --argv0 other sh -c 'echo $0 $1' -c-is-gone
	good bwrap --ro-bind / / --argv0 right sh -c 'echo $0'
	is "$out" right
	nothing_left
}

test_the_program_begins_where_the_caller_is_or_at_home() {
	mkdir -p "$T/here" "$T/home"
	(cd "$T/here" && bwrap --ro-bind / / sh -c 'pwd; echo "$PWD"') >"$T/1"
	is "$(cat "$T/1")" "$T/here"$'\n'"$T/here"
	(cd "$T/here" && HOME=/etc bwrap "${base[@]}" sh -c 'pwd; echo "$PWD"') >"$T/1"
	is "$(cat "$T/1")" $'/etc\n/etc'
	(cd "$T/here" && HOME=$T/home bwrap "${base[@]}" sh -c 'pwd; echo "$PWD"') >"$T/1"
	is "$(cat "$T/1")" $'/\n/'
	good bwrap "${base[@]}" --chdir /usr/bin pwd
	is "$out" /usr/bin
	bad 1 '*chdir /none: no such file or directory' bwrap "${base[@]}" --chdir /none pwd
	nothing_left
}

# namespace TYPE: of the program that ran last
of_type() {
	sed -n "s/^$1:.//; s/.\$//; s/^$1.*://p" <<<"$out"
}

test_a_namespace_is_the_caller_s_unless_asked_for() {
	local type option
	for type in pid net ipc uts cgroup; do
		good bwrap --ro-bind / / readlink "/proc/self/ns/$type"
		is "$out" "$(readlink "/proc/self/ns/$type")" "without --unshare"
	done
	for type in pid net ipc user; do
		good bwrap --ro-bind / / "--unshare-$type" readlink "/proc/self/ns/$type"
		differs "$out" "$(readlink "/proc/self/ns/$type")" "with --unshare-$type"
	done
	good bwrap --ro-bind / / --unshare-net sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1'
	is "$out" '    lo'
	good bwrap --ro-bind / / --unshare-net cat /proc/net/if_inet6 /proc/net/fib_trie
	has "$out" 127.0.0.1
	good bwrap --ro-bind / / --unshare-user id -u
	is "$out" "$(id -u)"
	nothing_left
}

test_procfs_is_of_the_pid_namespace() {
	prints '1 2' 'echo $(ls /proc | grep -c "^1$") $$'
	prints 1 'echo $$' --as-pid-1
	bad 1 '--as-pid-1: this option needs --unshare-pid' bwrap --ro-bind / / --as-pid-1 true
	good bwrap "${base[@]}" --proc /proc sh -c "ls -d /proc/$$"
	is "$out" "/proc/$$"
	inside 'ls /p | grep -c "^1$"' --proc /p
	is "$out" 1
	# Orphans have somebody who waits for them.
	prints 0 '(sh -c "sleep 0.1 &"); sleep 1; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
	if [[ $who != user ]]; then
		# opened, and not written to: were it the host's, it would be changed
		inside 'for f in sys/kernel/core_pattern sysrq-trigger irq/default_smp_affinity; do
			(: >>/proc/$f) 2>/dev/null && echo $f; done; echo looked'
		is "$out" looked "what can be written to"
	fi
	nothing_left
}

test_devices_are_the_usual_ones() {
	prints 'core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero' \
		'ls /dev | tr "\n" " " | sed "s/^core //; s/^/core /; s/ $//"'
	inside 'echo x >/dev/null && head -c 1 /dev/zero | wc -c && echo x >/dev/shm/x && ls -l /dev/ptmx'
	has "$out" 'pts/ptmx'
	# all but the last two words, which are --dev /dev
	good bwrap "${base[@]:0:${#base[@]}-2}" ls /
	lacks "$out" dev
	lacks "$out" proc
	good bwrap --dev-bind / / sh -c 'echo x >/dev/null && ls -A /dev'
	is "$out" "$(ls -A /dev)"
	nothing_left
}

test_capabilities_are_none_or_root_s() {
	local all
	all=$(sed -n 's/^CapPrm:.//p' /proc/self/status)
	[[ $who != user ]] || all=0000000000000000
	prints "$all 1" 'echo $(sed -n "s/^CapEff:.//p; s/^NoNewPrivs:.//p" /proc/self/status)'
	prints '0000000000000000' 'sed -n "s/^CapEff:.//p" /proc/self/status' --cap-drop ALL
	prints '0000000080000020' 'sed -n "s/^CapEff:.//p" /proc/self/status' --unshare-user \
		--cap-drop ALL --cap-add CAP_SETFCAP --cap-add CAP_KILL
	prints '0000000080000020' 'sed -n "s/^CapBnd:.//p" /proc/self/status' --unshare-user \
		--cap-add ALL --cap-drop ALL --cap-add CAP_SETFCAP --cap-add CAP_KILL
	inside 'sed -n "s/^CapEff:.//p" /proc/self/status' --unshare-user --cap-add ALL --cap-drop CAP_KILL
	[[ $out == *df ]] || wrong "all but CAP_KILL" "$out"
	bad 1 '--cap-add: this kernel has no capability "CAP_NO"' bwrap --cap-add CAP_NO true
	nothing_left
}

# As srt's helper and Codex do it.
test_sandboxes_are_made_inside() {
	inside 'unshare -Ur true && unshare -Urm true && echo made' --unshare-user --cap-drop ALL
	if [[ $who == user ]]; then
		is "$out" made
		prints 1 'unshare -Urpf --mount-proc sh -c "echo \$\$"'
	fi
	if [[ $who == root ]]; then
		inside 'unshare -Ur true && echo made' --unshare-user --cap-drop ALL --cap-add CAP_SETFCAP
		is "$out" made
	fi
	good bwrap --ro-bind / / --dev /dev --unshare-user --unshare-pid --proc /proc --cap-add CAP_SETFCAP \
		-- "$T/bin/bwrap" --ro-bind / / --dev /dev --unshare-user --unshare-pid --proc /proc \
		sh -c 'echo inner $$'
	is "$out" 'inner 2'
	nothing_left
}

test_open_fds_are_passed_on() {
	try eval 'bwrap --ro-bind / / --ro-bind-data 12 "$T/data-$id" \
		sh -c "echo \$(ls /proc/self/fd); cat <&9" 7</dev/null 9<<<content 12</dev/null'
	is "$rc" 1
	mkdir -p "$T/w"
	try eval 'bwrap --ro-bind / / --bind "$T/w" "$T/w" --ro-bind-data 12 "$T/w/data" \
		sh -c "for fd in 3 4 5 6 7 8 9 12 13; do [ ! -e /proc/self/fd/\$fd ] || echo \$fd; done; cat <&9" \
		7</dev/null 9<<<content 12</dev/null 13</dev/null'
	is "$out" $'7\n9\n13\ncontent'
	nothing_left
}

# started PID: the program in it, which sleeps for as long as the test's number says
started() {
	pgrep -f "^sleep $number\$" >/dev/null
}

ended() {
	! started
}

test_the_program_ends_with_its_caller() {
	local option pid number=4711.$$
	for option in '--unshare-pid' '--unshare-pid --as-pid-1' ''; do
		number+=1
		doing "$option"
		# shellcheck disable=SC2086 # words
		in_background bash -c "$(declare -f bwrap_direct); T='$T' who=$who NACRE=$NACRE
			(bwrap_direct --ro-bind / / --die-with-parent $option sleep $number); :"
		pid=$!
		wait_for started
		kill -9 "$pid"
		wait_for ended
		# Without the option it is nacre-bwrap itself that must end.
		number+=1
		# shellcheck disable=SC2086 # words
		in_background bwrap_direct --ro-bind / / $option sleep "$number"
		pid=$!
		wait_for started
		kill -9 "$pid"
		wait_for ended
	done
	# What they have left, the next one removes.
	[[ -n $(ls "$ROOT") ]] || wrong "nothing is left to be removed"
	good bwrap --ro-bind / / true
	nothing_left
}

# One that the program ignores, or cannot get as pid 1, too.
test_a_signal_to_it_ends_all() {
	local signal pid number=4712.$$ option
	for option in '' --as-pid-1; do
		for signal in TERM INT HUP QUIT; do
			number+=1
			# shellcheck disable=SC2086 # words
			in_background bwrap_direct --ro-bind / / --dev /dev --unshare-pid $option \
				sh -c "trap '' TERM INT HUP QUIT; sleep $number & wait"
			pid=$!
			wait_for started
			kill -"$signal" "$pid"
			wait "$pid" 2>/dev/null
			is "$(kill -l $?)" "$signal" "what ended it"
			wait_for ended
		done
	done
	nothing_left
}

# The states of containers hold environments, and this sandbox's own lies there.
test_states_of_containers_are_not_seen() {
	local run=/run name
	[[ $who == root ]] || run=$T/run
	mkdir -p "$T/run"
	mkdir -m 700 "$T/run/nacre"
	touch "$T/run/nacre/other"
	for name in nacre nacre-bwrap; do
		good bwrap --ro-bind / / ls -A "$run/$name"
		is "$out" ''
		good bwrap --ro-bind / / --dev-bind "$run" /mnt ls -A "/mnt/$name"
		is "$out" ''
		try bwrap --ro-bind / / --bind "$run" /mnt touch "/mnt/$name/file"
		is "$rc" 1
	done
	nothing_left
}

test_states_below_a_symlink_are_not_seen() {
	local as=()
	good bwrap --help
	mkdir -m 700 "$T/real"
	ln -s real "$T/link"
	if [[ $who == root ]]; then
		as=(setpriv --reuid 1234 --regid 1234 --clear-groups)
		chown 1234:1234 "$T/real"
	fi
	try env XDG_RUNTIME_DIR="$T/link" USER=tester "${as[@]}" "$T/bin/bwrap" "${base[@]}" \
		--bind "$T/real" /mnt sh -c 'ls -A /mnt/nacre-bwrap && echo listed'
	[[ $who != root ]] || rmdir /tmp/nacre-1234
	is "$rc" 0 "status ($err)"
	is "$out" listed
}

test_the_key_of_receipts_is_not_seen() {
	local key=$T/config/nacre/receipt.key
	[[ $who != root ]] || { host_lacks "root's key lies in /etc"; return; }
	mkdir -p "${key%/*}"
	echo secret >"$key"
	export XDG_CONFIG_HOME=$T/config
	good bwrap --ro-bind / / --bind "$T" /mnt sh -c 'cat "$1" /mnt/config/nacre/receipt.key && echo read' _ "$key"
	is "$out" read
}

# As in a container whose procfs has parts that are hidden: Codex then goes on without.
test_a_procfs_that_may_not_be_mounted_is_told_as_codex_expects() {
	needs_root || return
	good bwrap --help
	try unshare --mount --propagation private sh -c 'mount --bind /proc/sys /proc/sys &&
		exec setpriv --reuid 1234 --regid 1234 --clear-groups "$0/bin/bwrap" "$@"' "$T" \
		--ro-bind / / --unshare-pid --proc /proc true
	rmdir --ignore-fail-on-non-empty /tmp/nacre-1234/nacre-bwrap /tmp/nacre-1234
	is "$rc" 1
	has_line "$err" "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"
}

# Nor those of others without a place.
test_states_without_a_place_are_not_seen() {
	local other=/dev/shm/nacre-bwrap-test$$
	mkdir -m 700 "$other" && touch "$other/secret"
	try bwrap --ro-bind / / --bind /dev/shm /mnt ls -A "$other" "/mnt/${other##*/}"
	rm -r "$other"
	is "$rc" 0 "status ($err)"
	is "$out" "$other:"$'\n\n'"/mnt/${other##*/}:"
	nothing_left
}

# A symlink in such a place would hide what it leads to.
test_another_user_hides_nothing() {
	local link
	needs_root || return
	good bwrap --help
	mkdir -m 700 "$T/place"
	chown 1234:1234 "$T/place"
	for link in /dev/shm/nacre-bwrap-test$$ /tmp/nacre-1234; do
		ln -s "$T/bin" "$link"
		chown --no-dereference 4321:4321 "$link"
		try env XDG_RUNTIME_DIR="$T/place" setpriv --reuid 1234 --regid 1234 --clear-groups "$T/bin/bwrap" \
			--ro-bind / / ls -A "$T/bin"
		rm "$link"
		[[ ! -d /tmp/nacre-1234 ]] || rmdir /tmp/nacre-1234
		is "$rc" 0 "status ($err)"
		is "$out" bwrap "$link"
	done
}

# Another sandbox may know those that were there before.
test_a_state_without_a_place_lies_in_a_new_one() {
	local before text='ls -d /dev/shm/nacre-bwrap-*; ls -A /dev/shm/nacre-bwrap-*'
	before=$(ls /dev/shm)
	good bwrap --help
	if [[ $who == root ]]; then
		try unshare --mount --propagation private sh -c 'mount --bind "$0/run" /run &&
			mount -o remount,bind,ro /run && exec "$0/bin/bwrap" "$@"' "$T" \
			--ro-bind / / sh -c "$text"
	else
		try env XDG_RUNTIME_DIR=/proc USER=tester "$T/bin/bwrap" --ro-bind / / sh -c "$text"
	fi
	is "$rc" 0 "status ($err)"
	has_line "$out" '/dev/shm/nacre-bwrap-*'
	is "$(wc -l <<<"$out")" 1 "lines"
	is "$(ls /dev/shm)" "$before" "/dev/shm"
}

# with_hook DIR: the state of a sandbox, as one that can write there makes it
with_hook() {
	local own
	own=$(jq --arg file "$T/hooked" '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "id >" + $file]}]' \
		"$1/config.json") && echo "$own" >"$1/config.json"
	own=$(jq '.conditions += ["hooks poststop"]' "$1/record") && echo "$own" >"$1/record"
}

test_what_lies_in_a_state_is_not_run() {
	local number=4713.$$ pid=
	# Its own, as it ends.
	in_background bwrap_direct --ro-bind / / --unshare-pid sh -c "sleep $number; exit 3"
	pid=$!
	wait_for started
	with_hook "$(echo "$ROOT"/bwrap-*)"
	kill "$(pgrep -f "^sleep $number\$")"
	wait "$pid" 2>/dev/null
	is $? 3 status
	absent "$T/hooked"
	nothing_left
	# One that was left behind, by the next.
	number+=1
	in_background bwrap_direct --ro-bind / / --unshare-pid sleep "$number"
	pid=$!
	wait_for started
	with_hook "$(echo "$ROOT"/bwrap-*)"
	kill -9 "$pid"
	wait_for ended
	good bwrap --ro-bind / / true
	absent "$T/hooked"
	nothing_left
}

# A record that names another process, which is the caller's as well.
test_a_state_names_no_process_to_end() {
	local number=4714.$$ pid other state=
	sleep 1000 &
	other=$!
	in_background bwrap_direct --ro-bind / / --unshare-pid sleep "$number"
	pid=$!
	wait_for started
	state=$(echo "$ROOT"/bwrap-*)
	sed -E "s/\"pid\": ?[0-9]+/\"pid\":$other/; s/\"startTime\": ?[0-9]+/\"startTime\":$(
		sed 's/.*) //' "/proc/$other/stat" | cut -d' ' -f20)/; s/\"pidfdId\": ?[0-9]+/\"pidfdId\":0/" \
		"$state/record" >"$T/record"
	cat "$T/record" >"$state/record"
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null
	kill "$other" || wrong "the process that a record named is gone"
	wait "$other" 2>/dev/null
	nothing_left
}

test_a_filter_is_loaded() {
	prints 2 'sed -n "s/^Seccomp:.//p" /proc/self/status'
}

all_tests "$@"
