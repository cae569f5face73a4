#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/containerd.sh
. "$(dirname "$0")/containerd.sh"
# shellcheck source=SCRIPTDIR/egress.sh
. "$(dirname "$0")/egress.sh"

# containerd below Kubernetes: its CRI plugin, called as the kubelet does, with contrib's configuration.
# The features are in cri_features.py.

# Those of contrib, and agent with ids of its own; one more for cri_shim.t, which does the same with nacre's own shim.
tables() {
	local ours=/nacre/contrib/engines/containerd-2.toml
	cat "$ours"
	sed -n '/runtimes\.nacre\]/,/SystemdCgroup/{/#/d;s,\(runtimes\.\|bin/\)nacre,\1nacre-shifted,;p}' "$ours"
	[[ $suite != cri_shim ]] || cat <<-END
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre-shim]
		runtime_type = "io.containerd.nacre-oci.v2"
		pod_annotations = ["run.nacre.*"]
		container_annotations = ["run.nacre.*"]
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre-shim.options]
		SystemdCgroup = false
	END
}

# Not every host has the controllers of what the plugin asks for unasked, nor may root everywhere lower
# an OOM score.
configure() {
	mkdir -p /etc/containerd /etc/nacre /usr/local/libexec /var/lib/nacre
	# An overlay cannot be the upper of another.
	mount -t tmpfs -o mode=0755 tmpfs /var/lib/nacre
	ln -s /nacre/build /usr/local/libexec/nacre
	cat - <(tables) >/etc/containerd/config.toml <<-END
		version = 2
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/pause:1"
		disable_cgroup = true
		restrict_oom_score_adj = true
		cni.bin_dir = "/usr/lib/cni"
		containerd.default_runtime_name = "runc"
	END
	echo '{"version": 1, "annotations": {"may_allow": ["rootfs-write"]}}' >/etc/nacre/policy.json
	configure_cni
	# Both families, and a way out
	jq '.plugins[0].ipam = {type: "host-local", ranges: [[{subnet: "10.88.0.0/16"}], [{subnet: "fd88::/64"}]],
		routes: [{dst: "0.0.0.0/0"}, {dst: "::/0"}]}' /etc/cni/net.d/10-bridge.conflist >/run/conflist
	mv /run/conflist /etc/cni/net.d/10-bridge.conflist
	connect_world 10.88.0.0/16 fd88::/64
	connect_servers
	make_rootfs /run/image
	cp /nacre/build/tests/ways /nacre/suite/names /run/image
}

# Only where it takes a stand-in, see there
do_without_limits() {
	local name
	[[ $(containerd --version) == *' v2.'* || $(containerd --version) == *' 2.'* ]] || return 0
	! grep -qw cpu /sys/fs/cgroup/cgroup.controllers || return 0
	mkdir /usr/local/lib/limited
	for name in /usr/sbin/runc /usr/local/bin/nacre{,-oci,-strict,-nested}; do
		cp -P "$name" /usr/local/lib/limited
		ln -sf /nacre/suite/unlimited "$name"
	done
}

feature_nothing_is_left() {
	find "$(dirname "$(state_of)")/k8s.io" /run/containerd/io.containerd.runtime.v2.task/k8s.io \
		/run/netns /var/run/netns -mindepth 1 -maxdepth 1
	find /sys/fs/cgroup -mindepth 1 -type d | grep -v '^/sys/fs/cgroup/init'
	pgrep -c containerd-shim
	grep -c overlayfs/snapshots /proc/mounts
}

for name in $(python3 /nacre/suite/cri_features.py); do
	eval "feature_$name() { python3 /nacre/suite/cri_features.py $name \$(runtime_name) 2>&1 | tail -n 25; }"
done

for profile in agent strict; do
	differs "$profile" host_network host-network 'rule host-network'
	differs "$profile" engine_socket mount-sources 'rule mount-sources'
	differs "$profile" root_is_writable read-only-root 'Read-only file system'
	differs "$profile" new_privileges no-new-privileges 'NoNewPrivs:.1'
	differs "$profile" seccomp_unconfined own-seccomp-filter 'Seccomp:.2'
	differs "$profile" privileged capability-ceiling 'are you root'
	differs "$profile" added_capability capability-ceiling 'CapEff:.0000000000000000'
	differs "$profile" host_pid namespaces '^0'
	differs "$profile" mounts_of_both_sides capability-ceiling '^private 0 mount: permission denied.*bidirectional 1 mount: permission denied'
	differs "$profile" host_ipc mount-sources 'rule mount-sources: .*/dev/shm is the host.s shared memory'
done
# only its own runtime follows an annotation of nacre's
refused='failed to create containerd task: failed to create shim task: OCI runtime create failed: annotation'
prints annotations $'CapEff:\t0000000000000000\nwritten'"
$refused run.nacre.allow: host-pid: the grant is not listed in annotations.may_allow of /etc/nacre/policy.json
$refused \"run.nacre.what\": nacre does not know this key; valid are run.nacre.profile, run.nacre.allow, run.nacre.egress, run.nacre.userns and run.nacre.workspace"
differs agent capabilities capability-ceiling 'CapEff:.00000000000005fb'
differs strict capabilities capability-ceiling 'CapEff:.0000000000000000'
differs strict device devices 'status 1'
differs strict volume writable-binds 'Read-only file system'
differs strict ways_without_rules egress '^TCP, allowed: Operation not permitted'
prints volume_by_an_annotation $'\ndata\n [\'file\']\ndiff\n0\nM  file\nA  new
2 changes\napply\n0\napplied   M  file\napplied   A  new\n2 applied\ndiscard\n0\ndata\nmore\n [\'file\', \'new\']'
prints ways_by_an_annotation '19 reached'
differs strict ways_by_an_annotation egress 'allows more than the rules in force'
prints ways_by_the_runtime_class '19 reached'
# The policy has no rules for it: this is what they stop.
differs_by[oci:ways_by_the_runtime_class]='no rules'
differs_text[oci:ways_by_the_runtime_class]='many reached'
refused_8000=$'10.1.2.3 port 443: reached\n10.1.2.3 port 8000: Operation not permitted\n'
refused_443=$'10.1.2.3 port 443: Operation not permitted\n10.1.2.3 port 8000: reached\n'
prints rules_of_the_runtime_class "${refused_8000}hello"$'\n'"wget: bad address 'other.default.svc.cluster.test'"$'\nstatus 1'
differs strict rules_of_the_runtime_class egress "^${refused_443}wget: bad address 'api.default.svc.cluster.test'"$'\nstatus 1\nhello$'
differs_by[oci:rules_of_the_runtime_class]='no rules'
differs_text[oci:rules_of_the_runtime_class]=$'port 8000: reached\nhello\nhello$'
prints pod_of_different_rules "$refused_8000${refused_443%$'\n'}"
prints pod_of_different_names "hello
wget: bad address 'other.default.svc.cluster.test'
wget: bad address 'api.default.svc.cluster.test'
hello"
prints names_of_cluster_dns "$(reached {api,other}.default.svc.cluster.test api api.default)"
prints names_of_the_node "$(reached {api,other}.default.svc.cluster.test)"

configure
do_without_limits
if [[ $suite == cri_shim ]]; then
	use_shim
	path_of[shim]=nacre-shim
	for name in "${!differs_by[@]}"; do
		[[ $name != oci:* ]] || differs_by[shim:${name#oci:}]=${differs_by[$name]}
		[[ $name != oci:* ]] || differs_text[shim:${name#oci:}]=${differs_text[$name]}
	done
fi
start_containerd
require_cri
environment='"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]'
add_image "$image" "{\"Cmd\": [\"/bin/sh\"], $environment}" k8s.io
add_image localhost/pause:1 "{\"Entrypoint\": [\"/bin/sleep\", \"1000000\"], $environment}" k8s.io
run_suite "$@"
