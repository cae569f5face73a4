#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What README.md has to be pasted works as it stands, and prints what README.md shows. The other blocks install
# packages, change engines or ask for a cluster: tests/lint/readme.sh knows them, and contrib.t, install_engine.t and
# tests/engines do what they say.
. "$(dirname "$0")/lib.sh"

readme=$tests/../README.md

# blocks LANGUAGE HEADING: the blocks of that language below ## HEADING
blocks() {
	awk -v start="\`\`\`$1" -v heading="## $2" '
		/^## / { below = $0 == heading }
		below && $0 == start { inside = 1; next }
		/^```$/ { inside = 0 }
		inside' "$readme"
}

# paste HEADING: its blocks in a shell on a terminal, where "nacre" is the one that is tested; what is typed
# there is $typed. The terminal's own sequences are taken out of $out.
paste() {
	mkdir -p "$b/bin"
	printf '#!/bin/sh\nexec "%s" --root "%s" --workspaces "%s" "$@"\n' "$NACRE" "$ROOT" "$T/workspaces" >"$b/bin/nacre"
	chmod 755 "$b/bin/nacre"
	blocks sh "$1" >"$b/pasted"
	[[ -s $b/pasted ]] || wrong "README.md has nothing to paste below: $1"
	try eval '(cd "$b/here" && { sleep 1; printf "%s\n" "$typed"; } |
		NACRE_TEST=$T HOME=$b PATH=$b/bin:$PATH timeout -k 5 60 "$PEER" pty 24 120 bash -e "$b/pasted")'
	out=$(tr -d '\r' <<<"$out" | sed 's/\x1b\[[0-9;?]*[a-z]//g')
}

test_the_sandboxed_command_changes_what_is_shown() {
	local shown last
	b=$T/b-$id
	mkdir -p "$b/here"
	echo 'A project.' >"$b/here/README"
	typed=d paste "Sandbox a command"
	is "$rc" 0 "exit status"
	is "$(cat "$b/here/README")" "A project."
	shown=$(blocks text "Sandbox a command" | sed "s,/home/me/project,$b/here,g; /^digest /d")
	last=${shown##*$'\n'}
	while IFS= read -r line; do
		has_line "$out" "$line"
	done <<<"${shown%$'\n'*}"
	has "$out" "$last"
	nothing_left
}

test_the_bundle_runs_and_what_fails_is_reported() {
	[[ $who == root ]] || { host_lacks "the config of nacre spec is root's"; return; }
	b=$T/b-$id
	mkdir -p "$b/here"
	typed='echo it $((6 * 7)) runs; exit' paste "Run a container"
	has_line "$out" "read-only-root *added*/tmp*"
	has_line "$out" "it 42 runs"
	is "$rc" 0 "exit status"
	cp "$PAYLOAD" "$b/here/bundle/rootfs/payload"
	jq '.process.args = ["/payload", "socket", "40"]' "$b/here/bundle/config.json" >"$b/config" &&
		mv "$b/config" "$b/here/bundle/config.json"
	typed='' paste "My program fails"
	has "$out" "container job, profile agent, refused:"
	has_line "$out" "*1 socket: EAFNOSUPPORT (--allow socket:AF_VSOCK)"
	nothing_left
}

all_tests "$@"
