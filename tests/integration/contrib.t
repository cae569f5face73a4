#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What contrib/quickstart leaves on the host, and what contrib/check asks for. Stand-ins take the place of
# apt, dpkg, compilers and nacre: nothing is installed or built. tests/distributions runs the real ones.
. "$(dirname "$0")/lib.sh"

contrib=$(readlink -f "$(dirname "$0")/../../contrib")

# stand_in NAME: a script from stdin, in $T/b/bin; each looks at the tree when it ends
stand_in() {
	mkdir -p "$T/b/bin"
	{
		echo '#!/bin/bash'
		cat
		echo "exec bash $T/b/look"
	} >"$T/b/bin/$1"
	chmod 755 "$T/b/bin/$1"
}

# A copy of contrib/, with stand-ins that make a root with a Python that is setuid in its
# package, and empty.
quickstart_tree() {
	mkdir -p "$T/b/top" "$T/b/deb/usr/bin"
	chmod 755 "$T/b" "$T/b/top"
	cp -r "$contrib" "$T/b/top/"
	install -m 4755 /dev/null "$T/b/deb/usr/bin/python3"
	tar -C "$T/b/deb" -cf "$T/b/deb.tar" .
	cat >"$T/b/look" <<-END
		[[ ! -d $T/b/top/build/quickstart ]] || echo seen >>$T/b/seen
		find $T/b/top -type f -perm /6000 >>$T/b/setuid
		! setpriv --reuid 65534 --regid 65534 --clear-groups ls $T/b/top/build/quickstart \
			>/dev/null 2>&1 || echo entered >>$T/b/entered
		exit 0
	END
	stand_in dpkg-query <<<'echo installed'
	stand_in apt-get <<-'END'
		for a; do
			[[ $a != Dir::Cache::archives=* ]] || : >"${a#*=}/python3.deb"
		done
	END
	stand_in dpkg-deb <<<"cat $T/b/deb.tar"
	# shellcheck disable=SC2016 # of the other script
	stand_in meson <<<'mkdir -p "$2"; : >"$2/build.ninja"'
	# shellcheck disable=SC2016
	stand_in ninja <<<"cp $T/b/bin/nacre"' "$2/nacre"'
	stand_in nacre <<-END
		for a; do
			[[ \$verb != spec || ! -d \$a ]] || $NACRE spec --bundle "\$a"
			[[ \$a != @(spec|harden|run) ]] || verb=\$a
		done
		echo '{"try": "setuid", "what": "x", "result": "stopped", "detail": "EPERM", "changes": []}'
	END
}

quickstart() {
	good env "PATH=$T/b/bin:$PATH" bash "$T/b/top/contrib/quickstart"
}

test_quickstart_keeps_others_out_and_makes_no_setuid_file() {
	[[ $who == root ]] || { host_lacks "quickstart is root's"; return; }
	quickstart_tree
	umask 000
	quickstart
	quickstart
	umask 022
	has "$(cat "$T/b/seen")" seen
	is "$(cat "$T/b/setuid")" "" "setuid files"
	absent "$T/b/entered"
	is "$(stat -c %a "$T/b/top/build/quickstart")" 700 "mode"
	is "$(awk 'length > 100' "$T"/out.* "$T"/err.*)" "" "lines of more than 100 columns"
	absent "$T/b/top/build/quickstart/secret"
	absent "$T/b/top/build/quickstart/state"
}

# The next commands of README.md write into it without root.
test_quickstart_leaves_the_build_to_the_owner_of_the_clone() {
	[[ $who == root ]] || { host_lacks "quickstart is root's"; return; }
	quickstart_tree
	chown -R 65534:65534 "$T/b/top"
	quickstart
	is "$(find "$T/b/top" -path '*/build/quickstart' -prune -o ! \( -uid 65534 -gid 65534 \) -print)" "" "root's"
	is "$(stat -c %u "$T/b/top/build/build.ninja") $(stat -c '%u %a' "$T/b/top/build/quickstart")" "65534 0 700" "owners"
	stand_in ninja <<<'exit 1'
	rm "$T/b/top/build/build.ninja"
	try env "PATH=$T/b/bin:$PATH" bash "$T/b/top/contrib/quickstart"
	has "$err" "the build failed"
	is "$rc $(stat -c %u "$T/b/top/build/build.ninja")" "1 65534" "after a failure"
}

test_quickstart_takes_away_a_setuid_file_of_before() {
	[[ $who == root ]] || { host_lacks "quickstart is root's"; return; }
	quickstart_tree
	mkdir -p "$T/b/top/build/quickstart/bundle/rootfs"
	install -m 4755 /dev/null "$T/b/top/build/quickstart/bundle/rootfs/old"
	quickstart
	absent "$T/b/top/build/quickstart/bundle/rootfs/old"
	is "$(find "$T/b/top" -type f -perm /6000)" "" "setuid files"
}

# check_as_user LEVEL...: with no package installed
check_as_user() {
	mkdir -p "$T/b/top"
	cp -r "$contrib" "$T/b/top/"
	chmod -R go+rX "$T/b"
	: >"$T/b/look"
	stand_in dpkg-query <<<'echo not-installed'
	stand_in apt-get <<<"touch $T/b/called"
	try setpriv --reuid 65534 --regid 65534 --clear-groups env "PATH=$T/b/bin:$PATH" \
		bash "$T/b/top/contrib/check" "$@"
	is "$rc" 1 "status"
	absent "$T/b/called"
}

test_check_names_what_a_level_needs_and_no_more() {
	[[ $who == root ]] || { host_lacks "becomes another user"; return; }
	check_as_user unit
	is "$err" "check: these packages are missing: sudo apt-get install gcc libc6-dev meson ninja-build\
 pkg-config libyajl-dev libseccomp-dev libcap-dev libc-ares-dev libmnl-dev libssl-dev libsystemd-dev check"
	check_as_user unit live
	is "$err" "check: the level live needs root: sudo $T/b/top/contrib/check unit live"
}

all_tests "$@"
