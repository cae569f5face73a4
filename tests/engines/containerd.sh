# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# containerd, its images and its client, for the suites that use it. Its runtimes are told by path, so
# that the client can choose.

image=localhost/busybox:1

start_containerd() {
	containerd >>/run/containerd.log 2>&1 </dev/null &
	echo $! >/run/containerd.pid
	disown
	wait_until 30 ctr version || { say "$(tail -n 5 /run/containerd.log)"; exit 1; }
}

# Where its CRI plugin did not load, containerd runs on without it.
require_cri() {
	[[ $(ctr plugins ls | awk '$1 == "io.containerd.grpc.v1" && $2 == "cri" {print $NF}') != ok ]] || return 0
	say "containerd did not load its CRI plugin: $(grep 'failed to load plugin.*cri' /run/containerd.log)"
	exit 1
}

# A bridge, for clients that know the plugins' path and for those that do not
configure_cni() {
	mkdir -p /etc/cni/net.d /opt/cni
	ln -s /usr/lib/cni /opt/cni/bin
	echo '{"cniVersion": "0.4.0", "name": "bridge", "plugins": [{"type": "bridge", "bridge": "cni0",
		"isGateway": true, "ipMasq": false, "ipam": {"type": "host-local", "subnet": "10.88.0.0/16"}}]}' \
		>/etc/cni/net.d/10-bridge.conflist
}

# The shims and what they run stay.
kill_containerd() {
	kill "${1:--TERM}" "$(</run/containerd.pid)"
	wait_until 10 is_gone "$(</run/containerd.pid)"
}

# add_image NAME CONFIG [NAMESPACE]: a root filesystem with busybox and the image's config as JSON
add_image() {
	local dir
	dir=$(mktemp -d)
	[[ -d /run/image ]] || make_rootfs /run/image
	tar -C /run/image -cf "$dir/layer.tar" .
	jq -n --argjson config "$2" --arg layer "sha256:$(sha256sum "$dir/layer.tar" | cut -d ' ' -f 1)" \
		'{architecture: "amd64", os: "linux", $config, rootfs: {type: "layers", diff_ids: [$layer]}}' \
		>"$dir/config.json"
	jq -n --arg name "$1" \
		'[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -cf /run/image.tar config.json layer.tar manifest.json
	ctr --namespace "${3:-default}" images import /run/image.tar >/dev/null
	rm -r "$dir" /run/image.tar
}

# the client
c() {
	with_status ctr "$@"
}

# It complains where the program ends before the terminal has its size.
client_on_terminal() {
	on_terminal "ctr $1" | grep -v 'resize pty'
}

# The options of run and of create. Its default is a weight among CPUs, for which not every host has the
# controller.
flags() {
	# shellcheck disable=SC2154 # of lib.sh
	if [[ $runtime == shim ]]; then
		echo --runtime io.containerd.nacre-oci.v2 --cpu-shares 0
	else
		echo --runc-binary "${path_of[$runtime]}" --cpu-shares 0
	fi
}

# where the state of what is being tried is
state_of() {
	if [[ $runtime == shim ]]; then
		echo /run/containerd/nacre/default
	else
		echo /run/containerd/runc/default
	fi
}

# [FLAG...] -- COMMAND...: to its end, with the runtime that is being tried
foreground() {
	local given=()

	while [[ $1 != -- ]]; do
		given+=("$1")
		shift
	done
	# shellcheck disable=SC2046 # words
	c run --rm $(flags) "${given[@]}" "$image" one "${@:2}"
}

# NAME [FLAG...] -- COMMAND...: in the background, its output in /run/NAME.log. The feature removes it.
detached() {
	local name=$1 given=()

	shift
	while [[ $1 != -- ]]; do
		given+=("$1")
		shift
	done
	remove "$name" 2>/dev/null
	rm -f "/run/$name.log"
	# shellcheck disable=SC2046 # words
	c run --detach $(flags) --log-uri "file:///run/$name.log" "${given[@]}" "$image" "$name" "${@:2}"
}

remove() {
	ctr tasks delete --force "$1" >/dev/null 2>&1
	ctr containers delete "$1"
}

has_logged() {
	grep -q "$2" "/run/$1.log"
}

# NAME: RUNNING, STOPPED, ... or nothing
status_of() {
	ctr tasks list | awk -v name="$1" '$1 == name {print $3}'
}

is_status() {
	[[ $(status_of "$1") == "$2" ]]
}

has_ended() {
	[[ $(status_of "$1") != RUNNING ]]
}

has_no_state() {
	[[ ! -e $(state_of)/$1 ]]
}
