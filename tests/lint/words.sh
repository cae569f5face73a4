#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What must not stand in the project: notes to oneself, names that say nothing.
set -u
cd "$SOURCE" || exit 1
failed=0
folders=(specs libcontainer runtime shim tests contrib .ci)
documents=(README.md NEWS.md CONTRIBUTING.md SECURITY.md meson.build meson_options.txt)

complain() {
	echo "words: $1" >&2
	failed=1
}

found=$(grep -rnIE --exclude=words.sh --exclude=tally.py \
	'\b(TODO|FIXME|XXX|HACK|WIP)\b' "${folders[@]}" "${documents[@]}")
[[ -z $found ]] || complain "a note to oneself:"$'\n'"$found"

found=$(find "${folders[@]}" -type f | grep -iE '/[^/]*(utils?|helpers?|misc|common)[^/]*$')
[[ -z $found ]] || complain "a name that says nothing:"$'\n'"$found"

found=$(grep -rnIE '[ 	]+$' --include='*.[ch]' --include='*.sh' --include='*.t' --include='*.md' \
	"${folders[@]}" "${documents[@]}")
[[ -z $found ]] || complain "blanks at the end of a line:"$'\n'"$found"

exit $failed
