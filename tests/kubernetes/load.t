#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# COUNT pods (30) at once by runc and nacre, each with containerd's shim, and by nacre with its own: how
# long until all run, the processor time of containerd and what it starts, and the memory. Other runtimes,
# or another order, are arguments: "load.t runc agent shim shim agent runc" evens out a load that grows.

count=${COUNT:-30}
profiles=(runc agent shim)
path_of[shim]=nacre-shim
shim_type=nacre

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
	k wait pod --all --for='jsonpath={.status.phase}=Running' --timeout=900s >/dev/null 2>&1
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

# processor_time: of containerd, shims, runtimes, CNI's plugins and containers, in milliseconds
processor_time() {
	cat /sys/fs/cgroup/{containerd,k8s.io}/cpu.stat 2>/dev/null |
		awk '$1 == "usage_usec" {sum += $2} END {print int(sum / 1000)}'
}

measure() {
	local begin ready cpu
	begin=$(milliseconds)
	cpu=$(processor_time)
	make_pods "$count" || { result not "$count pods by $(runtime_name)" "$(k get pods)"; return; }
	ready=$(($(milliseconds) - begin))
	cpu=$(($(processor_time) - cpu))
	printf '# %-12s %3d pods in %6d ms, %5.1f a second, processor time %4d ms a pod; shims %5d KiB a pod, programs %4d\n' \
		"$(runtime_name)" "$count" "$ready" "$(jq -n "$count * 1000 / $ready")" $((cpu / count)) \
		"$(($(pss containerd-shim) / count))" "$(($(pss '^sleep 9999|^/bin/sleep 1000000') / count))"
	begin=$(milliseconds)
	gone pods --all
	printf '# %-12s gone after %6d ms\n' "$(runtime_name)" $(($(milliseconds) - begin))
	# The kubelet removes what has ended once a minute: that is not the next one's work.
	wait_until 300 eval '[[ -z $(ctr --namespace k8s.io containers list --quiet) ]]' ||
		{ result not "$count pods by $(runtime_name) removed" "$(ctr --namespace k8s.io containers list --quiet)"; return; }
	result ok "$count pods by $(runtime_name)"
}

start_node
# Shims and runtimes begin where containerd is; the rest of the node is not counted.
mkdir /sys/fs/cgroup/containerd
echo "$(</run/containerd.pid)" >/sys/fs/cgroup/containerd/cgroup.procs
for runtime in "${@:-${profiles[@]}}"; do
	measure
done
echo "1..$tests"
exit $((failed > 0))
