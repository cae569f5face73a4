# shellcheck shell=bash disable=SC2154 # profiles, runtime and image are lib.sh's and containerd.sh's
# SPDX-License-Identifier: Apache-2.0
#
# A node with all of Kubernetes, for the suites, which have sourced tests/engines/lib.sh and containerd.sh
# before. Each profile has a namespace of its name, to which "k" speaks, and a RuntimeClass of the
# runtime's name.

export PATH=/nacre/components:$PATH KUBECONFIG=/run/kubernetes/config
export logs=/nacre/logs
api=https://127.0.0.1:6443
shim_type=nacre-oci # whose name has the profile
export patience=150 # seconds, for what mostly takes one
ln -s "$logs/containerd.log" /run/containerd.log

# in_background NAME COMMAND...: its output is a log, its pid in /run/NAME.pid
in_background() {
	local name=$1
	shift
	"$@" >>"$logs/$name.log" 2>&1 </dev/null &
	echo $! >"/run/$name.pid"
	disown
}

has_controllers() {
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers
}

# Where the host has no controllers, limits that pods have unasked can be kept by no runtime: a program
# of each one's name takes them out.
make_runtimes() {
	local name real=/usr/local/lib/runtimes

	mkdir -p "$real"
	ln -s /usr/sbin/runc /usr/local/bin/runc
	! has_controllers || return 0
	for name in runc nacre nacre-oci nacre-strict nacre-nested; do
		mv "/usr/local/bin/$name" "$real/$name"
		cat >"/usr/local/bin/$name" <<-WRAPPER
			#!/bin/bash
			words=("\$@")
			for i in "\${!words[@]}"; do
				case \${words[i]} in
				--bundle) config=\${words[i + 1]}/config.json ;;
				create) create=yes ;;
				update) exit 0 ;;
				esac
			done
			[[ -z \${create:-} ]] ||
				{ jq -c 'del(.linux.resources | .cpu, .memory, .pids, .unified)' "\$config" >"\$config.new" &&
					mv "\$config.new" "\$config" || exit; }
			exec $real/$name "\$@"
		WRAPPER
		chmod +x "/usr/local/bin/$name"
	done
}

# What contrib adds to a file of containerd's newest version, which here has what this host cannot do.
configure_containerd() {
	mkdir -p /etc/containerd /etc/nacre /usr/local/libexec /var/lib/nacre
	# An overlay cannot be the upper of another.
	mount -t tmpfs -o mode=0755 tmpfs /var/lib/nacre
	ln -s /nacre/build /usr/local/libexec/nacre
	cat >/etc/containerd/config.toml <<-TOML
		version = 4
		${containerd_settings:-}
		[plugins."io.containerd.cri.v1.images".pinned_images]
		  sandbox = "localhost/pause:1"
		[plugins."io.containerd.cri.v1.runtime"]
		  restrict_oom_score_adj = true
		  disable_apparmor = true
		  disable_hugetlb_controller = true
		[plugins."io.containerd.cri.v1.runtime".cni]
		  bin_dirs = ["/usr/lib/cni"]
		  conf_dir = "/etc/cni/net.d"
		[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
		  runtime_type = "io.containerd.runc.v2"
		  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
		    BinaryName = "/usr/local/bin/runc"
		    SystemdCgroup = false
	TOML
	/nacre/contrib/install-engine containerd >"$logs/install-engine.log" 2>&1 ||
		{ say "$(cat "$logs/install-engine.log")"; exit 1; }
	if [[ -x /nacre/build/shim/containerd-shim-nacre-v2 ]]; then
		ln -sf /nacre/build/shim/containerd-shim-nacre-v2 "/usr/local/bin/containerd-shim-$shim_type-v2"
		cat >>/etc/containerd/config.toml <<-TOML
			[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nacre-shim]
			  runtime_type = "io.containerd.$shim_type.v2"
			  pod_annotations = ["run.nacre.*"]
		TOML
	fi
}

# What the kubelet writes below /proc/sys is the whole machine's: it finds there what it wants, in files.
hide_sysctls() {
	local dir=/run/kubernetes/sysctl word
	mount --make-rprivate /proc
	for word in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
		kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
		mkdir -p "$dir/${word%/*}"
		echo "${word#*=}" >"$dir/${word%=*}"
		mount --bind "$dir/${word%=*}" "/proc/sys/${word%=*}" || return
	done
}

start_kubelet() {
	in_background kubelet unshare --mount --propagation unchanged bash -c \
		"$(declare -f hide_sysctls)"'; hide_sysctls && exec kubelet "$@"' kubelet --config /run/kubernetes/kubelet.yaml --kubeconfig "$KUBECONFIG" \
		--hostname-override node --node-ip 192.0.2.129
}

# of which nothing is kept
start_control_plane() {
	local dir=/run/kubernetes qos=false
	! has_controllers || qos=true
	mkdir -p "$dir/etcd"
	openssl genrsa -out "$dir/accounts.key" 2048 2>/dev/null
	echo 'token,admin,1,"system:masters"' >"$dir/tokens"
	cat >"$KUBECONFIG" <<-YAML
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "$api", insecure-skip-tls-verify: true}}]
		users: [{name: u, user: {token: token}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	YAML
	cat >"$dir/kubelet.yaml" <<-YAML
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
		authorization: {mode: AlwaysAllow}
		cgroupsPerQOS: $qos
		enforceNodeAllocatable: []
		cgroupDriver: cgroupfs
		failSwapOn: false
		containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
		evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%"}
		clusterDNS: [10.96.0.10]
		clusterDomain: cluster.local
		syncFrequency: 2s
		maxPods: 150
		${kubelet_settings:-}
	YAML
	ip address add 192.0.2.129/32 dev lo
	echo 1 >/proc/sys/net/ipv4/ip_forward
	mkdir -p /var/lib/kubelet
	mount -t tmpfs -o mode=0755 tmpfs /var/lib/kubelet
	in_background etcd etcd --data-dir "$dir/etcd" --unsafe-no-fsync
	in_background apiserver kube-apiserver --etcd-servers http://127.0.0.1:2379 \
		--service-cluster-ip-range 10.96.0.0/16 --authorization-mode AlwaysAllow \
		--service-account-issuer "$api" --service-account-signing-key-file "$dir/accounts.key" \
		--service-account-key-file "$dir/accounts.key" --cert-dir "$dir" --token-auth-file "$dir/tokens" \
		--bind-address 127.0.0.1 --advertise-address 192.0.2.129 --allow-privileged \
		--kubelet-preferred-address-types InternalIP
	wait_until 120 kubectl get --raw /readyz || return
	in_background controllers kube-controller-manager --kubeconfig "$KUBECONFIG" --leader-elect=false \
		--service-account-private-key-file "$dir/accounts.key" --root-ca-file "$dir/apiserver.crt"
	in_background scheduler kube-scheduler --kubeconfig "$KUBECONFIG" --leader-elect=false
}

# has_accounts: without its account a namespace takes no pod
has_accounts() {
	local profile
	for profile in default "${profiles[@]}"; do
		kubectl --namespace "$profile" get serviceaccount default || return
	done
}

# start_node: until pods can be made
start_node() {
	local profile environment='"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]'
	make_runtimes
	configure_containerd
	configure_cni
	start_containerd
	start_control_plane || { say "$(tail -n 5 "$logs"/{etcd,apiserver}.log)"; exit 1; }
	add_image "$image" "{\"Cmd\": [\"/bin/sh\"], $environment}" k8s.io
	add_image localhost/pause:1 "{\"Entrypoint\": [\"/bin/sleep\", \"1000000\"], $environment}" k8s.io
	start_kubelet
	kubectl apply -f /nacre/contrib/engines/runtimeclasses.yaml >/dev/null
	for profile in "${profiles[@]}"; do
		kubectl create namespace "$profile" >/dev/null
		kubectl get runtimeclass "$(runtime=$profile runtime_name)" >/dev/null 2>&1 || kubectl apply -f - >/dev/null <<-YAML
			apiVersion: node.k8s.io/v1
			kind: RuntimeClass
			metadata: {name: $(runtime=$profile runtime_name)}
			handler: $(runtime=$profile runtime_name)
		YAML
	done
	if ! wait_until 60 has_accounts ||
		! wait_until 60 kubectl wait --for=condition=Ready node/node --timeout=20s; then
		say "$(tail -n 5 "$logs"/{kubelet,controllers}.log)"
		exit 1
	fi
}

# restart_node: its containerd, which has no time to end, and its kubelet
restart_node() {
	kill_containerd -KILL
	kill "$(</run/kubelet.pid)"
	wait_until 20 is_gone "$(</run/kubelet.pid)"
	start_containerd
	start_kubelet
	wait_until 30 kubectl wait --for=condition=Ready node/node --timeout=20s
}

# left_overs: what pods have left that are gone. nacre keeps the filters that it has compiled.
left_overs() {
	find /run/containerd/runc/k8s.io /run/containerd/nacre/k8s.io /run/containerd/io.containerd.runtime.v2.task/k8s.io \
		/run/netns -mindepth 1 -maxdepth 1 ! -name .seccomp 2>/dev/null
	find /sys/fs/cgroup -mindepth 1 -type d | grep -Ev '^/sys/fs/cgroup/(init|k8s.io$)'
	pgrep -c containerd-shim
	grep -c overlayfs/snapshots /proc/mounts
}

# --- for the features ---

# kubectl in the namespace of the profile that is tried
k() {
	kubectl --namespace "$runtime" "$@"
}

# shell TEXT: a container's command, for a flow mapping
shell() {
	jq -nc --arg text "$1" '["sh", "-c", $text]'
}

# pod NAME SPEC [METADATA]: made with the runtime that is tried. Both are mappings; "main" stands for the
# image.
pod() {
	local name=$1
	k apply -f - >/dev/null <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: $name, ${3:-}}
		spec: {runtimeClassName: $(runtime_name), terminationGracePeriodSeconds: 1, ${2//[$'\n\t']/ }}
	YAML
}

# containers COMMAND [MEMBERS]: one, of the name "main"
containers() {
	echo "containers: [$(container main "$@")]"
}

# container NAME COMMAND [MEMBERS]
container() {
	echo "{name: $1, image: '$image', command: $(shell "$2"), ${3:-}}"
}

# until_phase POD PHASE, which else is printed with the pod's events; nothing stays then
until_phase() {
	k wait "pod/$1" --for="jsonpath={.status.phase}=$2" --timeout="${patience}s" >/dev/null 2>&1 && return
	echo "$1 is not $2 but $(k get pod "$1" -o 'jsonpath={.status.phase}')"
	give_up "$1"
}

until_ready() {
	k wait "pod/$1" --for=condition=Ready --timeout="${patience}s" >/dev/null 2>&1 && return
	echo "$1 is not ready"
	give_up "$1"
}

give_up() {
	messages "$1" | head -n 2
	k delete pods --all --grace-period=1 >/dev/null 2>&1
	return 1
}

# messages POD: its events that are warnings
messages() {
	k get events --field-selector "involvedObject.uid=$(field "$1" .metadata.uid),type=Warning" \
		-o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -v 'combined from' | sort -u
}

# has_message POD TEXT
has_message() {
	messages "$1" | grep -q "$2"
}

# gone KIND/NAME...: removed, at once
gone() {
	k delete "$@" --grace-period=1 --wait >/dev/null 2>&1
}

has_logged() {
	k logs "$1" | grep -q "$2"
}

# field POD PATH
field() {
	k get pod "$1" -o "jsonpath={$2}"
}

is_field() {
	[[ $(field "$1" "$2") == "$3" ]]
}
