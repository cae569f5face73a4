#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	BUILD=build TREE=build/tools tests/tools/workspace.t [REGEX]
#
# What tools do to a project in a workspace, applied, is what they do to it in place: compared file by file.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/projects.sh
. "$(dirname "$0")/projects.sh"

file_needs=needs_tree
profile=agent
places=(--workspaces "$T/workspaces")

# project_run FUNCTION [OPTION...]: in the project $work
project_run() {
	local function=$1
	shift
	program /bin/bash -euc "$(declare -f settle "$function"); settle; $function; echo; echo it works"
	run_any "$@"
	works "$profile"
}

# listing DIR: a line for each file that both ways must have alike. Left out: the times and inodes that git notes
# of files (index), modules compiled with the time of their source, and what cargo notes of rustc.
listing() {
	(cd "$1" && find . -mindepth 1 ! -path '*.git/index' ! -path '*.git/worktrees/*/index' ! -name '*.pyc' \
		! -name '*.timestamp' ! -name .rustc_info.json \
		\( -type f -printf '%p %y %m ' -exec sha256sum {} \; -o -printf '%p %y %m %l\n' \) |
		sed 's/ \([0-9a-f]\{64\}\)  .*/ \1/' | sort)
}

# same_as_in_place TOOL [PATH...]: what TOOL does by a workspace and in place; PATHs are protected, to be named
same_as_in_place() {
	local tool=$1 place copy
	shift
	tree_bundle
	project_run "begin_$tool"
	place=$work copy=$b/copy
	cp -a "$work" "$copy"
	project_run "go_on_$tool"
	listing "$copy" >"$T/before"

	# The same path in the container, another directory of the host.
	edit 'del(.mounts[] | select(.destination == "/workspace"))'
	project_run "go_on_$tool" --workspace "$copy:/workspace"
	listing "$copy" >"$T/untouched"
	good cmp "$T/before" "$T/untouched"
	try nacre workspace apply "$id"
	if (($#)); then
		differs "$rc" 0 "exit code of apply without the protected paths"
		good nacre workspace apply "$id" "$@"
	else
		is "$rc" 0 "exit code of apply: $out $err"
	fi
	diff <(listing "$place") <(listing "$copy") >"$T/differences" ||
		wrong "$tool: not as in place (<: in place)" "$(<"$T/differences")"
	good nacre workspace diff "$id"
	good nacre workspace discard "$id"
}

test_git() {
	same_as_in_place git clone/.git tree/.git .git/worktrees .git/worktrees/tree .git/index
	good git -c safe.directory='*' -C "$b/copy" fsck --no-progress
	is "$(git -c safe.directory='*' -C "$b/copy" status --porcelain --untracked-files=no)" '' status
}

test_git_mv_of_a_directory() {
	same_as_in_place git_mv .git/index
}

test_npm_ci() {
	same_as_in_place npm
}

test_cargo_build() {
	same_as_in_place cargo
}

test_pip_install_editable() {
	same_as_in_place pip
}

all_tests "$@"
