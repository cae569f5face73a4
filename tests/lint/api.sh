#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# container.h, libcontainer.map, libnacre.so and libnacre.a have the same calls, and no other names; and
# the header can be included alone, from C and C++, whatever warnings the program asks for.
set -u
cd "$SOURCE" || exit 1
header=libcontainer/container.h
failed=0 skipped=''
D=$(mktemp -d) || exit 99
trap 'rm -rf "$D"' EXIT

complain() {
	echo "api: $*" >&2
	failed=1
}

has() {
	command -v "$1" >/dev/null && return
	skipped+="$1 is not installed; "
	return 1
}

# The calls that the header declares, without its comments.
perl -0777 -pe 's{/\*.*?\*/}{ }gs; s{^#.*}{}gm' "$header" | tr '\n' ' ' | grep -o 'NACRE_API [^;]*;' |
	sed -n 's/^[^(]*[ *]\([a-zA-Z_0-9]*\) *(.*/\1/p' | sort >"$D/header"
sed -n '/^global:/,/^local:/s/^\t\(.*\);$/\1/p' libcontainer/libcontainer.map >"$D/map"
(($(wc -l <"$D/header") > 30)) || complain "$header is not understood"
difference=$(diff "$D/header" "$D/map") ||
	complain "libcontainer.map (>) has not the calls of $header (<), sorted:"$'\n'"$difference"

# matches FILE NM_OPTION...
matches() {
	local file=$1 difference
	shift
	# A sanitizer's build exports what is the sanitizer's.
	nm "$@" --defined-only "$file" | awk 'NF == 3 && $2 != "A" { sub(/@.*/, "", $3); print $3 }' |
		grep -vE '^_*(asan|ubsan|sanitizer|gcov|llvm)_' | sort >"$D/exported"
	difference=$(diff "$D/header" "$D/exported") ||
		complain "${file##*/} (>) has not the calls of $header (<):"$'\n'"$difference"
}
has nm && matches "$LIBNACRE.so" -D && matches "$LIBNACRE.a" -g

# Macros, tags, enumerators, typedefs: all that the header gives a program beside its calls.
sed 's/#include "\(.*\)"//' specs/nacre_error.h "$header" >"$D/own.h"
grep '#include <' "$header" >"$D/foreign.h"
names() {
	has gcc && comm -13 <(gcc -E -dM "$D/foreign.h" | sort) <(gcc -E -dM "$D/own.h" | sort) |
		awk '{ print $2 }'
	if ctags --version 2>/dev/null | grep -q Universal; then
		ctags -x --kinds-C=egpstux "$D/own.h" | awk '{ print $1 }'
	else
		skipped+="universal-ctags is not installed; "
	fi
}
names >"$D/names"
foreign=$(sed 's/(.*//' "$D/names" | grep -vE '^(nacre|NACRE|__anon)' | sort -u)
[[ -z $foreign ]] || complain "$header has names that are not nacre's:"$'\n'"$foreign"

# alone COMPILER LANGUAGE STANDARD...
alone() {
	local compiler=$1 language=$2 standard output
	shift 2
	has "$compiler" || return
	for standard; do
		printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$D/alone"
		output=$("$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Wpedantic -Wshadow \
			-Wundef -Werror -fsyntax-only -I. "$D/alone" 2>&1) ||
			complain "$compiler -std=$standard:"$'\n'"$output"
	done
}
alone gcc c c99 c11 gnu17
alone clang c c99 c11 gnu17
alone g++ c++ c++11 c++17 c++20
alone clang++ c++ c++11 c++17 c++20

# Every call and every member of a struct stands in the manual.
page=runtime/libnacre.3
while read -r call; do
	grep -qE "^\.It Fn $call( |$)" "$page" || complain "$page lacks $call"
done <"$D/header"
members=$(perl -0777 -ne 's{/\*.*?\*/}{ }gs; while (/struct nacre_\w+ \{(.*?)\n\};/gs) {
	for (split /;/, $1) { print "$1\n" if /\(\*(\w+)\)\(/ || /(\w+)\s*$/ } }' "$header" | sort -u)
(($(wc -l <<<"$members") > 100)) || complain "the structs of $header are not understood"
for member in $members; do
	grep -qE "(Va|,) $member( |$)" "$page" || complain "$page lacks the member $member"
done

((failed)) && exit 1
[[ -z $skipped ]] && exit
echo "${skipped%; }" >&2
exit 77
