#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# contrib/install-engine: what it makes of the engines' files, below a directory in place of /. That
# the engines take them is shown by tests/engines.
. "$(dirname "$0")/lib.sh"

contrib=$(readlink -f "$(dirname "$0")/../../contrib")

# install ENGINE [ARGUMENT...]: with nacre in $T/out.bin, and no engine on the way
install() {
	mkdir -p "$T/out.bin" "$T/tree"
	ln -sf "$(readlink -f "$NACRE")" "$T/out.bin/nacre"
	PATH=$T/out.bin:/usr/bin:/bin "$contrib/install-engine" "$@" --root "$T/tree"
}

# refused CODE TEXT ENGINE...: what it says begins with TEXT
refused() {
	local code=$1 text=$2
	shift 2
	try install "$@"
	is "$rc" "$code" "status"
	has "|$err" "|$text"
}

# fake ENGINE: one that takes no file, and leaves its arguments in $T/asked
fake() {
	mkdir -p "$T/out.bin"
	cat >"$T/out.bin/$1" <<-END
		#!/bin/sh
		[ "\$1" != --help ] || exec echo --validate
		echo "\$@" >"$T/asked"
		echo line 7 is wrong
		exit 1
	END
	chmod +x "$T/out.bin/$1"
}

# given FILE TEXT: the engine's file as it is before
given() {
	file=$T/tree$1
	rm -rf "$T/tree" "$T/out.bin" "$T/asked"
	mkdir -p "${file%/*}"
	[[ $# -lt 2 ]] || printf '%s' "$2" >"$file"
}

# Nothing but FILE stands below the tree.
alone() {
	is "$(find "$T/tree" -type f)" "$file" "files"
}

daemon=/etc/docker/daemon.json
config=/etc/containerd/config.toml

test_docker_gets_a_file_and_loses_it_again() {
	given "$daemon"
	good install docker
	is "$(jq -r '.runtimes | keys | join(" ")' "$file")" "nacre nacre-nested nacre-oci nacre-strict"
	is "$(jq -r .runtimes.nacre.path "$file")" "$T/out.bin/nacre"
	is "$(stat -c %a "$file")" 644
	good install docker --undo
	is "$(find "$T/tree" -type f)" "" "files"
}

test_docker_keeps_what_the_file_has() {
	local before='{ "log-driver":"journald","runtimes":{"kata":{"path":"/opt/kata"}} }'
	given "$daemon" "$before"
	chmod 640 "$file"
	good install docker
	is "$(jq -c '[."log-driver", .runtimes.kata.path, (.runtimes | length)]' "$file")" \
		'["journald","/opt/kata",5]'
	is "$(stat -c %a "$file")" 640
	is "$(<"$file.before-nacre")" "$before" "backup"
	good install docker --undo
	is "$(<"$file")" "$before"
	is "$(stat -c %a "$file")" 640
	alone
}

test_a_second_time_nothing_changes() {
	local first
	given "$daemon" '{"debug": true}'
	good install docker
	first=$(stat -c '%i %Y' "$file")
	good install docker
	has "$out" "already has nacre"
	is "$(stat -c '%i %Y' "$file")" "$first"
	given "$config" $'version = 2\n'
	good install containerd
	first=$(stat -c '%i %Y' "$file")
	good install containerd
	is "$(stat -c '%i %Y' "$file")" "$first"
}

test_docker_changed_since_loses_only_what_was_added() {
	given "$daemon" '{"debug": true}'
	good install docker
	jq '.debug = false' "$file" >"$T/changed"
	cp "$T/changed" "$file"
	good install docker --undo
	has "$out" "was changed since"
	is "$(jq -c . "$file")" '{"debug":false}'
}

test_docker_is_refused_a_file_that_cannot_be_edited() {
	local text
	for text in '{"debug": true' '[]' '{} {}' '{"runtimes": []}' \
		'{"runtimes": {"nacre": {"path": "/opt/nacre"}}}'; do
		given "$daemon" "$text"
		refused 1 "install-engine: $file " docker
		has "$err" "; nothing was changed"
		is "$(<"$file")" "$text"
		alone
	done
}

test_a_file_that_the_engine_refuses_is_not_put_in_place() {
	given "$daemon" '{"debug": 1}'
	fake dockerd
	refused 1 $'line 7 is wrong\ninstall-engine: docker rejects ' docker
	is "$(<"$T/asked")" "--validate --config-file $file.new-nacre"
	is "$(<"$file")" '{"debug": 1}'
	alone
	given "$config" $'version = 2\n'
	fake containerd
	refused 1 $'line 7 is wrong\ninstall-engine: containerd rejects ' containerd
	is "$(<"$T/asked")" "--config $file.new-nacre config dump"
	alone
}

test_containerd_gets_tables_of_the_version_of_its_file() {
	local version
	for version in 3 4; do
		given "$config" $'# mine\nversion = '"$version"$' # new\n'
		good install containerd
		is "$(grep -c '^\[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nacre[a-z-]*\]$' "$file")" 4
		has "$(<"$file")" "BinaryName = \"$T/out.bin/nacre-strict\""
	done
	given "$config" $'version = 2\n[a]\nx = 1'
	good install containerd
	is "$(grep -c '^\[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre[a-z-]*\]$' "$file")" 4
	is "$(head -n 3 "$file")" $'version = 2\n[a]\nx = 1'
	good install containerd --undo
	is "$(od -c "$file")" "$(printf 'version = 2\n[a]\nx = 1' | od -c)" "bytes"
	alone
}

test_containerd_gets_a_file_and_loses_it_again() {
	given "$config"
	good install containerd
	is "$(head -n 1 "$file")" "version = 2"
	good install containerd --undo
	is "$(find "$T/tree" -type f)" "" "files"
}

test_the_cgroup_driver_is_that_of_runc() {
	given "$config" $'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n  SystemdCgroup = true\n'
	good install containerd
	is "$(grep -c '^ *SystemdCgroup = true' "$file")" 5
	is "$(grep -c '^ *SystemdCgroup = false' "$file")" 0
}

# containerd forgets its own runc as soon as a runtime is named.
test_containerd_keeps_its_runc() {
	given "$config" $'version = 2\n'
	good install containerd
	is "$(grep -c 'runtimes.runc\]$' "$file")" 1
	given "$config" $'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n'
	good install containerd
	is "$(grep -c 'runtimes.runc\]$' "$file")" 1
}

test_containerd_changed_since_loses_only_what_was_added() {
	given "$config" $'version = 2\n'
	good install containerd
	printf '[debug]\nlevel = "info"\n' >>"$file"
	good install containerd --undo
	has "$out" "was changed since"
	is "$(<"$file")" $'version = 2\n[debug]\nlevel = "info"'
}

test_containerd_is_refused_a_file_that_cannot_be_edited() {
	local text
	for text in 'disabled_plugins = ["cri"]' 'version = 5' \
		$'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nacre]' \
		$'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\nruntimes = {}' \
		$'version = 2\nplugins = {}'; do
		given "$config" "$text"
		refused 1 "install-engine: $file " containerd
		has "$err" "; nothing was changed"
		is "$(<"$file")" "$text"
		alone
	done
}

# A runtime of one's own may have nacre's program, shim and a name that begins like its.
test_runtimes_of_other_names_are_left_alone() {
	local table='[plugins."io.containerd.grpc.v1.cri".containerd.runtimes' own quote
	for quote in '' '"'; do
		own=$'version = 2\n'"$table.${quote}nacre-mine${quote}]"$'\n  runtime_type = "io.containerd.nacre.v2"\n'
		own+="$table.${quote}runc-old${quote}]"$'\n  runtime_type = "io.containerd.runc.v2"\n'
		given "$config" "$own"
		good install containerd
		is "$(grep -c 'runtimes.nacre[a-z-]*\]$' "$file") $(grep -c 'runtimes.runc\]$' "$file")" \
			"$([[ $quote ]] && echo 4 || echo 5) 1"
		good install containerd
		has "$out" "already has nacre"
		good install containerd --undo
		is "$(<"$file")" "${own%$'\n'}"
	done
	given "$config" $'version = 2\n'"$table.\"nacre-oci\".options]"
	refused 1 "install-engine: $file already has another runtime \"nacre-oci\"" containerd
	given "$config" "version = 2"$'\n'"${table%.runtimes}]"$'\nruntimes.nacre={runtime_type="io.containerd.runc.v2"}'
	refused 1 "install-engine: $file already has another runtime \"nacre\"" containerd
	given "$daemon" '{"runtimes":{"nacre-mine":{"runtimeType":"io.containerd.nacre.v2"}}}'
	good install docker
	good install docker
	has "$out" "already has nacre"
	good install docker --undo
	is "$(jq -c . "$file")" '{"runtimes":{"nacre-mine":{"runtimeType":"io.containerd.nacre.v2"}}}'
}

test_podman_and_crio_get_a_file_of_their_own() {
	local engine
	for engine in podman:/etc/containers/containers.conf.d crio:/etc/crio/crio.conf.d; do
		given "${engine#*:}/50-nacre.conf"
		good install "${engine%:*}"
		good install "${engine%:*}"
		has "$(<"$file")" "$T/out.bin/nacre-strict\""
		good install "${engine%:*}" --undo
		good install "${engine%:*}" --undo
		is "$(find "$T/tree" -type f)" "" "files"
		given "${engine#*:}/50-nacre.conf" "# mine"
		refused 1 "install-engine: $file differs from " "${engine%:*}"
		refused 1 "install-engine: $file differs from " "${engine%:*}" --undo
		is "$(<"$file")" "# mine"
	done
}

test_a_link_to_the_file_stays() {
	given "$daemon"
	printf '{"debug": true}' >"$T/tree/real.json"
	ln -s "$T/tree/real.json" "$file"
	good install docker
	is "$(readlink "$file")" "$T/tree/real.json"
	is "$(jq -r '.runtimes | length' "$T/tree/real.json")" 4
	good install docker --undo
	is "$(<"$T/tree/real.json")" '{"debug": true}'
}

test_a_wrong_word_is_told_the_usage() {
	refused 2 "usage: install-engine "
	refused 2 "usage: install-engine " lxc
	refused 2 "usage: install-engine " docker podman
}

all_tests "$@"
