#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages know every command and option that the program prints.
set -u
failed=0

complain() {
	echo "manual: $1" >&2
	failed=1
}

commands=$("$NACRE" help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')
[ -n "$commands" ] || complain "\"nacre help\" lists no command"
for command in '' $commands; do
	page=$SOURCE/runtime/nacre.8
	[ -z "$command" ] || grep -q "^\.\(It \)\{0,1\}Cm $command\( \|$\)" "$page" ||
		complain "command $command is missing"
	for own in "$SOURCE/runtime/nacre-$command".[18]; do
		[ ! -e "$own" ] || page=$own
	done
	# shellcheck disable=SC2086 # no command: the options before it
	for option in $("$NACRE" help $command | sed -n 's/^ \{2,6\}\(-[a-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p'); do
		grep -q -e "\(Fl\|,\) -$option\( \|$\)" "$page" ||
			complain "option --$option of ${command:-nacre} is missing"
	done
done

# shellcheck disable=SC2016 # "$0" is of the other shell
options=$(bash -c 'exec -a bwrap "$0" --help' "$NACRE" | sed -n 's/^ *--\([a-z0-9-]*\) .*/\1/p')
[ -n "$options" ] || complain "\"bwrap --help\" lists no option"
for option in $options; do
	grep -q "^\.It .*Fl -$option\( \|$\)" "$SOURCE/runtime/nacre-bwrap.1" ||
		complain "option --$option of nacre-bwrap is missing"
done

# The version stands in the manuals, in NEWS.md and in meson.build.
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$SOURCE/meson.build")
[ -n "$version" ] || complain "meson.build has no version"
grep -q "^## $version\$" "$SOURCE/NEWS.md" || complain "NEWS.md has no heading $version"
for page in "$SOURCE"/runtime/*.[1-8]; do
	grep -qxF ".Os nacre $version" "$page" || complain "${page##*/} is not of version $version"
done

exit $failed
