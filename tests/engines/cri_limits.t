#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
#
#	VM=1 CONTAINERD=DIR tests/engines/run BUILD_DIR tests/engines/cri_limits.t
#
# Limits of Kubernetes' containers, by the calls that its kubelet makes: what their cgroups have, that it
# holds, what is reported of those who pass it, and updates. All of cgroup v2 is needed.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/containerd.sh
. "$(dirname "$0")/containerd.sh"

# Without its limit a container would take the machine's memory.
grep -qw memory /sys/fs/cgroup/cgroup.controllers || { echo "1..0 # SKIP cgroup v2 has no controllers here"; exit; }

# The guest emulates a machine, and containerd has limits of its own on what a shim's calls take.
export SLOWNESS=30
seconds=3600

configure() {
	mkdir -p /etc/containerd /usr/local/libexec
	ln -s /nacre/build /usr/local/libexec/nacre
	cat >/etc/containerd/config.toml <<-END
		version = 2
		[timeouts]
		"io.containerd.timeout.shim.cleanup" = "5m"
		"io.containerd.timeout.shim.load" = "5m"
		"io.containerd.timeout.shim.shutdown" = "5m"
		"io.containerd.timeout.task.state" = "5m"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/pause:1"
		cni.bin_dir = "/usr/lib/cni"
		containerd.default_runtime_name = "runc"
	END
	/nacre/contrib/install-engine containerd >/dev/null || exit
	# after that, which wants to be the first of such names
	cat >>/etc/containerd/config.toml <<-END
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre-shim]
		runtime_type = "io.containerd.nacre-oci.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre-shim.options]
		SystemdCgroup = false
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre-own]
		runtime_type = "io.containerd.nacre.v2"
	END
	configure_cni
}

for name in limits no_limits out_of_memory out_of_memory_alone out_of_memory_by_exec updates; do
	eval "feature_$name() { python3 /nacre/suite/cri_limits.py $name \$(runtime_name) 2>&1 | tail -n 40; }"
done

profiles=(runc oci agent)
if [[ -x /nacre/build/shim/containerd-shim-nacre-v2 ]]; then
	ln -s /nacre/build/shim/containerd-shim-nacre-v2 /usr/local/bin/
	ln -s containerd-shim-nacre-v2 /usr/local/bin/containerd-shim-nacre-oci-v2
	profiles+=(shim own)
	path_of[shim]=nacre-shim path_of[own]=nacre-own
fi
for name in limits no_limits updates; do
	differs agent "$name" resources 'pids.max:512'
	differs own "$name" resources 'pids.max:512'
done

configure
start_containerd
require_cri
environment='"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]'
# shellcheck disable=SC2154 # of containerd.sh
add_image "$image" "{\"Cmd\": [\"/bin/sh\"], $environment}" k8s.io
add_image localhost/pause:1 "{\"Entrypoint\": [\"/bin/sleep\", \"1000000\"], $environment}" k8s.io
run_suite "$@"
