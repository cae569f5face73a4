#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# contrib/sandbox: what stands there runs.
# shellcheck disable=SC2016 # for another shell
. "$(dirname "$0")/lib.sh"

places=(--workspaces "$T/workspaces")
recipes=$(realpath "$(dirname "$0")/../../contrib/sandbox")

# project: a directory with a Makefile as $dir, in a home; and nacre in PATH, for good
project() {
	home=$T/home-$id dir=$T/home-$id/project
	mkdir -p "$dir" "$T/bin"
	printf 'test:\n\ttouch written\n\ttest ! -e broken\n' >"$dir/Makefile"
	printf '#!/bin/sh\nexec "%s" --root "%s" --workspaces "%s" "$@"\n' "$NACRE" "$ROOT" "$T/workspaces" >"$T/bin/nacre"
	chmod 755 "$T/bin/nacre"
	export HOME=$home PATH=$T/bin:$PATH
}

# git commits and pushes without what the caller has configured
git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 command git -C "$dir" -c user.name=x -c user.email=x@x.example \
		-c init.defaultBranch=main "$@"
}

test_the_hook_lets_tests_decide() {
	needs_program git || return
	needs_program make || return
	project
	git init -q --bare "$T/remote.git"
	git init -q
	git remote add origin "$T/remote.git"
	cp "$recipes/pre-push" "$dir/.git/hooks/"
	: >"$dir/broken"
	git add Makefile broken
	git commit -qm one
	try git push -q origin main
	differs "$rc" 0 "a push with a test that fails"
	has "$err" "Error 1"
	git rm -q broken
	git commit -qm two
	good git push -q origin main
	is "$(git -C "$T/remote.git" log --format=%s main | head -n 1)" two "what was pushed"
	absent "$dir/written"
	good nacre workspace list
	lacks "$out" sandbox-
}

test_the_target_makes_another_on_a_copy() {
	needs_program make || return
	project
	cp "$recipes/sandbox.mk" "$dir/"
	echo 'include sandbox.mk' >>"$dir/Makefile"
	try make -C "$dir" sandboxed-test
	is "$rc" 0 "$err"
	has "$out" "touch written"
	absent "$dir/written"
	: >"$dir/broken"
	bad 2 '*sandboxed-test*' make -C "$dir" sandboxed-test
}

# command_of FILE FILTER: the words that FILTER of jq finds, as $words
command_of() {
	mapfile -t words < <(jq -r "$2" "$recipes/$1")
	((${#words[@]} > 3)) || wrong "no command in $1"
}

test_the_task_runs() {
	needs_program make || return
	project
	command_of tasks.json '.tasks[0] | .command, .args[]'
	cd "$dir" || wrong "$dir"
	good "${words[@]}"
	has "$out" "touch written"
	absent "$dir/written"
}

# A server on stdin and stdout that answers each line, and tells what it sees.
test_a_server_answers_while_it_is_asked() {
	local answer
	project
	echo content >"$dir/file"
	cat >"$dir/server" <<-'END'
		#!/bin/sh
		while read -r line; do
			echo x 2>/dev/null >"$1/file" || echo "{\"asked\": $line, \"file\": \"$(cat "$1/file")\"}"
		done
	END
	command_of mcp.json '.mcpServers.project | .command, .args[]'
	# The host of a server starts it anywhere.
	cd / || wrong /
	words=("${words[@]//\/home\/me\/project/$dir}")
	chmod 755 "$dir/server"
	words=("${words[@]/#\/usr\/local\/bin\/mcp-server/$dir\/server}")
	coproc server { exec "${words[@]}"; }
	for line in 1 2; do
		echo "$line" >&"${server[1]}"
		read -r -t 10 answer <&"${server[0]}" || wrong "no answer to $line"
		is "$answer" "{\"asked\": $line, \"file\": \"content\"}"
	done
	eval "exec ${server[1]}>&-"
	wait "$server_PID"
	is $? 0 "its status at the end of its input"
}

# agent NAME: a stand-in, which tells what it has and changes the project
agent() {
	cat >"$dir/$1" <<-'END'
		#!/bin/sh
		echo "$* $GEMINI_API_KEY$ANTHROPIC_API_KEY $SECRET"
		cat "$HOME"/.gemini/settings.json "$HOME"/.config/opencode/* 2>/dev/null
		mkdir -p "$HOME/.gemini/tmp" "$HOME/.local/share/opencode/log" && echo kept nothing
		ls "$HOME/.ssh" 2>/dev/null
		echo changed >file
	END
	chmod 755 "$dir/$1"
}

test_an_agent_has_its_settings_and_works_on_a_copy() {
	project
	mkdir -p "$home/.gemini" "$home/.config/opencode" "$home/.ssh"
	echo secret >"$home/.ssh/id"
	echo settings >"$home/.gemini/settings.json"
	echo settings >"$home/.config/opencode/opencode.json"
	export SECRET=secret GEMINI_API_KEY=key ANTHROPIC_API_KEY=key
	for name in gemini opencode; do
		agent "$name"
		cd "$dir" || wrong "$dir"
		PATH=$dir:$PATH good "$recipes/$name-sandboxed" --prompt x
		is "$out" $'--prompt x key \nsettings\nkept nothing' "$name: $err"
		absent "$dir/file"
		absent "$home/.gemini/tmp"
		absent "$home/.local/share/opencode/log"
		id=$(nacre workspace list | grep -o 'sandbox-[0-9a-f]*')
		has "$err" "workspace of $id kept"
		good nacre workspace discard "$id"
	done
}

all_tests "$@"
