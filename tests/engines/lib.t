#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
#
# What lib.sh says of features that print what is wanted and then do not end.
engine=none
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
seconds=5 # for what ends, on a machine with other work
profiles=(runc oci strict)

feature_ends() {
	echo said
	return 1
}

feature_hangs() {
	echo said
	[[ $runtime == runc ]] || sleep 100
}

feature_hangs_everywhere() {
	echo said
	sleep 100
}

differs strict hangs egress said

found=$(run_suite "$@" | sed -n 's/^\(not \)*ok [0-9]* - /\1/p')
wanted='ends under oci
ends under strict
not hangs under oci
not hangs under strict: egress
not hangs_everywhere cannot be tried here
hangs_everywhere under oci
hangs_everywhere under strict'
if [[ $found == "$wanted" ]]; then
	result ok 'what does not end is a failure'
else
	result not 'what does not end is a failure' "found: $found"$'\n'"wanted: $wanted"
fi
echo "1..$tests"
exit $((failed > 0))
