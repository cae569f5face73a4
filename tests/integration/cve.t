#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# Known escapes from container runtimes, replayed: a bundle or a racing process as the advisory describes
# it, and a look at the host. The attack may end in an error or in a container that is none the wiser,
# but never on the host. Before it the same bundle runs without the attack, so that what is not seen
# afterwards is not missing for another reason.

# What an attacker would like to reach.
a_host() {
	host=$T/host
	mkdir -p "$host/dir"
	echo untouched >"$host/file"
	chmod 600 "$host/file"
	host_before=$(look_at_host)
}

look_at_host() {
	find "$host" -printf '%p %m %U %G %s %y %l\n' | sort
	cat "$host/file"
	cat /proc/sys/kernel/core_pattern
}

host_is_untouched() {
	is "$(look_at_host)" "$host_before" "the host"
	is "$(mounts_left)" "" "mounts on the host"
}

# harmless PATTERN: the bundle as it is now, without the attack, runs and prints a line that is PATTERN.
harmless() {
	run
	lacks "$err" "ids of its own"
	has_line "$out" "$1"
}

# In the namespaces of the container, before the pivot, the whole host is still there to be mounted on.
watch_mounts() {
	edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", $c]}]' \
		--arg c "cat /proc/self/mountinfo >>$T/out.mountinfo"
	: >"$T/out.mountinfo"
}

no_mount_on_the_host() {
	! grep -qF " $host" "$T/out.mountinfo" ||
		wrong "a mount on the host" "$(grep -F " $host" "$T/out.mountinfo")"
}

races() {
	in_background "$PEER" swap "$1" "$2"
	for ((turn = 0; turn < ${TURNS:-150}; turn++)); do
		run_any
		((rc < 124)) || { wrong "turn $turn ended with $rc" "$err"; return 1; }
		"${3:-true}" || return
	done
	kill -0 "${background[0]}" 2>/dev/null || wrong "the race ended early" "$(<"$background_out")"
	end_background
}

# --- CVE-2019-5736: the runtime's binary overwritten through /proc/self/exe ---

test_cve_2019_5736_by_exec() {
	local sum i
	bundle steal 4
	cp "$NACRE" "$b/nacre"
	local NACRE=$b/nacre
	sum=$(sha256sum <"$b/nacre")
	printf '#!/proc/self/exe\n' >"$b/rootfs/bin/sh"
	chmod 755 "$b/rootfs/bin/sh"
	ln -s /proc/self/exe "$b/rootfs/bin/linked"
	create
	start
	for i in {1..40}; do
		try nacre exec "$id" /bin/sh
		try nacre exec "$id" /bin/linked
		try nacre exec "$id" /proc/self/exe
	done
	wait_for status_is stopped
	# It got hold of the runtime and tried. A sanitizer's build needs libraries that are not there.
	[[ -n ${NACRE_SANITIZED:-} || $who == user ]] || lacks "$(<"$created_out")" "nothing seen"
	lacks "$(<"$created_out")" overwritten
	# A user cannot clone a mount: what is opened then is a copy in memory that takes no write.
	[[ $who == user ]] || lacks "$(<"$created_out")" opened
	is "$(sha256sum <"$b/nacre")" "$sum" "nacre's binary"
}

test_cve_2019_5736_by_a_shared_pid_namespace() {
	local sum i pid thief=$id
	bundle steal 4
	cp "$NACRE" "$b/nacre"
	local NACRE=$b/nacre
	local binary=$b/nacre
	sum=$(sha256sum <"$binary")
	create
	start
	pid=$(pid_of)
	thief_out=$created_out
	local thief_bundle=$b
	bundle true
	program /proc/self/exe
	edit '(.linux.namespaces[] | select(.type == "pid")).path = $p' --arg p "/proc/$pid/ns/pid"
	for i in {1..20}; do
		id=$thief-$i
		run_any
	done
	id=$thief
	wait_for status_is stopped
	lacks "$(<"$thief_out")" overwritten
	lacks "$(<"$thief_out")" opened
	is "$(sha256sum <"$binary")" "$sum" "nacre's binary"
}

# --- CVE-2019-19921, CVE-2023-27561: /proc of the rootfs is a symlink, or becomes one ---

test_cve_2019_19921_proc_as_a_symlink() {
	bundle echo ran
	a_host
	harmless ran
	rmdir "$b/rootfs/proc"
	ln -s "$host/dir" "$b/rootfs/proc"
	run_refused '*/proc*must be mounted on ordinary directory*'
	host_is_untouched
}

# Whatever name the real procfs ends up under, its dangerous files must be masked.
masks_hold() {
	lacks "$out" "keys: f"
}

test_cve_2019_19921_proc_exchanged_in_a_race() {
	bundle stat /proc/keys
	a_host
	harmless "/proc/keys: c *"
	program /payload stat /proc/keys /fake/keys
	ln -s "$host/dir" "$b/rootfs/fake"
	watch_mounts
	edit '.hooks.createContainer = []'
	races "$b/rootfs/proc" "$b/rootfs/fake" masks_hold
	host_is_untouched
}

# --- CVE-2021-30465: a mount target inside a volume is exchanged for a symlink ---

test_cve_2021_30465_mount_target_exchanged_in_a_race() {
	bundle ls /vol/target
	a_host
	mkdir -p "$b/volume/target/inner" "$host/dir/inner" "$host/dir/dir-of-the-host"
	host_before=$(look_at_host)
	mount_on /vol "$b/volume" bind rbind
	mount_on /vol/target/inner "$b/rootfs/etc" bind rbind
	harmless inner
	ln -s "$host/dir" "$b/volume/link"
	watch_mounts
	races "$b/volume/target" "$b/volume/link" no_host_directory
	no_mount_on_the_host
	host_is_untouched
}

no_host_directory() {
	lacks "$out" dir-of-the-host
}

test_cve_2021_30465_a_climbing_symlink() {
	bundle ls /vol
	a_host
	mkdir "$b/volume"
	mount_on /vol "$b/volume" bind rbind
	mount_on /vol/target tmpfs tmpfs
	mount_on /vol/root/mnt/deeper tmpfs tmpfs
	edit '.root.readonly = false'
	harmless root
	has_line "$out" target
	rm -r --one-file-system "$b/volume"/{target,root}
	ln -s "../../../../../../../../../$host/dir" "$b/volume/target"
	ln -s / "$b/volume/root"
	watch_mounts
	run_any
	no_mount_on_the_host
	host_is_untouched
}

# --- CVE-2024-21626: a leaked directory fd as working directory ---

test_cve_2024_21626_cwd_through_an_inherited_fd() {
	local fd
	bundle cwd : ls ../../../../..
	a_host
	harmless payload
	for fd in {3..20}; do
		edit '.process.cwd = $c' --arg c "/proc/self/fd/$fd"
		run_any 7</ 9<"$host"
		((rc)) || lacks "$out" "home"
	done
	for fd in {3..20}; do
		rm -f "$b/rootfs/link"
		ln -s "/proc/self/fd/$fd" "$b/rootfs/link"
		edit '.process.cwd = "/link"'
		run_any 7</
		differs "$rc" 0 "exit code for a link to fd $fd"
	done
	host_is_untouched
}

test_cve_2024_21626_cwd_of_exec() {
	local fd
	bundle pause
	create
	start
	good nacre exec --cwd /proc/1 "$id" /payload cwd 7</
	has "$out" /proc/
	for fd in {3..20}; do
		try nacre exec --cwd "/proc/self/fd/$fd" "$id" /payload cwd 7</
		differs "$rc" 0 "exit code for fd $fd" || return
	done
}

# --- CVE-2024-45310: directories made outside through a race ---

test_cve_2024_45310_nothing_is_made_on_the_host() {
	bundle ls /vol/a/b
	a_host
	mkdir -p "$b/volume/a" "$host/dir/b"
	host_before=$(look_at_host)
	mount_on /vol "$b/volume" bind rbind
	mount_on /vol/a/b/new/deep tmpfs tmpfs
	mount_on /vol/a/b/file "$b/rootfs/etc/passwd" bind bind
	harmless file
	has_line "$out" new
	# The attack begins with nothing below it, too.
	rm -r --one-file-system "$b/volume/a/b"
	ln -s "$host/dir" "$b/volume/link"
	watch_mounts
	races "$b/volume/a" "$b/volume/link"
	no_mount_on_the_host
	host_is_untouched
}

# --- CVE-2025-31133: the /dev/null that masks is a symlink ---

own_dev() {
	mkdir "$b/dev"
	edit '.mounts |= map(if .destination == "/dev" then {destination: "/dev", source: $s, type: "bind",
		options: ["rbind"]} else . end) | .mounts |= map(select(.destination
		| IN("/dev/pts", "/dev/shm", "/dev/mqueue") | not))' --arg s "$b/dev"
}

mask_holds() {
	lacks "$out" secret
}

test_cve_2025_31133_dev_null_as_a_symlink() {
	local target
	for target in /proc/sys/kernel/core_pattern /etc/shown "$T/host/file"; do
		bundle cat /etc/secret : write /etc/secret "changed" : cat /etc/shown
		a_host
		own_dev
		echo the secret >"$b/rootfs/etc/secret"
		echo shown >"$b/rootfs/etc/shown"
		edit '.linux.maskedPaths += ["/etc/secret"] | .root.readonly = false'
		run_any
		has "$out" shown
		mask_holds
		rm -f "$b/dev/null"
		ln -s "$target" "$b/dev/null"
		run_any
		mask_holds
		is "$(<"$b/rootfs/etc/secret")" "the secret"
		is "$(<"$b/rootfs/etc/shown")" shown
		host_is_untouched
	done
}

test_cve_2025_31133_dev_null_exchanged_in_a_race() {
	needs_mknod || return
	bundle cat /etc/secret : write /etc/secret /proc/sysrq-trigger
	a_host
	own_dev
	mknod "$b/dev/null" c 1 3
	echo the secret >"$b/rootfs/etc/secret"
	edit '.linux.maskedPaths += ["/etc/secret"]'
	harmless "write: ok"
	mask_holds
	ln -s "$host/file" "$b/dev/link"
	races "$b/dev/null" "$b/dev/link" mask_holds
	host_is_untouched
}

# --- CVE-2025-52565, CVE-2026-88264: /dev/console as a symlink ---

test_cve_2025_52565_dev_console_as_a_symlink() {
	local target
	for target in file new dir; do
		bundle stat /dev/console : cat /proc/self/mountinfo
		a_host
		edit '.process.terminal = true'
		own_dev
		edit '.mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts",
			options: ["newinstance", "ptmxmode=0666", "mode=0620"]}]'
		mkdir "$b/dev/pts"
		harmless "/dev/console: c *"
		rm -f "$b/dev/console"
		ln -s "$host/$target" "$b/dev/console"
		watch_mounts
		run_any
		no_mount_on_the_host
		host_is_untouched
		edit '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
		rm -f "$b/rootfs/dev/console"
		ln -s "$host/$target" "$b/rootfs/dev/console"
		run_any
		no_mount_on_the_host
		host_is_untouched
	done
}

no_terminal_in_proc() {
	lacks "$(grep ' /proc/s' <<<"$out")" devpts
}

test_cve_2025_52565_dev_console_exchanged_in_a_race() {
	bundle cat /proc/self/mountinfo
	a_host
	edit '.process.terminal = true'
	own_dev
	edit '.mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts",
		options: ["newinstance", "ptmxmode=0666", "mode=0620"]}]'
	mkdir "$b/dev/pts"
	touch "$b/dev/console"
	harmless "* /dev/console * - devpts *"
	ln -s /proc/sys/kernel/core_pattern "$b/dev/link"
	watch_mounts
	races "$b/dev/console" "$b/dev/link" no_terminal_in_proc
	no_mount_on_the_host
	host_is_untouched
}

# --- CVE-2025-52881, CVE-2019-16884: writes to /proc are led elsewhere ---

test_cve_2025_52881_a_false_proc_gets_no_writes() {
	needs_unshare || return
	bundle pause
	a_host
	edit '.linux.sysctl = {"kernel.msgmax": "4321"} | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	create
	is "$(nsenter -t "$(pid_of)" -i cat /proc/sys/kernel/msgmax)" 4321 "sysctl without the attack"
	good nacre delete --force "$id"
	edit '.mounts |= map(select(.destination != "/proc"))'
	mkdir -p "$b/rootfs/proc/sys/kernel" "$b/rootfs/proc/self/attr"
	echo fake >"$b/rootfs/proc/sys/kernel/msgmax"
	echo fake >"$b/rootfs/proc/self/attr/exec"
	try nacre create --profile oci --bundle "$b" "$id"
	is "$(<"$b/rootfs/proc/sys/kernel/msgmax")" fake "false sysctl"
	is "$(<"$b/rootfs/proc/self/attr/exec")" fake "false label"
	if ((rc == 0)); then
		is "$(nsenter -t "$(pid_of)" -i cat /proc/sys/kernel/msgmax)" 4321 "true sysctl"
	fi
	host_is_untouched
}

test_cve_2025_52881_nothing_may_be_mounted_over_what_is_written() {
	local target
	bundle cat /proc/sys/kernel/msgmax
	edit '.linux.sysctl = {"kernel.msgmax": "4321"}'
	harmless 4321
	for target in /proc/sys/kernel/msgmax /proc/sys /proc/sys/kernel /proc/self /proc/1/attr \
		/proc/self/attr/apparmor/exec /proc/../proc/sys /proc/fd; do
		edit '.mounts |= map(select(.source != $s))' --arg s "$b/rootfs/etc/passwd"
		mount_on "$target" "$b/rootfs/etc/passwd" bind bind
		run_refused "*/proc*"
	done
}

test_cve_2025_52881_a_false_procfs_by_bind_is_refused() {
	bundle echo ran
	harmless ran
	mkdir -p "$b/false/sys/kernel"
	edit '.mounts |= map(if .destination == "/proc" then {destination: "/proc", source: $s, type: "bind",
		options: ["rbind"]} else . end)' --arg s "$b/false"
	run_refused "*/proc*"
}

# --- CVE-2026-41579, CVE-2026-47766: /dev of the rootfs is a symlink ---

test_cve_2026_41579_dev_as_a_symlink() {
	local with
	for with in yes no; do
		bundle ls /dev
		a_host
		edit '.root.readonly = false'
		[[ $with == no ]] &&
			edit '.mounts |= map(select(.destination | startswith("/dev") | not))'
		harmless null
		rm -r --one-file-system "$b/rootfs/dev"
		ln -s "$host/dir" "$b/rootfs/dev"
		watch_mounts
		run_any
		no_mount_on_the_host
		host_is_untouched
	done
}

test_cve_2026_41579_dev_exchanged_in_a_race() {
	needs_mknod || return
	bundle ls /dev/sub
	a_host
	edit '.root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))
		| .linux.devices = [{path: "/dev/sub/own", type: "c", major: 1, minor: 3}]'
	harmless own
	rm -r --one-file-system "$b/rootfs/dev"
	mkdir "$b/rootfs/dev"
	ln -s "$host/dir" "$b/rootfs/link"
	watch_mounts
	races "$b/rootfs/dev" "$b/rootfs/link"
	no_mount_on_the_host
	host_is_untouched
}

# --- CVE-2026-88264: /dev/console is made through a dangling symlink ---

test_cve_2026_88264_no_file_appears_on_the_host() {
	bundle tty
	a_host
	edit '.process.terminal = true | .root.readonly = false
		| .mounts |= map(select(.destination | IN("/dev", "/dev/shm", "/dev/mqueue") | not))'
	mkdir "$b/rootfs/dev/pts"
	harmless "tty 0: /dev/pts/*"
	rm -f "$b/rootfs/dev/console"
	ln -s "$host/made" "$b/rootfs/dev/console"
	run_any
	absent "$host/made"
	host_is_untouched
}

# --- CVE-2026-88265: /dev/null, reopened by name, hands a host file over to the user ---

test_cve_2026_88265_no_file_of_the_host_changes_its_owner() {
	local before
	before=$(stat -c %u:%t:%T /dev/null)
	bundle id
	a_host
	own_dev
	edit '.process.user = {uid: 1000, gid: 1000}'
	harmless "uid=1000 gid=1000 *"
	rm -f "$b/dev/null"
	ln -s "$host/file" "$b/dev/null"
	try nacre run --profile oci --bundle "$b" "$id" </dev/null >/dev/null
	host_is_untouched
	is "$(stat -c %u:%t:%T /dev/null)" "$before" "/dev/null of the host"
}

test_stdio_that_is_a_file_of_the_host_keeps_its_owner() {
	local before
	before=$(stat -c %u /dev/null)
	bundle create /tmp/ran
	edit '.process.user = {uid: 1000, gid: 1000} | .root.readonly = false'
	nacre run --profile oci --bundle "$b" "$id" >>/dev/null 2>&1 </dev/null
	exists "$b/rootfs/tmp/ran"
	is "$(stat -c %u /dev/null)" "$before" "owner of /dev/null"
}

# --- the same classes elsewhere ---

# R12, CVE-2026-47262: what the image holds is read with a bound and never waited for.
test_a_hostile_passwd_file_neither_hangs_nor_leads_out() {
	bundle env HOME
	a_host
	edit '.process.env = ["PATH=/"]'
	harmless HOME=/root
	rm "$b/rootfs/etc/passwd"
	mkfifo "$b/rootfs/etc/passwd"
	LIMIT=10 run_any
	((rc < 124)) || wrong "it hung on a fifo"
	rm "$b/rootfs/etc/passwd"
	ln -s /dev/zero "$b/rootfs/etc/passwd"
	LIMIT=10 run_any
	((rc < 124)) || wrong "it read without end"
	rm "$b/rootfs/etc/passwd"
	ln -s "$host/file" "$b/rootfs/etc/passwd"
	echo "root:x:0:0::$host:/bin/sh" >"$host/file"
	LIMIT=10 run_any
	lacks "$out" "$host"
}

# CVE-2016-9962: what enters the container can be neither traced nor looked into, as it is not dumpable.
# The program has all capabilities that nacre has, so that this alone keeps it out. CAP_SYS_PTRACE is not
# among them: with that of the host the kernel lets it look into anything.
test_the_process_that_enters_shows_no_fd_of_the_host() {
	local names untraced=(env "NACRE_TEST=$T" setpriv --bounding-set -sys_ptrace)
	needs_root || return
	bundle true
	with_busybox || return
	program /bin/sh -c 'while [ ! -e /tmp/end ]; do
		for p in /proc/[0-9]*; do [ $p = /proc/1 ] || ls -l $p/fd $p/cwd $p/root; done; done 2>/dev/null'
	names=$("${untraced[@]}" setpriv --dump | sed -n 's/^Capability bounding set: //p')
	# shellcheck disable=SC2046 # several words
	capabilities $(tr ',a-z' ' A-Z' <<<",$names" | sed 's/ / CAP_/g')
	good "${untraced[@]}" "$NACRE" --root "$ROOT" "${places[@]}" run --detach --profile oci --bundle "$b" "$id"
	created_out=$out_file
	for i in {1..40}; do
		good "${untraced[@]}" "$NACRE" --root "$ROOT" exec "$id" /payload true
	done
	: >"$b/rootfs/tmp/end"
	wait_for status_is stopped
	has "$(<"$created_out")" "/cwd"
	lacks "$(<"$created_out")" "$ROOT"
	lacks "$(<"$created_out")" "$b"
	is "$(grep -m 1 '/cwd -> /.' "$created_out")" "" "working directory on the host"
}

# R6: the binary of the runtime is on no mount that the container could write through.
test_the_runtime_is_not_reachable_from_the_program() {
	bundle readlink /proc/self/exe : fds
	run
	has_line "$out" "/proc/self/exe -> /payload"
}

# R11: nothing of the container is used as a path of the host.
test_hostile_names_in_the_config_stay_inside() {
	bundle echo ran
	a_host
	harmless ran
	edit '.linux.devices = [{path: $p, type: "c", major: 1, minor: 3}] | .root.readonly = false' \
		--arg p "/../../../../../../..$host/dir/device"
	run_any
	host_is_untouched
	edit '.linux.devices = [] | .linux.maskedPaths = [$p] | .linux.readonlyPaths = [$p]' \
		--arg p "/../../../../../../..$host/file"
	run_any
	host_is_untouched
}

all_tests "$@"
