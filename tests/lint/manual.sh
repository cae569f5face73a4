#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual page is well-formed and knows every command and option that the program prints.
set -u
page=$SOURCE/runtime/nacre.8
failed=0

complain() {
	echo "manual: $1" >&2
	failed=1
}

commands=$("$NACRE" help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')
[ -n "$commands" ] || complain "\"nacre help\" lists no command"
for command in '' $commands; do
	[ -z "$command" ] || grep -q "^\.\(It \)\{0,1\}Cm $command\( \|$\)" "$page" ||
		complain "command $command is missing"
	# shellcheck disable=SC2086 # no command: the options before it
	for option in $("$NACRE" help $command | sed -n 's/^ \{2,6\}\(-[a-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p'); do
		grep -q -e "\(Fl\|,\) -$option\( \|$\)" "$page" ||
			complain "option --$option of ${command:-nacre} is missing"
	done
done

if command -v mandoc >/dev/null; then
	# Whether other pages are installed here says nothing about this one.
	found=$(mandoc -Tlint "$page" 2>/dev/null | grep -vE 'Xr: |referenced manual not found|mandoc\.db')
	[ -z "$found" ] || complain "$found"
elif [ "${MUST_RUN:-}" = 1 ]; then
	complain "mandoc is missing"
else
	echo "manual: mandoc is missing: the form of the page was not checked"
fi
exit $failed
