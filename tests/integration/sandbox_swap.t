#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A path that nacre sandbox was given leads elsewhere a moment later, time and again: what was named is
# shown, or nothing. TURNS=N: so often each.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the other integration tests
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

# project: $dir in $home, with a directory that is named, $dir/build, and what its name is exchanged for
project() {
	home=$T/home-$id dir=$T/home-$id/project
	mkdir -p "$dir/build" "$home/.ssh"
	echo secret >"$home/.ssh/file"
	echo mine >"$dir/build/file"
	ln -s ../.ssh "$dir/link"
	cd "$dir" || exit
}

# races FIRST SECOND EXPECTED TEXT OPTION...: exchanges FIRST and SECOND while sandboxes with OPTION... run
# the shell program TEXT in $dir. None may print "secret", some EXPECTED, and some are to be refused.
races() {
	local first=$1 second=$2 expected=$3 text=$4 shown=0 refused=0 turn turns=${TURNS:-40}
	shift 4
	in_background "$PEER" swap "$first" "$second"
	for ((turn = 0; turn < turns || (shown * refused == 0 && turn < 10 * turns); turn++)); do
		HOME=$home try nacre --workspaces "$T/workspaces" sandbox --name "$id" --apply never "$@" -- /bin/sh -c "$text"
		[[ $out != *secret* ]] || wrong "turn $turn: it was led outside" "$out"
		[[ $out != *"$expected"* ]] || ((++shown))
		((rc != 125)) || ((++refused))
		try nacre --workspaces "$T/workspaces" workspace discard "$id"
	done
	kill -0 "${background[0]}" 2>/dev/null || wrong "the race ended early" "$(<"$background_out")"
	end_background
	is "$(<"$home/.ssh/file")" secret "what is outside"
	[[ ! -e $home/.ssh/new ]] || wrong "it wrote outside"
	((shown > 0 && refused > 0)) || wrong "in $turn turns it was shown $shown times and refused $refused times"
}

test_what_is_read_is_what_was_named() {
	project
	mkdir ../work
	races build link mine "cat '$dir'/build/* '$home'/.ssh/*" --workspace ../work:/work --read build
}

test_what_is_written_to_is_what_was_named() {
	project
	races build link written "echo x >build/new && echo written; cat '$home'/.ssh/*" --write build
}

test_the_working_directory_is_the_one_that_it_was() {
	project
	ln -s .ssh ../other
	races ../project ../other mine 'cat build/file ./file ../project/file'
}

test_a_workspace_is_the_directory_that_was_named() {
	project
	races build link mine "cat /w/*" --workspace build:/w
}

# A directory that has it, and one that has not. Once it is hidden it stays so, whatever its name becomes.
test_what_is_hidden_stays_so() {
	project
	mkdir -p ../tree/with ../tree/without
	echo secret >../tree/with/file
	races ../tree/with ../tree/without ended \
		"for i in 1 2 3 4 5 6 7 8; do cat '$home'/tree/*/file; done; echo ended" \
		--read ../tree --hide ../tree/with/file
}

all_tests "$@"
