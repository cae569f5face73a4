#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# COUNT pods (30) at once by each runtime: how long until all run, and what they take.

count=${COUNT:-30}
profiles=(runc agent shim)
path_of[shim]=nacre-shim

# make_pods COUNT
make_pods() {
	local i
	for ((i = 0; i < $1; i++)); do
		cat <<-YAML
			---
			apiVersion: v1
			kind: Pod
			metadata: {name: p$i}
			spec: {runtimeClassName: $(runtime_name), terminationGracePeriodSeconds: 1, automountServiceAccountToken: false,
			  containers: [{name: main, image: '$image', command: [sleep, '9999']}]}
		YAML
	done >/run/pods.yaml
	k apply -f /run/pods.yaml >/dev/null
	k wait pod --all --for='jsonpath={.status.phase}=Running' --timeout=300s >/dev/null
}

# pss PATTERN: KiB of all processes with such a command line
pss() {
	local pid
	for pid in $(pgrep -f "$1"); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ {sum += $2} END {print sum + 0}'
}

milliseconds() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

measure() {
	local begin ready
	begin=$(milliseconds)
	make_pods "$count" || { result not "$count pods by $(runtime_name)" "$(k get pods)"; return; }
	ready=$(($(milliseconds) - begin))
	printf '# %-12s %3d pods in %6d ms, %5.1f a second; shims %6d KiB a pod, programs %4d\n' "$(runtime_name)" \
		"$count" "$ready" "$(jq -n "$count * 1000 / $ready")" "$(($(pss containerd-shim) / count))" \
		"$(($(pss '^sleep 9999|^/bin/sleep 1000000') / count))"
	begin=$(milliseconds)
	gone pods --all
	printf '# %-12s gone after %6d ms\n' "$(runtime_name)" $(($(milliseconds) - begin))
	result ok "$count pods by $(runtime_name)"
}

start_node
for runtime in "${profiles[@]}"; do
	measure
done
echo "1..$tests"
exit $((failed > 0))
