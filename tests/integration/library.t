#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libnacre as a program finds it after an install: by pkg-config, shared and static, from C and C++.
. "$(dirname "$0")/lib.sh"

example=$(realpath "$(dirname "$0")/../../contrib/example/run-bundle.c")
manual=$(realpath "$(dirname "$0")/../../runtime/libnacre.3")
own=$(realpath "$(dirname "$0")/library.c")
archives='' # where the installed library is

needs_install() {
	local name
	needs_plain_build "programs are linked to the library" || return
	for name in meson gcc pkg-config; do
		needs_program "$name" || return
	done
}

# Once for all tests, into a tree of its own.
install_library() {
	local pc
	needs_install || return
	if [[ ! -d $T/tree ]]; then
		good env DESTDIR="$T/tree" meson install -C "$build" --no-rebuild
		((rc == 0)) || return
	fi
	pc=$(find "$T/tree" -name libnacre.pc)
	archives=$(dirname "$pc")/..
	export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$T/tree
	good pkg-config --validate libnacre
}

# flags [--static]: of pkg-config, in the array "flags"
flags() {
	read -ra flags < <(pkg-config "$@" --cflags --libs libnacre)
}

# link COMPILER SOURCE OPTION...: $T/program
link() {
	local compiler=$1 source=$2 language=c
	shift 2
	[[ $compiler != *++ ]] || language=c++
	rm -f "$T/program"
	try "$compiler" -x "$language" -Wall -Wextra -Wpedantic -Werror -O1 -o "$T/program" "$source" \
		-x none "$@"
	((rc == 0)) || wrong "$compiler $*: failed with $rc" "$(head -n 5 <<<"$err")"
}

# linked ARG...: the linked program, which finds the shared library where it was installed
linked() {
	LD_LIBRARY_PATH=$archives NACRE_TEST=$T timeout -k 5 60 "$T/program" "$ROOT" "$@"
}

# The example works, and is linked to the shared library if SHARED is 1.
example_works() {
	local shared=$1
	is "$(readelf -d "$T/program" | grep -c 'NEEDED.*\[libnacre\.so\.0\]')" "$shared" "use of libnacre.so.0"
	bundle echo hello from inside : exit 42
	try linked "$b" "$id" 0
	is "$rc" 42 "exit code"
	is "$out" "hello from inside"
	has_line "$err" "$id: @(created|running|stopped), pid *, profile agent"
	nothing_left
}

test_the_example_with_the_shared_library() {
	install_library || return
	flags
	link gcc "$example" "${flags[@]}" &&
		example_works 1
}

test_the_example_of_the_manual() {
	install_library || return
	flags
	sed -n '/^#include <stdio/,/^\.Ed/{/^\.Ed/!p}' "$manual" | sed 's/\\e/\\/g' >"$T/manual.c"
	link gcc "$T/manual.c" "${flags[@]}" || return
	bundle echo hello from inside : exit 42
	try linked "$b" "$id"
	is "$rc" 42 "exit code"
	is "$out" "hello from inside"
	nothing_left
	try linked "$T/none" "$id"
	is "$rc" 125 "exit code without a bundle"
	has_line "$err" "*$T/none*: No such file or directory"
}

test_the_example_as_cplusplus() {
	needs_program g++ && install_library || return
	flags
	link g++ "$example" "${flags[@]}" &&
		example_works 1
}

test_the_example_with_the_static_library() {
	install_library || return
	flags --static
	link gcc "$example" "${flags[@]/-lnacre/-l:libnacre.a}" &&
		example_works 0
}

test_the_example_as_cplusplus_with_the_static_library() {
	needs_program g++ && install_library || return
	flags --static
	link g++ "$example" "${flags[@]/-lnacre/-l:libnacre.a}" &&
		example_works 0
}

test_the_example_as_a_static_program() {
	install_library || return
	flags --static
	[[ " ${flags[*]} " == *" -lyajl_s "* ]] || { host_lacks "libyajl_s.a is absent"; return; }
	link gcc "$example" -static "${flags[@]}"
	is "$(readelf -d "$T/program" 2>&1 | grep -c NEEDED)" 0 "libraries needed"
	example_works 0
}

test_the_example_ends_what_takes_too_long() {
	install_library || return
	flags
	link gcc "$example" "${flags[@]}" || return
	bundle echo ready : pause
	try linked "$b" "$id" 1
	is "$rc" 137 "exit code"
	has_line "$err" "run-bundle: process * has not ended within 1000 ms"
	nothing_left
}

# Inherited by the example: the kernel keeps no status then.
test_the_example_says_that_a_status_is_not_known() {
	install_library || return
	flags
	link gcc "$example" "${flags[@]}" || return
	bundle exit 5
	try env LD_LIBRARY_PATH="$archives" timeout -k 5 60 env --ignore-signal=CHLD "$T/program" "$ROOT" "$b" "$id" 0
	is "$rc" 125 "exit code"
	has_line "$err" "run-bundle: the program has ended, its status is not known"
	nothing_left
}

test_the_example_says_what_is_wrong() {
	install_library || return
	flags
	link gcc "$example" "${flags[@]}" || return
	try linked "$T/none" "$id" 0
	is "$rc" 125 "exit code"
	has_line "$err" "run-bundle: *$T/none*: No such file or directory"
}

# A program that has every name which the library uses within: none is taken for the library's or by it.
internal_names() {
	nm -g --defined-only "$build/libcontainer/libcore.a" "$build/specs/libspecs.a" 2>/dev/null |
		awk 'NF == 3 && $3 !~ /^nacre_/ { print $3 }' | sort -u
}

program_of_all_names() {
	echo '#include <stdlib.h>'
	echo '#ifdef __cplusplus'
	echo 'extern "C" {'
	echo '#endif'
	internal_names | sed 's/.*/void &(void); void &(void) { abort(); }/'
	echo '#ifdef __cplusplus'
	echo '}'
	echo '#endif'
	cat "$own"
}

# all_names COMPILER FLAG...: $T/names.c works. Some of its names are C's own to a compiler.
all_names() {
	local compiler=$1
	shift
	link "$compiler" "$T/names.c" -fno-builtin "$@" || return
	bundle exit 5
	edit '.annotations.key = "value"'
	try linked create "$b" "$id"
	is "$rc" 0 "exit code"
	is "$err" "" stderr
	has_line "$out" "exit code 5"
	try linked list
	has_line "$out" "$id stopped pid=0 *"
	good nacre delete "$id"
}

test_no_internal_name_is_in_the_way_of_a_program() {
	install_library || return
	is "$(internal_names | grep -cxE 'fail|fail_errno|fail_prefix|arena_new|json_parse|life_run')" 6 \
		"internal names found"
	program_of_all_names >"$T/names.c"
	flags
	all_names gcc "${flags[@]}"
	command -v g++ >/dev/null && all_names g++ "${flags[@]}"
	flags --static
	all_names gcc "${flags[@]/-lnacre/-l:libnacre.a}"
	command -v g++ >/dev/null && all_names g++ "${flags[@]/-lnacre/-l:libnacre.a}"
}

test_a_container_is_inspected_and_listed() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle exit 5
	edit '.annotations = {one: "1", two: "2"}'
	good linked create "$b" "$id"
	local rest="bundle=$b rootfs=$b/rootfs created=set owner=root profile=oci one=1 two=2"
	is "$out" "$id created pid=1 $rest
exit code 5
$id stopped pid=0 $rest"
	good linked list
	is "${out%%$'\n'*}" "$id stopped pid=0 $rest"
	is "$(tail -n 1 <<<"$out" | jq -c 'map([.id, .status, .annotations.two])')" \
		"[[\"$id\",\"stopped\",\"2\"]]" json
	try linked create "$b" "$id"
	is "$err" "library: state directory: container with given ID already exists: $id"
}

test_of_what_another_created_the_end_is_told() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle sleep 1 : exit 5
	create
	good linked start "$id"
	has_line "$out" ended
	has_line "$out" "$id stopped *"
	bad_start=$(linked start "$id" 2>&1) && wrong "it started twice"
	is "$bad_start" "library: cannot start a container that has stopped"
}

test_what_could_not_be_started_for_lack_of_fds_can_be_started() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle pause
	create
	good linked start-short "$id"
	is "$out" "started after errors"
	is "$(state_of .status)" running status
}

# read_only_cgroups COMMAND: where no cgroup can be made
read_only_cgroups() {
	unshare -m --propagation private bash -c \
		'mount -o remount,bind,ro "$0" && exec "$@"' "$cg_mount" "$@"
}

test_no_fd_is_left_of_a_container() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle true
	good linked run "$b" "$id"
	is "$out" "fds leaked: 0" "with a cgroup"
	export -f linked
	good read_only_cgroups env T="$T" ROOT="$ROOT" archives="$archives" \
		bash -c 'linked run "$@"' bash "$b" "$id"
	is "$out" "fds leaked: 0" "without a cgroup"
	bad 1 "cgroup *: Read-only file system" \
		read_only_cgroups "$NACRE" --root "$ROOT" run --profile oci --bundle "$b" "$id"
}

# exec_and_run: a program that execs in a container has its own children where it had them, and can run
# the next when that one has ended.
exec_and_run() {
	good linked exec "$b" "$id" "$id-2"
	is "$out" "exit code 7"
	is "$err" "" stderr
	nothing_left
}

test_after_an_exec_the_callers_children_are_its_own() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle pause
	exec_and_run
}

test_after_an_exec_into_a_time_namespace_too() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle pause
	edit '.linux.namespaces += [{type: "time"}]'
	exec_and_run
}

# The tracer is forked, and goes on in C code.
test_a_caller_with_threads_starts_no_traced_container() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" -pthread || return
	bundle pause
	good linked threads "$b" "$id"
	is "$out" "the calling process has 2 threads, it may have one only"
	nothing_left
}

# Without a pid namespace its end does not take the others along.
test_all_of_a_started_container_is_killed() {
	install_library || return
	flags
	link gcc "$own" "${flags[@]}" || return
	bundle sh
	with_busybox || return
	program /bin/sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	without_namespace pid
	create
	find_cgroup
	good linked kill "$id"
	wait_for grep -qx 'populated 0' "$cg/cgroup.events"
	status_is stopped || wrong "it is not stopped"
}

# Without a word of where it is: as root would install it, in a mount namespace in which /etc and the
# prefix can be written to.
test_after_an_install_ld_so_and_pkg_config_find_it() {
	local prefix
	needs_install && needs_mount || return
	prefix=$(jq -r '.[] | select(.name == "prefix").value' "$build/meson-info/intro-buildoptions.json")
	[[ $prefix == /usr || $prefix == /usr/local ]] || { host_lacks "the prefix is $prefix"; return; }
	unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
	bundle echo found
	good unshare -m bash -eu -c '
		mount -t tmpfs tmpfs "$1"
		for name in etc var/cache/ldconfig "${2#/}"; do
			mkdir -p "/$name" "$1/upper/$name" "$1/wd/$name"
			mount -t overlay -o "lowerdir=/$name,upperdir=$1/upper/$name,workdir=$1/wd/$name" \
				overlay "/$name"
		done
		meson install -C "$3" --no-rebuild >&2
		read -ra flags < <(pkg-config --cflags --libs libnacre)
		gcc -o "$1/program" "$4" "${flags[@]}"
		NACRE_TEST=$5 "$1/program" "$6" "$7" "$8" 0' \
		bash "$(mktemp -d -p "$T")" "$prefix" "$build" "$example" "$T" "$ROOT" "$b" "$id"
	is "${out##*$'\n'}" found
	nothing_left
}

all_tests "$@"
