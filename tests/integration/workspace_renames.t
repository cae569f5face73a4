#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Workspaces: directories that were renamed come to the source as renames, in an order in which each finds its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/workspace.sh"

# comes_and_goes SOURCE-SCRIPT SCRIPT [NAME]: the source is what the script makes of it, back, and again. Returns 1 if
# nothing was changed, or renames that need each other are left out.
comes_and_goes() {
	local before after failed foreseen
	source_of "$1"
	before=$(files "$source")
	rm -rf "$T/made"
	cp -a "$source" "$T/made"
	(umask 022 && cd "$T/made" && eval "$2")
	after=$(files "$T/made")
	changed "$2" || return
	[[ -e $store/$id ]] || return 1
	try nacre workspace apply --dry-run "$id"
	foreseen=$out
	try nacre workspace apply "$id"
	applied=$out
	failed=$rc
	is "$foreseen" "$applied" "the dry run${3:+ of $3} before: $2"
	if ((rc == 0)); then
		is "$(files "$source")" "$after" "the source${3:+ of $3} after: $2"
		good nacre workspace diff "$id"
		has_line "$out" "0 changes"
	fi
	lacks "$(find "$source")" .nacre-
	[[ ! -e $store/$id/0/undo ]] || good nacre workspace undo "$id"
	is "$(files "$source")" "$before" "the source${3:+ of $3} before: $2"
	if [[ ${applied##*$'\n'} == "0 applied" ]]; then # what was made is gone again
		discard
		return 1
	fi
	try nacre workspace apply --force . "$id"
	[[ -n ${3:-} ]] || is "$out" "$applied" "the same again after: $2"
	discard
	((failed == 0)) || return 1
	is "$(files "$source")" "$after" "the source${3:+ of $3} again after: $2"
}

all_come_and_go() {
	comes_and_goes "$@" || wrong "not all is applied" "$applied"
}

test_what_was_renamed_in_a_renamed_directory_is_renamed_there() {
	all_come_and_go 'mkdir -p e/d; echo x >e/d/x' 'mv e f; mv f/d f/g'
	[[ $who != root ]] || has "$applied" "applied   R  f/g/"
	all_come_and_go 'mkdir -p e/d; echo x >e/d/x' 'mv e f; mkdir f/n; mv f/d f/n/d; echo y >f/n/d/y'
	all_come_and_go 'mkdir -p e/d e/c a; echo x >e/d/x; echo c >e/c/c; echo a >a/a' \
		'mv e f; mv f/d f/g; mv a f/d; mv f/c f/g/c'
	all_come_and_go 'mkdir -p e/d/h; echo x >e/d/h/x' 'mv e f; mv f/d f/g; mv f/g/h f/g/i'
}

test_a_new_directory_waits_for_the_one_that_had_its_name() {
	all_come_and_go 'mkdir d x; echo d >d/d; echo x >x/x' 'mv d g; mkdir d; mv x d/x'
}

test_a_chain_is_applied_from_its_end_and_a_circle_is_refused() {
	local made='mkdir b c d; for i in b c d; do echo $i >$i/$i; done'
	all_come_and_go "$made" 'mv d e; mv c d; mv b c'
	all_come_and_go "$made" 'mv b a; mv c b; mv d c'
	all_come_and_go "$made" 'mv d c/d; mv c b/c; mv b e'
	if [[ $who == root ]]; then
		comes_and_goes "$made" 'mv b t; mv d b; mv c d; mv t c' && wrong "a circle was applied" "$applied"
		has "$applied" "0 applied, 3 refused"
	else # renames are copies there
		all_come_and_go "$made" 'mv b t; mv d b; mv c d; mv t c'
	fi
}

test_a_mark_at_an_old_path_is_not_one_of_what_came_there() {
	local made='mkdir -p b/a b/e c/a; echo b >b/a/b; echo c >c/a/c'
	all_come_and_go "$made" 'mv c/a x; mv c d; mv b c'
	all_come_and_go "$made" 'mv c/a x; mv c d; mv b c; rm -r c/a'
	all_come_and_go "$made" 'mv c/a x; mv c d; mv b c; rm -r c/a; mv c/e c/a'
}

# The source has other directories at those paths, as long as the renames are not done.
test_what_lies_below_a_rename_that_is_left_out_is_left_too() {
	needs_root || return
	local before
	source_of 'mkdir a b; for i in f g; do echo a >a/$i; echo b >b/$i; done'
	before=$(files "$source")
	changed 'mv a t; mv b a; mv t b; echo x >a/x; echo x >a/g; rm b/f' || return
	try nacre workspace apply "$id"
	is "$rc" 1 "the exit status"
	has_line "$out" "refused   A  a/x  (a directory on its path was renamed, and that is not applied)"
	has_line "$out" "refused   D  b/f  (a directory on its path was renamed, and that is not applied)"
	has "$out" "0 applied, 5 refused"
	is "$(files "$source")" "$before" "the source"
	try nacre workspace apply --force . "$id" a/x b/f a/g
	is "$rc" 1 "the exit status"
	is "$(files "$source")" "$before" "the source"
	discard
}

test_what_came_to_an_old_path_waits_for_the_rename() {
	needs_root || return
	local before path
	source_of 'mkdir -p c/a e; echo x >c/a/x'
	before=$(files "$source")
	changed 'mv c e/c; mkdir -p c/a/n; echo y >c/a/x' || return
	for path in c/a/n c/a/x; do
		try nacre workspace apply --force . "$id" "$path"
		is "$rc" 1 "the exit status for $path"
		is "$(files "$source")" "$before" "the source"
	done
	good nacre workspace apply "$id"
	is "$(files "$source")" "c 755 d
c/a 755 d
c/a/n 755 d
c/a/x 644 y
e 755 d
e/c 755 d
e/c/a 755 d
e/c/a/x 644 x" "the source"
	discard
}

test_a_directory_that_was_renamed_and_back_again_hides_nothing() {
	all_come_and_go 'mkdir d; echo x >d/f; echo y >d/g' 'mv d e; mv e d; rm d/f'
	all_come_and_go 'mkdir -p d/d; echo x >d/d/f' 'mv d/d d/e; mv d/e d/d; rm d/d/f'
	all_come_and_go 'mkdir -p d/d e; echo x >d/d/f' 'mv d/d e/d; mv e/d d/d; rm d/d/f'
}

test_what_came_to_an_old_path_does_not_show_what_comes_back_there() {
	needs_root || return
	needs_program python3 || return
	source_of 'mkdir -p b c/b; echo x >c/b/x'
	changed 'mv c b/a; mkdir c' || return
	good nacre workspace apply "$id"
	good nacre workspace undo "$id"
	exists "$source/c/b/x"
	python3 -c 'import os, sys; os.getxattr(sys.argv[1], "trusted.overlay.opaque")' "$store/$id/0/upper/c" ||
		wrong "the new directory is not opaque"
	discard
}

# random_script SEED N: N commands, of which some fail
random_script() {
	local names=abcd n old new
	RANDOM=$1
	for ((n = 0; n < $2; n++)); do
		some_path old
		some_path new
		case $((RANDOM % 8)) in
		0) echo "echo $RANDOM >$new" ;;
		1) echo "mkdir -p $new" ;;
		*) echo "mv -T $old $new" ;;
		esac
	done
}

test_random_renames_come_and_go() {
	needs_root || return # others' are copies, of which mv makes something else now and then
	local seed n=${COUNT:-12} whole=0
	for ((seed = ${SEED:-1}; seed < ${SEED:-1} + n; seed++)); do
		local made moved
		made=$(for name in {a,b,c}/{a,b,c}/{a,b,c}; do echo "mkdir -p $name; echo $name >$name/f"; done)
		moved=$(random_script "$seed" 20)
		if comes_and_goes "$made" "set +e; { $moved
} 2>/dev/null; :" "seed $seed"; then
			whole=$((whole + 1))
		fi
	done
	# Some change nothing, or need each other.
	((3 * whole >= n)) || wrong "only $whole of $n were applied whole"
}

all_tests "$@"
