#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The form of the sources: clang-format decides, and what it cannot see is checked here.
set -u
cd "$SOURCE" || exit 1
failed=0 skipped=''
mapfile -t sources < <(find specs libcontainer runtime tests -name '*.[ch]' | sort)
mapfile -t product < <(find specs libcontainer runtime -name '*.[ch]' | sort)

complain() {
	echo "style: $*" >&2
	failed=1
}

# Version 14: others disagree about a blank here and there.
formatter() {
	local name
	for name in clang-format-14 clang-format; do
		"$name" --version 2>/dev/null | grep -q 'version 14\.' && echo "$name" && return
	done
}

form() {
	local program
	program=$(formatter)
	if [[ -z $program ]]; then
		skipped+="clang-format 14 is not installed; "
		return
	fi
	"$program" --dry-run -Werror "${sources[@]}" || complain "clang-format -i mends it"
}

first_line() {
	local file
	for file in "${sources[@]}"; do
		[[ $(head -1 "$file") == '/* SPDX-License-Identifier: Apache-2.0 */' ]] ||
			complain "$file: the first line is not the licence's"
	done
}

file_length() {
	local file lines
	for file in "${sources[@]}"; do
		lines=$(wc -l <"$file")
		((lines <= 500)) || complain "$file: $lines lines, 500 are too many"
	done
}

# No function of the product is longer than 70 lines.
function_length() {
	if ! ctags --version 2>/dev/null | grep -q Universal; then
		skipped+="universal-ctags is not installed; "
		return
	fi
	ctags -n -o - --languages=C --kinds-C=f --fields=+ne "${product[@]}" | awk -F'\t' '
	{
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) first = substr($i, 6)
			if ($i ~ /^end:/) last = substr($i, 5)
		}
		if (last - first + 1 > 70) {
			print "style: " $2 ":" first ": " $1 " has " last - first + 1 " lines, 70 are too many"
			bad = 1
		}
	}
	END { exit bad }' >&2 || failed=1
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
	mapfile -t without_sys < <(printf '%s\n' "${product[@]}" | grep -vxE 'libcontainer/(base/sys\.h|process/self_protect_entry\.c)')
	forbid '// comment' 'comments are /* */; // marks what must not stay' "${sources[@]}"
	forbid '\bsyscall\(' 'raw system calls stand in libcontainer/base/sys.h' "${without_sys[@]}"
	forbid '\b(strcat|gets|alloca|atoi|atol|mktemp|tmpnam|system|popen)\(' \
		'unbounded or ambiguous' "${product[@]}"
	forbid '\b(printf|puts|perror|exit|abort)\(' 'a library neither prints nor exits' "${libraries[@]}"
	forbid '\btypedef (struct|union|enum)\b' 'structs keep their tag' "${sources[@]}"
	forbid '\b(LIKELY|UNLIKELY|likely|unlikely)\(' 'no branch hints' "${product[@]}"
}

form
first_line
file_length
function_length
words
((failed)) && exit 1
[[ -z $skipped ]] && exit
echo "${skipped%; }" >&2
exit 77
