#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What contrib/install-engine writes is taken by the engines, and goes again. That containers run with
# it is shown by the other suites, which install so.
engine=none
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

install=/nacre/contrib/install-engine
containerd_config=/etc/containerd/config.toml
names='nacre nacre-nested nacre-oci nacre-strict'

# seen NAME FOUND EXPECTED
seen() {
	if [[ $2 == "$3" ]]; then
		result ok "$1"
	else
		result not "$1" "found: $2"$'\n'"wanted: $3"
	fi
}

# the names of our runtimes in what containerd makes of its file
of_containerd() {
	containerd config dump | sed -n 's/^ *\[.*\.runtimes\.\(nacre[a-z-]*\)\]$/\1/p' | sort | paste -sd' '
}

cri_status() {
	local found pid
	containerd >/run/containerd.log 2>&1 </dev/null &
	pid=$!
	wait_until 20 ctr version >&2
	found=$(ctr plugins ls | awk '$2 == "cri" { print $NF }')
	kill "$pid"
	wait "$pid"
	echo "$found"
}

of_docker() {
	docker info --format '{{json .Runtimes}}' 2>/dev/null | jq -r 'keys | map(select(startswith("nacre"))) | join(" ")'
}

# shellcheck disable=SC2317 # wait_until calls it
has_ours() {
	[[ $(of_docker) == "$names" ]]
}

try_containerd() {
	local before file=$1
	before=$(sha256sum <"$containerd_config")
	"$install" containerd >/dev/null
	seen "containerd has the runtimes: $file" "$(of_containerd)" "$names"
	seen "containerd has the programs: $file" \
		"$(containerd config dump | grep -o 'BinaryName = "/usr/local/bin/nacre.*' | sort | head -n 1)" \
		'BinaryName = "/usr/local/bin/nacre"'
	seen "the CRI plugin starts: $file" "$(cri_status)" ok
	"$install" containerd --undo >/dev/null
	seen "the file is as before: $file" "$(sha256sum <"$containerd_config")" "$before"
	rm "$containerd_config"
}

mkdir -p /etc/cni/net.d /etc/docker
try_containerd "the package's"
containerd config default >"$containerd_config"
try_containerd "all defaults"
"$install" containerd >/dev/null
seen "containerd has the runtimes: none before" "$(of_containerd)" "$names"
seen "the CRI plugin starts: none before" "$(cri_status)" ok
"$install" containerd --undo >/dev/null
seen "the file is gone again" "$(find "$containerd_config" 2>/dev/null)" ""

if [[ -x /nacre/build/shim/containerd-shim-nacre-v2 ]]; then
	ln -s /nacre/build/shim/containerd-shim-nacre-v2 /usr/local/bin
	"$install" containerd --shim >/dev/null
	seen "containerd has the shim" "$(containerd config dump | grep -o '"io.containerd.nacre.*' | sort | paste -sd' ')" \
		'"io.containerd.nacre-nested.v2" "io.containerd.nacre-oci.v2" "io.containerd.nacre-strict.v2" "io.containerd.nacre.v2"'
	seen "the CRI plugin starts: with the shim" "$(cri_status)" ok
	seen "without the shim is another matter" "$("$install" containerd 2>&1 | grep -o 'has nacre with.*undo;')" \
		'has nacre with its shim: remove that first with --undo;'
	"$install" containerd --undo >/dev/null
	seen "the file is gone again after the shim" "$(find "$containerd_config" 2>/dev/null)" ""

	before='{"exec-opts": ["native.cgroupdriver=systemd"]}'
	echo "$before" >/etc/docker/daemon.json
	if dockerd --help | grep -q -- --validate; then
		"$install" docker --shim >/dev/null
		seen "docker has the shim" "$(jq -r '.runtimes[].runtimeType' /etc/docker/daemon.json | sort | paste -sd' ')" \
			'io.containerd.nacre-nested.v2 io.containerd.nacre-oci.v2 io.containerd.nacre-strict.v2 io.containerd.nacre.v2'
		"$install" docker --undo >/dev/null
	else
		seen "no shim for an old Docker" "$("$install" docker --shim 2>&1 | head -n 1)" 'install-engine: --shim needs Docker 23 or later'
	fi
	seen "docker's file is as before the shim" "$(cat /etc/docker/daemon.json)" "$before"
fi

echo '{"storage-driver": "overlay2"}' >/etc/docker/daemon.json
dockerd >/run/dockerd.log 2>&1 </dev/null &
dockerd=$!
wait_until 30 docker version
"$install" docker >/dev/null
kill -HUP "$dockerd"
wait_until 10 has_ours
seen "docker has the runtimes after a reload" "$(of_docker)" "$names"
"$install" docker --undo >/dev/null
seen "docker's file is as before" "$(cat /etc/docker/daemon.json)" '{"storage-driver": "overlay2"}'

"$install" podman >/dev/null
for name in $names; do
	seen "podman has $name" "$(podman --runtime "$name" --cgroup-manager cgroupfs info --format '{{.Host.OCIRuntime.Path}}')" \
		"/usr/local/bin/$name"
done
"$install" podman --undo >/dev/null
seen "podman has none" "$(podman --runtime nacre --cgroup-manager cgroupfs info 2>&1 | grep -c .)" 1

echo "1..$tests"
exit $((failed > 0))
