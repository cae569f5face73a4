#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# For every property of the schema properties.txt names a test, and the test is there.
set -u
cd "$SOURCE/tests" || exit 1
failed=0 patterns=() places=()
declare -A used

complain() {
	echo "properties: $1" >&2
	failed=1
}

while IFS=$'\t' read -r pattern place; do
	[[ $pattern == '#'* ]] && continue
	patterns+=("$pattern")
	places+=("$place")
	read -r file test <<<"$place"
	case $file in
	*.t) grep -q "^$test()" "$file" ;;
	*) grep -q "^START_TEST($test)" "$file" ;;
	esac 2>/dev/null || complain "$pattern: $file has no test $test"
done <lint/properties.txt

while read -r property; do
	name=${property//\[\]/}
	found=''
	for i in "${!patterns[@]}"; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $name == ${patterns[i]} ]] || continue
		found=1 used[$i]=1
		break
	done
	[[ -n $found ]] || complain "$property: no pattern in properties.txt matches"
done <data/schema-properties.txt

for i in "${!patterns[@]}"; do
	[[ -n ${used[$i]:-} ]] || complain "${patterns[i]} matches no property"
done
exit $failed
