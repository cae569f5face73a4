#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a program must not reach from nacre sandbox. Each is tried twice: without a sandbox it has to succeed, so
# that the row can fail; in one it must not.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the other integration tests
# shellcheck source=SCRIPTDIR/escape_host.sh
. "$(dirname "$0")/escape_host.sh"
if ((EUID == 0)) && [[ -z ${ESCAPE_HOST:-} ]]; then
	ESCAPE_HOST=own exec unshare --net --mount --propagation private bash "$0" "$@"
fi
[[ ${ESCAPE_HOST:-} != own ]] || host_make || { echo "1..0 # SKIP no host of its own can be made"; exit; }
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

escape=$(realpath "$(dirname "$0")/escape.py")

# world: what is to be reached. In $home: $dir, where the program works. $W: the rest.
world() {
	local name
	handle='' W=$T/world home=$T/home dir=$T/home/project
	mkdir -p "$dir/.git/hooks" "$home"/{.ssh,.aws,.gnupg,.config/gh} "$W/shared" "/home/it-$tag" "/opt/it-$tag" "/run/it-$tag"
	for name in .ssh/id_ed25519 .aws/credentials .gnupg/key .netrc .npmrc .bash_history .config/gh/hosts.yml .git-credentials; do
		echo ESCAPED >"$home/$name"
	done
	echo ESCAPED | tee "/home/it-$tag/file" "/run/it-$tag/file" "/opt/it-$tag/file" "$W/file" >/dev/null
	: >"$home/.bashrc"
	cp "$escape" "$dir/escape.py"
	cp /bin/sh "$W/suid"
	port=$((20000 + RANDOM % 20000))
	in_background /usr/bin/python3 "$escape" serve "$W/bus" "$W/agent" "$W/X9" "$W/wayland-9" "/run/it-$tag/docker.sock" \
		"/opt/it-$tag/socket" "@it-$tag" "127.0.0.1:$port" "[::1]:$port" 169.254.169.254:80
	wait_for grep -q ready "$background_out"
	A_SECRET=ESCAPED in_background sleep 600
	other=${background[-1]}
	mkfifo "$W/end"
	number=$((RANDOM + 1))
	/usr/bin/python3 "$escape" hold "it-$tag" "$number" >"$W/held" <"$W/end" 2>&1 &
	holder=$!
	exec 8>"$W/end"
	wait_for grep -q ready "$W/held"
	[[ $who != root ]] || handle=$(cd "$dir" && /usr/bin/python3 "$escape" handle_of "$home/.netrc")
}

world_ends() {
	exec 8>&-
	wait "$holder"
}

# what the rows have for: who can without a sandbox (all, root of the host, other: all but the user), options, what
# is tried, and where something is done to the host, what shows it there. Then what was tried is undone.
rows() {
	local py='/usr/bin/python3 escape.py'
	cat <<-END
		keys of ssh	all	-	cat ~/.ssh/id_ed25519	-
		the same by what lies above	all	-	cat ../.ssh/id_ed25519 /proc/self/cwd/../.ssh/id_ed25519 /proc/self/root$home/.ssh/id_ed25519	-
		credentials of clouds	all	-	cat ~/.aws/credentials	-
		keys of gpg	all	-	cat ~/.gnupg/key	-
		passwords	all	-	cat ~/.netrc ~/.npmrc ~/.git-credentials ~/.config/gh/hosts.yml	-
		what was typed	all	-	cat ~/.bash_history	-
		another home	all	-	cat /home/it-$tag/file	-
		passwords of users	root	-	grep -q root /etc/shadow && echo ESCAPED	-
		/run	all	-	cat /run/it-$tag/file	-
		/opt	all	-	cat /opt/it-$tag/file	-
		files of others in /tmp	all	-	cat $W/file	-
		the bus of the session	all	-	$py connect "\${DBUS_SESSION_BUS_ADDRESS#unix:path=}"	-
		the same by its path	all	-	$py connect $W/bus	-
		the agent of ssh	all	-	$py connect $W/agent	-
		X11	all	-	$py connect $W/X9	-
		Wayland	all	-	$py connect $W/wayland-9	-
		the socket of Docker	all	-	$py connect /run/it-$tag/docker.sock	-
		a socket in /opt	all	-	$py connect /opt/it-$tag/socket	-
		an abstract socket	all	-	$py connect @it-$tag	-
		loopback of the host	all	-	$py connect 127.0.0.1:$port	-
		the same by IPv6	all	-	$py connect [::1]:$port	-
		metadata of a cloud	all	-	$py connect 169.254.169.254:80	-
		environment of another process	all	-	tr '\\0' '\\n' </proc/$other/environ	-
		memory of another process	all	-	$py trace $other	-
		the end of another process	all	-	kill -STOP $other	grep -q 'State:.*T' /proc/$other/status && kill -CONT $other && echo ESCAPED
		a key of the kernel	all	-	$py key it-$tag	-
		shared memory	all	-	$py memory $number	-
		typing into the terminal	root	pty	$py type_into 2	-
		startup files of the shell	all	-	echo 'echo ESCAPED' >>$home/.bashrc	cat $home/.bashrc
		a hook of git	all	-	echo 'echo ESCAPED' >.git/hooks/pre-commit	cat $dir/.git/hooks/pre-commit
		the same where it is written to at once	all	--workspace .:direct	echo 'echo ESCAPED' >.git/hooks/pre-commit	cat $dir/.git/hooks/pre-commit
		jobs of cron	all	-	echo ESCAPED >/etc/cron.d/it-$tag	cat /etc/cron.d/it-$tag
		/tmp of the host	all	-	echo ESCAPED >$W/new	cat $W/new
		a token of the environment	all	-	env | sed -n 's/^A_TOKEN=//p'	-
		a preloaded library	all	-	env | grep -q ^LD_PRELOAD= && echo ESCAPED	-
		a setuid program	root	--read $W	(cp $W/suid . && ./suid -p -c 'test "\$(id -u)" = 1234' || $W/suid -p -c 'test "\$(id -u)" = 1234') && echo ESCAPED	-
		a setuid file that is left	all	--write $W/shared	cp /bin/true $W/shared/left; chmod 4755 $W/shared/left	test -u $W/shared/left && echo ESCAPED
		an open file	all	-	cat <&9	-
		a file by its handle	root	-	$py handle $handle	-
		kernel settings	root	-	$py write_to /proc/sys/kernel/core_pattern	-
		the same of memory	root	-	$py write_to /proc/sys/vm/drop_caches	-
		messages of the kernel	root	-	test -c /dev/kmsg && $py write_to /dev/kmsg	-
		a process that is left	all	--write $W/shared	setsid sh -c 'sleep 0.3; echo ESCAPED >$W/shared/late' >/dev/null 2>&1 &	sleep 0.6; cat $W/shared/late
	END
}

restore() {
	rm -f "$dir/.git/hooks/pre-commit" "/etc/cron.d/it-$tag" "$W/new" "$W/shared"/* "$dir/suid"
	: >"$home/.bashrc"
	kill -CONT "$other"
	chmod 755 "$W/suid"
	[[ $who != root ]] || { chown 1234:1234 "$W/suid" && chmod 4755 "$W/suid"; }
	chmod 755 "$W"
}

# attempt COMMAND...: with what a caller has around him
attempt() {
	(cd "$dir" && HOME=$home NACRE_TEST=$T A_TOKEN=ESCAPED LD_PRELOAD=libm.so.6 SSH_AUTH_SOCK=$W/agent \
		DBUS_SESSION_BUS_ADDRESS=unix:path=$W/bus XDG_RUNTIME_DIR=$W WAYLAND_DISPLAY=wayland-9 \
		exec 9<"$home/.netrc" "$@")
}

# outcome: ESCAPED, or something else
outcome() {
	[[ $effect == - ]] || out=$(bash -c "$effect" 2>/dev/null)
	[[ $out != *ESCAPED* ]] || out=ESCAPED
}

# sandboxed OPTION...: $text in a sandbox. What comes before it gives its own end the environment it was called with.
sandboxed() {
	set -- "$NACRE" --root "$ROOT" --workspaces "$T/workspaces" sandbox --name "$id" --apply never "$@" -- /bin/sh -c "$text"
	[[ $terminal == pty ]] && set -- "$PEER" pty 24 80 sh -c '"$@" </dev/null | cat' - "$@"
	try attempt "$@"
}

test_what_is_reached_without_a_sandbox_is_not_reached_in_one() {
	local name whose options text effect terminal tried=0
	needs_program /usr/bin/python3 || return
	world
	while IFS=$'\t' read -r name whose options text effect; do
		[[ $whose == all || $whose == "$who" ]] || continue
		((++tried))
		terminal=''
		[[ $options != pty ]] || terminal=pty options=-
		doing "$name: $text"
		restore
		if [[ $terminal == pty ]]; then
			try attempt "$PEER" pty 24 80 sh -c "$text"
		else
			try attempt sh -c "$text"
		fi
		outcome
		is "$out" ESCAPED "without a sandbox it does not succeed: $name: $err"
		restore
		[[ $options != - ]] || options=''
		# shellcheck disable=SC2086 # an option and its argument
		sandboxed $options
		outcome
		[[ $out != ESCAPED ]] || wrong "$name: reached"
		try nacre --workspaces "$T/workspaces" workspace discard "$id"
	done < <(rows)
	((tried >= 30)) || wrong "only $tried were tried"
	# That it ran at all.
	text='echo ran' terminal='' effect=-
	sandboxed
	is "$out" ran "$err"
	world_ends
	nothing_left
}

all_tests "$@"
