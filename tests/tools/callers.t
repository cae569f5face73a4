#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Those who call bubblewrap, with nacre-bwrap in its place: sandbox-runtime (srt) and Codex, of the registry of
# npm, installed into $CALLERS (callers in the build) unless they are there. One filter is ours, and one theirs.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

ROOT=$T/run/nacre-bwrap
srt=@anthropic-ai/sandbox-runtime
codex=@openai/codex
modules=${CALLERS:-$build/callers}/node_modules
# Codex takes none from a directory that its sandbox may write to, as those below /tmp are.
bin=$build/callers/bin

# has_caller PACKAGE PROGRAM...
has_caller() {
	local package=$1 program
	shift
	for program in npm node curl git "$@"; do
		command -v "$program" >/dev/null || { host_lacks "$program is not installed"; return 1; }
	done
	[[ -d $modules/$package ]] && return
	npm install --no-audit --no-fund --prefix "${modules%/*}" "$package" >"$T/npm" 2>&1 && return
	host_lacks "npm cannot install $package: $(tail -n 1 "$T/npm")"
	return 1
}

# A directory to work in as $dir, and nacre-bwrap first in PATH. What is called first tells that it is.
project() {
	mkdir -p "$bin" "$T/run" "$T/home" "$T/project"
	ln -f "$NACRE" "$bin/bwrap" 2>/dev/null || cp "$NACRE" "$bin/bwrap"
	dir=$T/project
	git init -q "$dir"
	echo secret >"$dir/.env"
	good "$bin/bwrap" --version
	has "$out" nacre-bwrap
}

# there COMMAND: in the project
there() {
	local run=(env "USER=${USER:-tester}" "XDG_RUNTIME_DIR=$T/run")
	[[ $who != root ]] || run=(unshare --mount --propagation private sh -c
		'mount --bind "$0" /run && exec "$@"' "$T/run")
	(cd "$dir" && NACRE_TEST=$T HOME=$T/home PATH=$bin:$PATH timeout -k 5 60 "${run[@]}" "$@")
}

# in_srt TEXT: what a shell prints there
in_srt() {
	cat >"$T/settings.json" <<-END
		{"network": {"allowedDomains": ["allowed.example"], "deniedDomains": []},
		"filesystem": {"denyRead": ["$dir/hidden"], "allowWrite": ["."], "denyWrite": [".env"]}}
	END
	try there node "$modules/$srt/dist/cli.js" --settings "$T/settings.json" -c "$1"
}

test_srt_holds_what_its_settings_say() {
	has_caller "$srt" rg socat || return
	project
	mkdir "$dir/hidden"
	echo secret >"$dir/hidden/file"
	in_srt 'echo it works; echo x >new; echo x >.env; echo x >.git/hooks/post-commit; echo x >/etc/x; cat hidden/file'
	has_line "$out" 'it works'
	lacks "$out" secret
	is "$(cat "$dir/.env")" secret
	exists "$dir/new"
	absent "$dir/.git/hooks/post-commit"
	absent /etc/x
	in_srt 'exit 7'
	is "$rc" 7 status
	in_srt 'sed -n "s/^NoNewPrivs:.//p; s/^Seccomp_filters:.//p" /proc/self/status'
	is "$out" $'1\n2' "no new privileges, and filters"
	absent "$dir/.bashrc"
	nothing_left
}

# Its proxy refuses with 403, and cannot find the other.
test_srts_network_rules_hold() {
	has_caller "$srt" rg socat || return
	project
	in_srt 'curl -sS -m 20 https://denied.example'
	has "$err" 403
	in_srt 'curl -sS -m 20 https://allowed.example'
	lacks "$err" 403
	has "$err" 'CONNECT tunnel failed'
	in_srt 'curl -sS -m 5 --noproxy "*" http://192.0.2.1 || echo none; tail -n +3 /proc/net/dev | cut -d: -f1'
	has_line "$out" none
	has_line "$out" '*lo'
	is "$(wc -l <<<"$out")" 2 "lines: none, lo"
	nothing_left
}

# in_codex PROFILE TEXT
in_codex() {
	mkdir -p "$T/home/.codex"
	cat >"$T/home/.codex/config.toml" <<-END
		default_permissions = ":read-only"
		[permissions.own.filesystem]
		":root" = "read"
		"$dir" = "write"
		"$dir/hidden" = "deny"
		"$dir/.env" = "deny"
	END
	try there node "$modules/$codex/bin/codex.js" sandbox -P "$1" -- sh -c "$2"
}

test_codex_holds_what_its_permissions_say() {
	has_caller "$codex" || return
	project
	mkdir "$dir/hidden"
	echo secret >"$dir/hidden/file"
	in_codex :workspace 'echo it works; echo x >new; echo x >.git/config; echo x >.codex/x; echo x >/etc/x'
	has_line "$out" 'it works'
	exists "$dir/new"
	lacks "$(cat "$dir/.git/config")" x$'\n'
	absent "$dir/.codex/x"
	absent /etc/x
	in_codex :read-only 'echo x >other; cat .env; exit 7'
	is "$rc" 7 status
	is "$out" secret
	absent "$dir/other"
	in_codex own 'echo x >other; cat .env hidden/file; ls hidden'
	exists "$dir/other"
	is "$out" ''
	in_codex :workspace 'curl -sS -m 5 http://192.0.2.1 || echo none'
	is "$out" none
	in_codex :workspace 'sed -n "s/^CapEff:.//p; s/^NoNewPrivs:.//p; s/^Seccomp_filters:.//p" /proc/self/status'
	is "$out" $'0000000000000000\n1\n2' "capabilities, no new privileges, and filters"
	nothing_left
}

all_tests "$@"
