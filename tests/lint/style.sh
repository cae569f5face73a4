#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What no source may have: another first line, calls and words that are forbidden.
set -u
cd "$SOURCE" || exit 1
failed=0
mapfile -t sources < <(find specs libcontainer runtime shim tests -name '*.[ch]' | sort)
mapfile -t product < <(find specs libcontainer runtime shim -name '*.[ch]' | sort)

complain() {
	echo "style: $*" >&2
	failed=1
}

first_line() {
	local file
	for file in "${sources[@]}"; do
		[[ $(head -1 "$file") == '/* SPDX-License-Identifier: Apache-2.0 */' ]] ||
			complain "$file: the first line is not the licence's"
	done
}

# FILE:LINE:TEXT of code alone: comments and the insides of strings are blanked. // is a finding.
code() {
	perl -0777 -ne '
		s{("(?:\\.|[^"\\\n])*")|(\x27(?:\\.|[^\x27\\\n])*\x27)|(/\*.*?\*/)|(//[^\n]*)}
		 {my $t = $&; defined $4 ? "// comment" : defined $3 ? "\n" x ($t =~ tr/\n//) : "\"\""}gse;
		my $n = 0;
		print "$ARGV:", ++$n, ":$_\n" for split /\n/;' "$@"
}

# forbid REGEX WHY FILE...
forbid() {
	local regex=$1 why=$2 found
	shift 2
	found=$(code "$@" | grep -E "^[^:]*:[0-9]+:.*$regex")
	[[ -z $found ]] || complain "$why:"$'\n'"$found"
}

words() {
	local libraries=()
	mapfile -t libraries < <(find specs libcontainer -path libcontainer/companions -prune -o -name '*.[ch]' -print)
	mapfile -t without_sys < <(printf '%s\n' "${product[@]}" | grep -vxE 'libcontainer/(base/sys(_landlock)?\.h|process/self_protect_entry\.c)')
	forbid '// comment' 'comments are /* */; // marks what must not stay' "${sources[@]}"
	forbid '\bsyscall\(' 'raw system calls stand in libcontainer/base/sys.h and sys_landlock.h' "${without_sys[@]}"
	forbid '\b(strcat|gets|alloca|atoi|atol|mktemp|tmpnam|system|popen)\(' \
		'unbounded or ambiguous' "${product[@]}"
	forbid '\b(printf|puts|perror|exit|abort)\(' 'a library neither prints nor exits' "${libraries[@]}"
	forbid '\btypedef (struct|union|enum)\b' 'structs keep their tag' "${sources[@]}"
	forbid '\b(LIKELY|UNLIKELY|likely|unlikely)\(' 'no branch hints' "${product[@]}"
}

# A name that was not found is empty, and what was meant for a container's cgroup lands in the host's root:
# find_cgroup fails instead. (An io.cost.* is that of the test's own device.)
own_cgroups() {
	local found
	# shellcheck disable=SC2016
	found=$(grep -nE '(mkdir|rmdir|>) *(-p )?"?\$\{?cg_mount' tests/integration/*.t | grep -vE '\$tag|\$cg_base|/io\.cost\.')
	[[ -z $found ]] || complain "a test writes to a cgroup that it may not have made; use find_cgroup:"$'\n'"$found"
}

first_line
words
own_cgroups
exit $failed
