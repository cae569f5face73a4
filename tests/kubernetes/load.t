#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# COUNT pods (30) at once by each runtime: how long until all run, and what they take; and nacre replaced
# by another build, OLD by BUILD_DIR, while 20 pods run.

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

# As a package's tools do: each new file beside the old one, and then in its place.
install_build() {
	local name
	for name in nacre shim/containerd-shim-nacre-v2; do
		cp "$1/$name" "/usr/local/upgraded/${name##*/}.new"
		mv "/usr/local/upgraded/${name##*/}.new" "/usr/local/upgraded/${name##*/}"
	done
	ln -sfn "$1" /usr/local/libexec/nacre
}

upgrade() {
	local i failed_ones=''
	make_pods 20
	install_build /nacre/build
	for ((i = 0; i < 20; i++)); do
		[[ $(k exec "p$i" -- echo alive 2>&1) == alive ]] || failed_ones+=" exec:p$i"
	done
	kill_containerd
	start_containerd
	wait_until 30 eval '[[ $(k exec p0 -- echo alive) == alive ]]'
	[[ $(k get pods -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}' | tr -d ' 0') == '' ]] ||
		failed_ones+=" restarted"
	k apply -f - >/dev/null <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: new}
		spec: {runtimeClassName: $(runtime_name), terminationGracePeriodSeconds: 1, $(containers 'exec sleep 9999')}
	YAML
	until_phase new Running || failed_ones+=" new"
	gone pods --all
	[[ -z $(k get pods --no-headers 2>/dev/null) ]] || failed_ones+=" delete"
	if [[ -z $failed_ones ]]; then
		result ok "20 pods of $(runtime_name) live through an upgrade"
	else
		result not "20 pods of $(runtime_name) live through an upgrade" "failed:$failed_ones"
	fi
}

start_node
for runtime in "${profiles[@]}"; do
	measure
done
old=/nacre/build
[[ ! -e /nacre/old/nacre ]] || old=/nacre/old
mkdir /usr/local/upgraded
install_build "$old"
for name in /usr/local/lib/runtimes /usr/local/bin; do
	[[ ! -L $name/nacre ]] || ln -sfn /usr/local/upgraded/nacre "$name/nacre"
done
ln -sfn /usr/local/upgraded/containerd-shim-nacre-v2 /usr/local/bin/containerd-shim-nacre-oci-v2
for runtime in agent shim; do
	upgrade
done
echo "1..$tests"
exit $((failed > 0))
