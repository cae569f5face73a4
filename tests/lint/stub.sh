#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	SOURCE=. BUILD=build tests/lint/stub.sh [SUITE...]
#
# Runs every suite that takes its runtime from NACRE with stubs in its place: one that prints nothing and
# ends with 0, one that does so with 1. No test may pass with either, but for those of stub.txt. A test
# that is skipped has not passed. no_container.t asks the helpers of the suites for what is not there,
# also with nacre itself.
set -u
cd "$SOURCE" || exit 1
((EUID == 0)) || { echo "stub: root is needed, as most tests are skipped without" >&2; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
allowed=tests/lint/stub.txt
failed=0

complain() {
	echo "stub: $*" >&2
	failed=1
}

for status in 0 1; do
	printf '#!/bin/sh\nexit %s\n' "$status" >"$work/stub-$status"
	chmod 755 "$work/stub-$status"
done
ln -s "$(realpath "${NACRE:-${BUILD:-build}/nacre}")" "$work/stub-nacre" || exit 1

# run_suite FILE STATUS, by xargs: a test that waits for a container has to give up at once.
# shellcheck disable=SC2317
run_suite() {
	local name=${1##*/}
	NACRE=$work/stub-$2 PATIENCE=1 TURNS=3 MUST_RUN='' timeout -k 5 300 bash "$1" \
		>"$work/${name%.t}.$2" 2>"$work/${name%.t}.$2.err" </dev/null
	echo $? >"$work/${name%.t}.$2.rc"
}
export -f run_suite
export work

# Each helper that looks for the container is asked there.
all_helpers_are_asked() {
	local name
	while read -r name; do
		grep -q "^test_$name() {\|^test_${name}_[a-z_]*() {" tests/lint/no_container.t ||
			complain "tests/lint/no_container.t does not ask $name of lib.sh"
	done < <(sed -n '/^# --- looking for the container/,/^# --- bundles/s/^\([a-z_]*\)() {/\1/p' \
		tests/integration/lib.sh)
}

# look_at SUITE STATUS: what it printed
look_at() {
	local out=$work/$1.$2 test
	if [[ $(<"$out.rc") == 124 ]]; then
		complain "$1: took more than 300 s with runtime $2"
	fi
	if ! grep -qE '^((not )?ok |1\.\.0 # SKIP)' "$out"; then
		complain "$1: ran no test with runtime $2: $(cat "$out" "$out.err")"
	fi
	while IFS= read -r test; do
		if grep -xF -e "$1: $test" -e "$1: *" "$work/allowed" >>"$work/used"; then
			continue
		fi
		complain "$1: passes with runtime $2: $test"
	done < <(sed -n '/ # SKIP/d; s/^ok [0-9]* - //p' "$out")
}

suites=("$@")
if ((!$#)); then
	all_helpers_are_asked
	suites=(tests/integration/*.t tests/lint/no_container.t)
	[[ ! -d ${TREE:-${BUILD:-build}/tools}/workspace ]] || suites+=(tests/tools/*.t)
fi
sed -E '/^(#|$)/d; s/ *\t.*//' "$allowed" >"$work/allowed"
: >"$work/used"
limit=$(cat /sys/fs/cgroup/{,unified/}cgroup.max.descendants 2>/dev/null)
# Mostly they wait.
{
	printf '%s 0\n' "${suites[@]}"
	printf '%s 1\n' "${suites[@]}"
	printf '%s nacre\n' tests/lint/no_container.t
} | xargs -P $(($(nproc) * 2)) -L 1 bash -c 'run_suite "$@"' _
for suite in "${suites[@]}"; do
	suite=${suite##*/}
	look_at "${suite%.t}" 0
	look_at "${suite%.t}" 1
done
look_at no_container nacre
[[ $(cat /sys/fs/cgroup/{,unified/}cgroup.max.descendants 2>/dev/null) == "$limit" ]] ||
	complain "the root cgroup was written to"
if ((!$#)); then
	while IFS= read -r line; do
		complain "$allowed: does not pass any more, so take it out: $line"
	done < <(sort -u "$work/used" | grep -vxFf - "$work/allowed")
fi
echo "$(cat "$work"/*.{0,1,nacre} | grep -c '^not ok') failures wanted and found, $(
	cat "$work"/*.{0,1,nacre} | grep -c ' # SKIP') skips"
exit $failed
