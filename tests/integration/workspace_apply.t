#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Workspaces: what changed comes to the source, part by part, and back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/workspace.sh"

upper() {
	echo "$store/$id/0/upper"
}

# source_has LINE...: that and no more
source_has() {
	is "$(files "$source")" "$(printf '%s\n' "$@" | sort)" "the source"
	[[ -z $(find "$source" -name '.nacre-*') ]] || wrong "temporary files are left"
}

test_all_changes_are_applied_and_undone() {
	source_of 'echo a >a; echo b >b; mkdir d; echo c >d/c; ln -s a l'
	local before
	before=$(files "$source")
	changed 'echo x >a; chmod 755 a; rm b; rm -r d; mkdir -p n/m; echo n >n/m/n; ln -sf n l' || return
	good nacre workspace apply "$id"
	is "$out" "# $source
applied   M  a
applied   D  b
applied   D  d/
applied   M  l
applied   A  n/
applied   A  n/m/
applied   A  n/m/n
7 applied"
	source_has 'a 755 x' 'l 777 ln' 'n 755 d' 'n/m 755 d' 'n/m/n 644 n'
	good nacre workspace diff "$id"
	has_line "$out" "0 changes"
	good nacre workspace apply "$id"
	is "$out" "0 applied"
	good nacre workspace undo --dry-run "$id"
	has_line "$out" "7 undone"
	source_has 'a 755 x' 'l 777 ln' 'n 755 d' 'n/m 755 d' 'n/m/n 644 n'
	good nacre workspace undo "$id"
	has_line "$out" "7 undone"
	is "$(files "$source")" "$before" "the source"
	bad 1 "nothing was applied from the workspace of \"$id\" that could be undone" nacre workspace undo "$id"
	# Nothing is lost by it: it can be applied again, over files that are younger now.
	good nacre workspace apply --force . "$id"
	source_has 'a 755 x' 'l 777 ln' 'n 755 d' 'n/m 755 d' 'n/m/n 644 n'
	discard
}

test_a_part_is_applied_and_the_rest_stays() {
	source_of 'mkdir d e; echo 1 >d/a; echo 2 >d/b; echo 3 >e/c'
	changed 'echo x >d/a; echo x >d/b; rm -r e; mkdir e; echo x >e/d; mkdir -p n/m; echo x >n/m/f; echo x >n/g' || return
	good nacre workspace apply "$id" d/a n/m/f "$source/e/d"
	has_line "$out" "5 applied"
	source_has 'd 755 d' 'd/a 644 x' 'd/b 644 2' 'e 755 d' 'e/c 644 3' 'e/d 644 x' 'n 755 d' 'n/m 755 d' 'n/m/f 644 x'
	good nacre workspace diff "$id"
	is "$(grep '^[AMDRT!C] ' <<<"$out")" $'M  d/b\nD  e/c\nA  n/g' "the rest"
	good nacre workspace apply "$id"
	source_has 'd 755 d' 'd/a 644 x' 'd/b 644 x' 'e 755 d' 'e/d 644 x' 'n 755 d' 'n/g 644 x' 'n/m 755 d' 'n/m/f 644 x'
	bad 1 "nothing was changed at d/none" nacre workspace apply "$id" d/none
	bad 1 "--force: nothing was changed at ../x" nacre workspace apply --force ../x "$id"
	discard
}

test_only_what_was_shown_is_applied() {
	source_of 'echo a >a; echo b >b'
	changed 'echo x >a; echo y >b' || return
	good nacre workspace diff "$id"
	local digest
	digest=$(sed -n 's/^digest //p' <<<"$out")
	bad 1 "the changes of $source have the digest $digest now, which was not expected: nothing was applied; look at them again" \
		nacre workspace apply --expect "${digest//[0-4]/5}" "$id"
	source_has 'a 644 a' 'b 644 b'
	good nacre workspace apply --dry-run --expect "$digest" "$id"
	has_line "$out" "2 applied"
	source_has 'a 644 a' 'b 644 b'
	good nacre workspace apply --expect "$digest" --format json "$id"
	is "$(json '.version == 1 and .workspaces[0].results == [{"kind": "modified", "path": "a", "result": "applied"}, {"kind": "modified", "path": "b", "result": "applied"}]')" true
	documented 'workspace apply --format json'
	source_has 'a 644 x' 'b 644 y'
	discard
}

test_what_the_host_changed_is_left_alone() {
	source_of 'echo a >a; echo b >b; mkdir d; echo c >d/c'
	changed 'echo x >a; echo x >b; rm -r d; echo x >n' || return
	echo host >"$source/a"
	echo host >"$source/d/h"
	echo host >"$source/n"
	try nacre workspace apply "$id"
	is "$rc" 1 "the exit status"
	is "$out" "# $source
conflict  M  a  (was changed in the source too: only by --force)
applied   M  b
conflict  D  d/  (was changed in the source too: only by --force)
conflict  M  n  (was changed in the source too: only by --force)
1 applied, 3 in conflict"
	source_has 'a 644 host' 'b 644 x' 'd 755 d' 'd/c 644 c' 'd/h 644 host' 'n 644 host'
	good nacre workspace apply --force a "$id" a
	source_has 'a 644 x' 'b 644 x' 'd 755 d' 'd/c 644 c' 'd/h 644 host' 'n 644 host'
	echo again >"$source/a"
	try nacre workspace undo "$id"
	is "$rc" 1 "the exit status"
	has_line "$out" "conflict  a  (it was changed since the apply: only by --force)"
	source_has 'a 644 again' 'b 644 x' 'd 755 d' 'd/c 644 c' 'd/h 644 host' 'n 644 host'
	good nacre workspace undo --force a "$id"
	source_has 'a 644 host' 'b 644 x' 'd 755 d' 'd/c 644 c' 'd/h 644 host' 'n 644 host'
	discard
}

test_what_is_refused_stays_and_what_is_named_comes() {
	source_of 'mkdir -p .git/hooks .vscode s'
	changed 'echo x >.git/hooks/h; echo x >.vscode/t; echo x >s/.envrc; mkfifo p; ln -s /etc/shadow l; ln -s ../../x m; echo x >a; chmod 6755 a' || return
	try nacre workspace apply "$id"
	is "$rc" 1 "the exit status"
	has_line "$out" "refused   A  p  (is a FIFO, which blocks a program that opens it)"
	has_line "$out" "refused   A  .vscode/t  (*: only if named)"
	has_line "$out" "1 applied, 6 refused"
	source_has '.git 755 d' '.git/hooks 755 d' '.vscode 755 d' 'a 755 x' 's 755 d'
	try nacre workspace apply "$id" s .vscode .git l
	is "$rc" 1 "the exit status"
	has_line "$out" "1 applied, 3 refused"
	source_has '.git 755 d' '.git/hooks 755 d' '.vscode 755 d' '.vscode/t 644 x' 'a 755 x' 's 755 d'
	good nacre workspace apply "$id" s/.envrc .git/hooks
	source_has '.git 755 d' '.git/hooks 755 d' '.git/hooks/h 644 x' '.vscode 755 d' '.vscode/t 644 x' 'a 755 x' \
		's 755 d' 's/.envrc 644 x'
	discard
}

# A hostile upper, which no container is needed for.
test_what_was_forged_in_the_upper_leads_nowhere() {
	source_of 'echo a >a; mkdir d; echo s >d/s'
	changed 'echo x >a; mkdir n; echo x >n/f' || return
	local upper=$store/$id/0/upper outside=$T/outside
	mkdir "$outside"
	echo secret >"$outside/f"
	ln "$outside/f" "$upper/hard"
	mkfifo "$upper/pipe"
	setfattr -n trusted.overlay.redirect -v ../../outside "$upper/n" 2>/dev/null || true
	mkdir "$upper/led"
	setfattr -n trusted.overlay.redirect -v /../../outside "$upper/led" 2>/dev/null || true
	rm -r "$upper/n"
	ln -s "$outside" "$upper/n"
	try nacre workspace apply "$id"
	is "$rc" 1 "the exit status"
	has "$out" "refused   A  pipe  (is a FIFO, which blocks a program that opens it)"
	[[ ! -e $source/pipe && ! -L $source/n ]] || wrong "it came" "$(files "$source")"
	is "$(<"$outside/f")" secret "outside"
	is "$(ls "$outside")" f "outside"
	rm -r "$outside"
	discard
}

# attributes FILE...: their names
attributes() {
	python3 -c 'import os, sys
for path in sys.argv[1:]: print(*os.listxattr(path, follow_symlinks=False))' "$@"
}

# Of root alone are a capability, which would make it a program of root on the host, and an ACL of another user.
test_capabilities_acls_and_attributes_stay_behind() {
	needs_root || return
	source_of 'echo a >a'
	changed 'echo x >a; echo new >n; chmod 755 n; mkdir d' || return
	python3 - "$(upper)" <<-'END' || wrong "the attributes cannot be set"
		import os, struct, sys
		os.chdir(sys.argv[1])
		acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
		    (1, 6, 2**32 - 1), (2, 7, 1000), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 4, 2**32 - 1)))
		for path in "a", "n":
		    os.setxattr(path, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 21, 0, 0, 0))
		    os.setxattr(path, "system.posix_acl_access", acl)
		    os.setxattr(path, "user.note", b"x")
		os.setxattr("d", "system.posix_acl_default", acl)
	END
	[[ $(attributes "$(upper)/n") == *security.capability* ]] || wrong "it has none to leave behind"
	good nacre workspace apply "$id"
	is "$(attributes "$source/a" "$source/n" "$source/d" | tr -d '[:space:]')" '' "attributes of the source"
	source_has 'a 644 x' 'd 755 d' 'n 644 new'
	discard
}

test_a_path_beyond_what_a_call_takes_stays_behind() {
	source_of ':'
	changed 'mkdir d' || return
	python3 - "$(upper)/d" <<-'END' || wrong "no deep path"
		import os, sys
		os.chdir(sys.argv[1])
		for level in range(4000):
		    os.mkdir("a_name_of_thirty-one_characters")
		    os.chdir("a_name_of_thirty-one_characters")
	END
	try nacre workspace apply "$id"
	is "$rc" 1 "the exit status"
	has "$out" "(has a path that is too long for a system call)"
	is "$(find "$source" -mindepth 1 | wc -l)" 128 "directories that came"
	rm -r "$source"
	discard
}

test_a_renamed_directory_is_renamed() {
	source_of 'mkdir d; echo 1 >d/a; echo 2 >d/b'
	changed 'mv d e; echo 3 >>e/a' || return
	good nacre workspace apply "$id"
	source_has 'e 755 d' 'e/a 644 1
3' 'e/b 644 2'
	[[ $who != root ]] || has_line "$out" "applied   R  e/"
	good nacre workspace diff "$id"
	has_line "$out" "0 changes"
	good nacre workspace undo "$id"
	source_has 'd 755 d' 'd/a 644 1' 'd/b 644 2'
	discard
}

test_a_rename_into_a_replaced_directory_deletes_nothing() {
	source_of 'mkdir -p c d/d; echo x >c/x; echo e >d/d/e; echo f >d/d/f'
	local before
	before=$(files "$source")
	changed 'rm -rf c; mkdir c; mv d/d c/a; echo n >c/a/n' || return
	good nacre workspace apply "$id"
	local applied=('c 755 d' 'c/a 755 d' 'c/a/e 644 e' 'c/a/f 644 f' 'c/a/n 644 n' 'd 755 d')
	# Without renames in the upper it is told as copies, which is right, too.
	source_has "${applied[@]}"
	good nacre workspace diff "$id"
	has_line "$out" "0 changes"
	good nacre workspace undo "$id"
	is "$(files "$source")" "$before" "the source"
	good nacre workspace apply --force . "$id"
	source_has "${applied[@]}"
	discard
}

# random_script SEED N: N commands, of which some fail
random_script() {
	local names=abc n old new
	RANDOM=$1
	for ((n = 0; n < $2; n++)); do
		some_path old
		some_path new
		case $((RANDOM % 6)) in
		0) echo "echo $RANDOM >$new" ;;
		1) echo "rm -rf $old" ;;
		2) echo "mkdir -p $new" ;;
		3) echo "rm -rf $old; mkdir $old; mv $new $old/b" ;;
		*) echo "mv $old $new" ;;
		esac
	done
}

test_what_is_applied_leaves_nothing_and_is_undone() {
	local seed before left=0
	for seed in {1..12}; do
		local first second
		first=$(random_script "$seed" 20)
		second=$(random_script $((seed + 1000)) 12)
		source_of "{ $first
} 2>/dev/null; :"
		before=$(files "$source")
		changed "set +e; { $second
} 2>/dev/null; :" || return
		[[ -e $store/$id ]] || continue # nothing was changed, or could be
		try nacre workspace apply "$id"
		if ((rc == 0)); then
			good nacre workspace diff "$id"
			has_line "$out" "0 changes"
			left=$((left + 1))
		fi
		try nacre workspace undo "$id"
		is "$(files "$source")" "$before" "the source of seed $seed after: $second"
		discard
	done
	# Some meet a conflict of their own.
	((left >= 8)) || wrong "only $left were applied whole"
}

test_nothing_is_applied_while_something_runs() {
	source_of 'echo a >a'
	bundle write /w/a x : pause
	create --workspace "$source:/w"
	start
	wait_for test -e "$store/$id/0/upper/a"
	bad 1 "container \"$id\" is running: stop it first" nacre workspace apply "$id"
	bad 1 "container \"$id\" is running: stop it first" nacre workspace undo "$id"
	# What a paused one has open would be lost with its place in the upper.
	if nacre pause "$id" 2>/dev/null; then
		bad 1 "container \"$id\" is paused: stop it first" nacre workspace apply "$id"
		good nacre resume "$id"
	fi
	kill_now
	good nacre workspace apply "$id"
	source_has 'a 644 x'
	delete
	discard
}

# COUNT rounds: a directory of the source, and one of the upper, is a link to one outside, or is not.
test_links_that_come_and_go_lead_nothing_outside() {
	source_of 'mkdir d e; echo a >d/a; echo a >e/a'
	changed 'echo x >d/a; echo x >d/b; echo x >e/a; echo x >e/b' || return
	local outside=$T/outside upper=$store/$id/0/upper i swapper
	exists "$upper/d/b"
	cp -a "$upper" "$T/upper"
	mkdir "$outside"
	echo secret >"$outside/a"
	ln -s "$outside" "$source/dl"
	ln -s "$outside" "$upper/el"
	(
		cd "$T" || exit
		while :; do
			mv -T "source/d" "source/dd" && mv -T source/dl source/d
			mv -T "source/d" "source/dl" && mv -T source/dd source/d
			mv -T "$upper/e" "$upper/ee" && mv -T "$upper/el" "$upper/e"
			mv -T "$upper/e" "$upper/el" && mv -T "$upper/ee" "$upper/e"
		done 2>/dev/null
	) &
	swapper=$!
	for ((i = 0; i < ${COUNT:-20}; i++)); do
		"$NACRE" --root "$ROOT" "${places[@]}" workspace apply --force . "$id" d e >/dev/null 2>&1
		"$NACRE" --root "$ROOT" "${places[@]}" workspace undo --force . "$id" >/dev/null 2>&1
		[[ $(cat "$outside/a") == secret && $(ls -A "$outside") == a ]] || break
	done
	kill "$swapper"
	wait "$swapper" 2>/dev/null
	is "$i" "${COUNT:-20}" "rounds without a file outside"
	is "$(ls -A "$outside")" a "outside"
	rm -rf "$outside" "$T/upper"
	discard
}

# cut_off N COMMAND: at its Nth rename
cut_off() {
	local n=$1
	shift
	strace -o /dev/null -e inject=renameat2:signal=KILL:when="$n" "$NACRE" --root "$ROOT" "${places[@]}" "$@" >/dev/null 2>&1
}

test_what_was_cut_off_is_settled_by_the_next_command() {
	needs_strace || return
	source_of 'echo a >a'
	local before
	before=$(files "$source")
	changed 'mkdir n; echo x >n/a; echo x >a' || return
	cut_off 1 workspace apply "$id"
	[[ -n $(find "$source" -name '.nacre-*') ]] || wrong "it was not cut off" "$(files "$source")"
	good nacre workspace diff "$id"
	has_line "$out" "3 changes"
	is "$(files "$source")" "$before" "the source"
	cut_off 3 workspace apply "$id"
	good nacre workspace apply "$id"
	source_has 'a 644 x' 'n 755 d' 'n/a 644 x'
	discard

	source_of 'echo a >a'
	changed 'mkdir n; echo x >n/a; echo x >a' || return
	cut_off 1 workspace apply "$id"
	# What the source had may be in the workspace alone.
	mv "$source" "$source.away"
	bad 1 "an apply to the source $source was cut off, *: put the source back, or *$id/0/journal *" \
		nacre workspace discard "$id"
	mv "$source.away" "$source"
	discard
	source_has 'a 644 a'
}

# fill_up_to SIZE: the file system of $rest has no more than that left.
fill_up_to() {
	head -c 1M /dev/zero >"$rest" 2>/dev/null
	truncate -s "-$1" "$rest"
}

# Of two file systems one is full.
test_where_there_is_no_space_is_told() {
	needs_root || return
	local where rest=$T/allowed/rest
	mkdir "$T/allowed"
	for where in source workspace; do
		mount -t tmpfs -o size=256k,mode=755 tmpfs "$T/allowed" || return
		source=$T/source store=$T/workspaces
		[[ $where == source ]] && source=$T/allowed/source || store=$T/allowed/workspaces
		places=(--workspaces "$store")
		source_of 'printf %40000s old >a'
		changed 'printf %40000s new >a' || return
		fill_up_to 16K
		try nacre workspace apply "$id"
		is "$rc" 1 "apply with a full $where"
		has_line "$out" "refused   M  a  (write to the $where: No space left on device)"
		is "$(printf '%s %s' "$(tail -c 3 "$source/a")" "$(ls -A "$source")")" 'old a' "the source"
		rm "$rest"
		good nacre workspace apply "$id"
		is "$(tail -c 3 "$source/a")" new "the source"
		fill_up_to 16K
		try nacre workspace undo "$id"
		is "$rc" 1 "undo with a full $where"
		has_line "$out" "refused   a  (write to the $where: No space left on device)"
		is "$(printf '%s %s' "$(tail -c 3 "$source/a")" "$(ls -A "$source")")" 'new a' "the source"
		rm "$rest"
		good nacre workspace undo "$id"
		is "$(tail -c 3 "$source/a")" old "the source"
		discard
		umount "$T/allowed"
	done
}

# There is one page for the journal: for the steps that are to come, and not for those that were done.
test_an_apply_begins_only_if_it_can_be_recorded() {
	needs_root || return
	local before rest=$T/allowed/rest links='for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1; do ln -sfn'
	mkdir "$T/allowed"
	mount -t tmpfs -o size=256k,mode=755 tmpfs "$T/allowed" || return
	store=$T/allowed/workspaces places=(--workspaces "$T/allowed/workspaces")
	source_of "$links old \$j\$i; done; done"
	before=$(files "$source")
	changed "$links new \$j\$i; done; done" || return
	fill_up_to 4K
	bad 1 "apply to $source: write the journal of the workspace: No space left on device" nacre workspace apply "$id"
	is "$(files "$source")" "$before" "the source"
	rm "$rest"
	good nacre workspace apply "$id"
	has_line "$out" "20 applied"
	good nacre workspace undo "$id"
	is "$(files "$source")" "$before" "the source"
	discard
	umount "$T/allowed"
}

test_several_workspaces_are_applied() {
	source_of 'mkdir v w; echo a >v/a; echo a >w/a'
	shell 'echo v >/v/a; echo w >/w/a' || return
	run_any --workspace "$source/v:/v" --workspace "$source/w:/w"
	good nacre workspace apply "$id"
	is "$out" "# $source/v
applied   M  a
# $source/w
applied   M  a
2 applied"
	source_has 'v 755 d' 'v/a 644 v' 'w 755 d' 'w/a 644 w'
	good nacre workspace undo --format json "$id"
	is "$(json '[.workspaces[].results[] | .path + " " + .result] == ["a undone", "a undone"]')" true
	documented 'workspace undo --format json'
	source_has 'v 755 d' 'v/a 644 a' 'w 755 d' 'w/a 644 a'
	discard
}

test_options_of_others_are_told() {
	bad 1 'workspace diff: an option is not of this command*' nacre workspace diff --dry-run x
	bad 1 'workspace undo: an option is not of this command*' nacre workspace undo --expect x x
	bad 1 'workspace undo: too many arguments*' nacre workspace undo a b
	bad 1 '--max-bytes: expected a size above zero like 512M, found "much"' nacre workspace apply --max-bytes much x
}

all_tests "$@"
