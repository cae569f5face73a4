#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317 # other shells expand; run_suite calls every feature_ by its name
# shellcheck disable=SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# Limits of pods: what the container's cgroup has, that they hold, what becomes of a pod that passes them, and
# that they change while it runs. They need all of cgroup v2, so this is for the guest: VM=1 run BUILD_DIR
# limits.t.

# Without its limit a container would take the machine's memory.
has_controllers || { echo "1..0 # SKIP cgroup v2 has no controllers here"; exit; }

# A step that takes a second takes ten there, and a minute beside other work. Each wait is for a state, and the
# kubelet and containerd have limits of their own on what a runtime's calls take.
seconds=5400
export patience=1500 step=2
export sleeping='trap "exit 0" TERM; while :; do sleep 1; done'
# Passes the limit of the container's memory, whatever it is.
export eat='tail /dev/zero'
export kubelet_settings='podPidsLimit: 64
volumeStatsAggPeriod: 5s
runtimeRequestTimeout: 15m'
export containerd_settings='[timeouts]
"io.containerd.timeout.shim.cleanup" = "5m"
"io.containerd.timeout.shim.load" = "5m"
"io.containerd.timeout.shim.shutdown" = "5m"
"io.containerd.timeout.task.state" = "5m"'

# limited MEMORY COMMAND [MEMBERS]: the container of a pod with the limits of half a CPU and this much memory
limited() {
	containers "$2" "resources: {limits: {cpu: 500m, memory: $1}}, ${3:-}"
}

# values POD: what its container's cgroup has, as the container sees it
values() {
	k exec "$1" -- sh -c 'cd /sys/fs/cgroup &&
		grep . cpu.max cpu.weight memory.max memory.swap.max memory.oom.group pids.max'
}

# pod_values POD: what the pod's own cgroup has
pod_values() {
	(cd "$(find /sys/fs/cgroup/kubepods -type d -name "pod$(field "$1" .metadata.uid)")" &&
		grep . cpu.max memory.max pids.max)
}

# end_of POD [STATE]: why its container ended, and with which status
end_of() {
	field "$1" ".status.containerStatuses[0].${2:-state}.terminated['reason', 'exitCode']"
	echo
}

restarts() {
	echo "$(field "$1" '.status.containerStatuses[0].restartCount') restarts"
}

has_restarted() {
	(($(field "$1" '.status.containerStatuses[0].restartCount') > 0))
}

feature_limits_of_the_pod() {
	pod p "$(limited 64Mi "$sleeping")"
	until_phase p Running || return
	field p .status.qosClass
	echo
	values p
	pod_values p
	gone pod/p
}

# What is left of the profile's limits where the pod has none
feature_no_limits() {
	pod p "$(containers "$sleeping")"
	until_phase p Running || return
	values p
	gone pod/p
}

feature_requests() {
	pod p "$(containers "$sleeping" 'resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {memory: 64Mi}}')"
	until_phase p Running || return
	field p .status.qosClass
	echo
	values p
	gone pod/p
}

# Four seconds of work, in which it is to have less than 3 of them; processes up to the pod's 64, of which some
# are not the container's. One that had the stdout of exec would keep exec waiting.
feature_limits_hold() {
	pod p "$(limited 64Mi "$sleeping")"
	until_phase p Running || return
	k exec p -- sh -c 'value() { sed -n "s/^$1 //p" /sys/fs/cgroup/cpu.stat; }
		used=$(value usage_usec)
		timeout 4 sh -c "while :; do :; done" 2>/dev/null
		[ $(($(value usage_usec) - used)) -lt 3000000 ] && echo "below the limit"
		[ $(value nr_throttled) -gt 0 ] && echo throttled
		(while :; do sleep 1000 >/dev/null 2>&1 & done) 2>&1
		read n </sys/fs/cgroup/pids.current
		[ $n -gt 50 ] && [ $n -le 64 ] && echo "as many as the pod may have"'
	gone pod/p
}

feature_oom_of_the_first_process() {
	pod p "restartPolicy: Never, $(limited 32Mi "$eat")"
	until_phase p Failed
	end_of p
	gone pod/p
}

# The kubelet has the whole container die with it.
feature_oom_of_a_child() {
	pod p "restartPolicy: Never, $(limited 32Mi "$eat; echo survived; exit 3")"
	until_phase p Failed
	end_of p
	k logs p
	gone pod/p
}

feature_oom_by_exec() {
	pod p "restartPolicy: Never, $(limited 32Mi "$sleeping")"
	until_phase p Running || return
	with_status k exec p -- sh -c "$eat" 2>&1
	until_phase p Failed
	end_of p
	gone pod/p
}

# The first run dies, the second finds that there was one.
feature_oom_and_restart() {
	local mount='volumeMounts: [{name: v, mountPath: /v}]' volumes='volumes: [{name: v, emptyDir: {}}]'
	pod p "$(limited 32Mi "[ -e /v/ran ] || { touch /v/ran; $eat; }; echo again; $sleeping" "$mount"), $volumes"
	wait_until 60 has_logged p again && k logs p
	end_of p lastState
	restarts p
	is_field p .status.phase Running && echo running
	gone pod/p
}

# has_memory POD BYTES: in its cgroup
has_memory() {
	[[ $(values "$1") == *memory.max:$2* ]]
}

# resize POD CPU MEMORY
resize() {
	k patch pod "$1" --subresource resize --patch "{\"spec\": {\"containers\": [{\"name\": \"main\", \"resources\": {
		\"requests\": {\"cpu\": \"$2\", \"memory\": \"$3\"}, \"limits\": {\"cpu\": \"$2\", \"memory\": \"$3\"}}}]}}"
}

feature_resize_in_place() {
	local size
	pod p "$(limited 64Mi "$sleeping")"
	until_phase p Running || return
	for size in '700m 96Mi' '300m 48Mi'; do
		# shellcheck disable=SC2086 # words
		resize p $size
		wait_until 60 is_field p '.status.containerStatuses[0].resources.limits.memory' "${size#* }"
		wait_until 60 has_memory p "$(numfmt --from=iec-i "${size#* }")"
		values p
		pod_values p
		field p '.status.containerStatuses[0].resources.limits'
		echo
	done
	restarts p
	gone pod/p
}

feature_resize_by_a_restart() {
	pod p "$(limited 64Mi "$sleeping" 'resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]')"
	until_phase p Running || return
	resize p 500m 96Mi
	wait_until 60 has_restarted p
	wait_until 60 has_memory p 100663296
	values p
	restarts p
	gone pod/p
}

# Of a pod that has written more than its volume may hold. One that ends by itself in time has not failed.
feature_eviction() {
	pod p "$(containers "head -c 4000000 /dev/zero >/v/x; exec sleep 9999" 'volumeMounts: [{name: v, mountPath: /v}]'),
		volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}]"
	until_phase p Failed
	field p .status.reason
	echo
	# Slow guests take longer than the grace period, with any runtime.
	messages p | grep -v '^ExceededGracePeriod: '
	gone pod/p
}

profiles=(runc oci agent)
if [[ -x /nacre/build/shim/containerd-shim-nacre-v2 ]]; then
	profiles+=(shim)
	path_of[shim]=nacre-shim
fi
differs agent no_limits resources 'memory.oom.group:.*pids.max:512'
for feature in limits_of_the_pod requests resize_in_place resize_by_a_restart; do
	differs agent "$feature" resources 'pids.max:512'
done
start_node
run_suite "$@"
