#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The form of sources, manual pages and words, as one version of each tool sees it: for .ci/run, not for
# a user, whose versions find other things.
set -u
cd "$SOURCE" || exit 1
failed=0 skipped=''
mapfile -t sources < <(find specs libcontainer runtime shim tests -name '*.[ch]' | sort)
mapfile -t product < <(find specs libcontainer runtime shim -name '*.[ch]' | sort)

complain() {
	echo "form: $*" >&2
	failed=1
}

# has PROGRAM
has() {
	command -v "$1" >/dev/null && return
	skipped+="$1 is not installed; "
	return 1
}

# Version 14: others disagree about a blank here and there.
formatter() {
	local name
	for name in clang-format-14 clang-format; do
		"$name" --version 2>/dev/null | grep -q 'version 14\.' && echo "$name" && return
	done
}

format() {
	local program
	program=$(formatter)
	if [[ -z $program ]]; then
		skipped+="clang-format 14 is not installed; "
		return
	fi
	"$program" --dry-run -Werror "${sources[@]}" || complain "clang-format -i mends it"
}

# But for the public header: it is one by design, and the manual of the library.
file_length() {
	local file lines
	for file in "${sources[@]}"; do
		[[ $file != libcontainer/container.h ]] || continue
		lines=$(wc -l <"$file")
		((lines <= 400)) || complain "$file: $lines lines, 400 are too many"
	done
}

# No function of the product is longer than 60 lines.
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
		if (last - first + 1 > 60) {
			print "form: " $2 ":" first ": " $1 " has " last - first + 1 " lines, 60 are too many"
			bad = 1
		}
	}
	END { exit bad }' >&2 || failed=1
}

# Whether other pages are installed here says nothing about these. .Os is the version of nacre.
manual() {
	local found
	has mandoc || return
	found=$(mandoc -Tlint runtime/*nacre*.[1-8] 2>/dev/null |
		grep -vE 'Xr: |referenced manual not found|mandoc\.db|operating system explicitly')
	[[ -z $found ]] || complain "$found"
}

# .Nd is a macro of the manual page, --tabl an option that is not there, a crate what cargo fetches, passt a package
spelling() {
	has codespell || return
	codespell --skip '*.json,words.sh,corpus,go.sum' --ignore-words-list nd,tabl,crate,passt specs libcontainer runtime shim tests \
		contrib .ci README.md NEWS.md CONTRIBUTING.md SECURITY.md meson.build meson_options.txt || complain "spelling"
}

format
file_length
function_length
manual
spelling
((failed)) && exit 1
[[ -z $skipped ]] && exit
echo "${skipped%; }" >&2
exit 77
