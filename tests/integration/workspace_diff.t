#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Workspaces: what changed, told without trusting it.
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/workspace.sh"

# shows LINE...: diff lists these changes, no others
shows() {
	good nacre workspace diff "$id"
	is "$(grep -v '^#\|^digest \|^[0-9]* change' <<<"$out")" "$(printf '%s\n' "$@")" "the changes"
}

test_changes_are_listed_with_their_digest() {
	source_of 'echo a >a; echo b >b; mkdir d; echo c >d/c; ln -s a l; echo t >t'
	changed 'echo x >>a; rm b; chmod 700 d; ln -sf b l; rm t; mkdir t; echo n >t/n' || return
	shows 'M  a' 'D  b' 'M  d/  (mode 0755 -> 0700)' 'M  l -> b' 'T  t/' 'A  t/n'
	has_line "$out" "# $source, in the container /w"
	has_line "$out" "6 changes"
	local digest
	digest=$(sed -n 's/^digest //p' <<<"$out")
	good nacre workspace diff --format json "$id"
	is "$(json '.version == 1 and (.workspaces | length) == 1')" true
	is "$(jq -r '.workspaces[0].digest' <<<"$out")" "$digest" "the digest"
	is "$(jq -r '.workspaces[0].changes[] | "\(.kind) \(.type) \(.path)"' <<<"$out" | head -n 2 | xargs)" \
		"modified file a deleted file b"
	is "$(jq -r '.workspaces[0].changes[0].sha256' <<<"$out")" \
		"$(printf 'a\nx\n' | sha256sum | cut -d' ' -f1)" "of the content"
	documented 'workspace diff --format json'
	discard
}

# By hand, from what the manual says.
test_the_digest_is_that_of_the_documented_text() {
	source_of 'echo a >a'
	changed 'echo b >a' || return
	good nacre workspace diff "$id"
	is "$(sed -n 's/^digest //p' <<<"$out")" "$(printf '[\n{"kind":"modified","mode":"0644","path":"a","sha256":"%s","size":2,"type":"file"}\n]\n' \
		"$(echo b | sha256sum | cut -d' ' -f1)" | sha256sum | cut -d' ' -f1)"
	discard
}

test_paths_choose_what_is_shown_and_not_the_digest() {
	source_of 'mkdir d e'
	changed 'echo x >d/x; echo y >e/y; echo z >d/z' || return
	good nacre workspace diff "$id"
	local digest
	digest=$(grep '^digest' <<<"$out")
	good nacre workspace diff "$id" d/x "$source/e"
	is "$(sed 1d <<<"$out")" $'A  d/x\nA  e/y\n2 changes of 3\n'"$digest"
	bad 1 "nothing was changed at d/none" nacre workspace diff "$id" d/none
	bad 1 "nothing was changed at ../source/d" nacre workspace diff "$id" ../source/d
	discard
}

test_a_renamed_directory_is_followed() {
	source_of 'mkdir d; echo 1 >d/a; echo 2 >d/b'
	changed 'mv d e; echo 3 >>e/a' || return
	if [[ $who == root ]]; then
		shows 'R  e/ <- d/' 'M  e/a'
		good nacre workspace diff -p "$id"
		has_line "$out" "renamed directory e from d"
		has_line "$out" "@@ -1,1 +1,2 @@"
	else
		shows 'D  d/' 'A  e/' 'A  e/a' 'A  e/b'
	fi
	discard
}

test_protected_names_are_refused_until_named() {
	source_of 'mkdir -p .git/hooks; echo c >.git/config'
	changed 'echo x >.git/config; echo x >.git/hooks/h; mkdir .github; echo x >.envrc; mkdir .GIT; mkdir s; echo x >s/.git' || return
	shows '!  .GIT/  (added; is a new git repository, or part of one, whose config can run programs: only if named)' \
		'!  .envrc  (added; is loaded by a shell that enters the directory: only if named)' \
		'!  .git/config  (modified; configures git, which runs the programs that it names: only if named)' \
		'!  .git/hooks/h  (added; configures git, which runs the programs that it names: only if named)' \
		'!  .github/  (added; is run by CI: only if named)' 'A  s/' \
		'!  s/.git  (added; is a new git repository, or part of one, whose config can run programs: only if named)'
	has_line "$out" "7 changes, 6 refused"
	discard
}

test_modes_are_shown() {
	needs_root || return # the source of the user here is another's, and all of it readable
	source_of 'echo a >run; echo b >.env; chmod 600 .env; echo c >c; chmod 600 c; mkdir d'
	changed 'chmod 755 run; chmod 644 .env; chmod 755 c; chmod 700 d' || return
	shows 'M  c  (mode 0600 -> 0700)' 'M  d/  (mode 0755 -> 0700)' 'M  run  (mode 0644 -> 0755)'
	good nacre workspace diff --patch "$id"
	has "$out" $'\ndiff --git a/run b/run\nold mode 100644\nnew mode 100755\n'
	has_line "$out" 'modified directory d, mode 0755 -> 0700'
	good nacre workspace apply "$id"
	is "$(stat -c %a "$source/run" "$source/.env" "$source/c" "$source/d" | xargs)" '755 600 700 700' modes
	discard
}

test_protected_names_in_what_goes_are_told() {
	source_of 'mkdir -p s/.github/workflows s/d; echo c >s/.github/workflows/a'
	changed 'rm -r s' || return
	shows '!  s/  (deleted; s/.github is run by CI: only if named)'
	try nacre workspace apply "$id"
	differs "$rc" 0 "exit code of apply"
	has_line "$out" "refused   D  s/  (s/.github is run by CI: only if named)"
	good nacre workspace apply "$id" s
	absent "$source/s"
	discard
}

test_what_has_no_business_in_a_source_is_refused() {
	source_of 'true'
	changed 'mkfifo p; ln -s /etc/shadow l; ln -s ../../x m; ln -s no n; truncate -s 3298534883328 s; chmod 4755 s' || return
	shows '!  l -> /etc/shadow  (added; contains or moves a symlink that may lead out of the source)' \
		'!  m -> ../../x  (added; contains or moves a symlink that may lead out of the source)' 'A  n -> no' \
		'!  p  (added; is a FIFO, which blocks a program that opens it)' '!  s  (added; needs more bytes than are left of --max-bytes)'
	good nacre workspace diff --format json "$id"
	is "$(json '[.workspaces[0].changes[] | select(.path == "s") | .mode == "0755" and .size == 3298534883328] == [true]')" true
	good nacre workspace diff --patch "$id"
	has_line "$out" "added file s: its content was not read"
	discard
}

test_names_and_content_are_escaped() {
	local escape
	escape=$(printf '\033')
	source_of 'true'
	changed 'echo x >"$(printf "a\nb\033[2J\342\200\256c\377")"; printf "1\033]0;t\007\n\342\200\2562\t\\\\ \303\274\n" >t' || return
	for format in "" --patch --stat "--format=json"; do
		# shellcheck disable=SC2086 # none is a word of its own
		good nacre workspace diff $format "$id"
		lacks "$out" "$escape"
		[[ $format != *json ]] || out=$(jq -r '.workspaces[0].changes[0].path' <<<"$out")
		has "$out" 'a\x0ab\x1b[2J\xe2\x80\xaec\xff'
	done
	good nacre workspace diff --patch "$id"
	has "$out" $'\n+1\\x1b]0;t\\x07\n'
	has "$out" $'\n+\\xe2\\x80\\xae2\t\\ ü\n'
	discard
}

test_a_patch_is_what_patch_takes() {
	needs_program patch
	source_of 'seq 1 100 >a; printf "one\ntwo" >b; echo gone >c; head -c 3000 /dev/zero >z; mkdir d; seq 5 >d/d'
	changed 'sed -i "s/^3$/three/; s/^50$/fifty/; /^99$/d" a; printf "one\n2" >b; rm c; echo new >d/n; printf x >>z; sed -i 1d d/d' || return
	good nacre workspace diff --patch "$id"
	has_line "$out" "Binary files differ"
	has "$out" $'\n\\ No newline at end of file\n'
	mkdir "$T/copy"
	cp -r "$source/." "$T/copy"
	sed '/^#/d; /^digest/d' <<<"$out" >"$T/patch"
	(cd "$T/copy" && patch -s -p1 <"$T/patch") || wrong "patch does not take it" "$(<"$T/patch")"
	is "$(cd "$T/copy" && find . -type f | sort | xargs)" "./a ./b ./d/d ./d/n ./z"
	is "$(<"$T/copy/b")" $'one\n2'
	is "$(md5sum <"$T/copy/a")" "$(seq 1 100 | sed 's/^3$/three/; s/^50$/fifty/; /^99$/d' | md5sum)"
	good nacre workspace diff --stat "$id"
	is "$(sed '1d;$d' <<<"$out" | tr -s ' ')" $' 2 + 3 - a\n 1 + 1 - b\n 0 + 1 - c\n 0 + 1 - d/d\n 1 + 0 - d/n\n binary z'
	rm -r "$T/copy"
	discard
}

# with_git SCRIPT: a container with the programs of the host has run it in /w
with_git() {
	local name
	needs_program git || return
	bundle true
	for name in bin lib lib64; do
		[[ -L /$name ]] || continue
		rm -rf "$b/rootfs/$name"
		ln -s "usr/$name" "$b/rootfs/$name"
	done
	mkdir -p "$b/rootfs/usr"
	mount_on /usr /usr bind rbind ro
	edit '.process.env += ["GIT_CONFIG_GLOBAL=/etc/gitconfig", "HOME=/tmp"]'
	printf '[user]\n name = a\n email = a@b\n[safe]\n directory = *\n[gc]\n autoDetach = false\n' >"$b/rootfs/etc/gitconfig"
	program /bin/sh -c "set -e; umask 022; cd /w; { $1; } >/dev/null 2>&1"
	run_any --workspace "$source:/w"
	is "$rc" 0 "git: $out $err"
}

repository='git init -q -b main . && git config user.name a && git config user.email a@b &&
	for i in 1 2 3; do mkdir -p d && echo $i >d/f$i && git add . && git commit -qm $i; done && git branch old HEAD~1'

# Work with a repository of the source leaves nothing that the host would run, but the index, which git believes.
test_git_at_work_is_not_refused() {
	needs_program git || return
	source_of "$repository"
	with_git 'echo 4 >g; git add g; git commit -m 4; git mv d e || { mkdir e; git mv d/* e; }; git commit -m mv
		git checkout old; echo 5 >h; git add h; git commit -m 5; git rebase main; git checkout main
		git merge --no-ff -m m old; git tag -a t -m t; echo x >>g; git stash; git notes add -m n
		git revert --no-edit HEAD~1 || git revert --abort; git fetch . main; git gc' || return
	good nacre workspace diff "$id"
	is "$(grep '^!' <<<"$out")" '!  .git/index  (modified; configures git, which runs the programs that it names: only if named)'
	lacks "$out" $'\nC'
	has "$out" .git/objects/pack/
	try nacre workspace apply "$id"
	good git -c safe.directory='*' -C "$source" reset --quiet
	is "$(git -c safe.directory='*' -C "$source" status --porcelain)" '' "after git reset"
	discard
}

# git checks the paths of a tree, and not those of an index.
test_an_index_with_paths_out_of_the_tree_is_refused() {
	needs_program git || return
	source_of "$repository"
	with_git 'blob=$(echo "#!/bin/sh" | git hash-object -w --stdin)
		git update-index --add --cacheinfo "100755,$blob,xgit/hooks/post-checkout"
		sed -i "s#xgit/hooks/post-checkout#.git/hooks/post-checkout#" .git/index' || return
	good nacre workspace diff "$id"
	has "$out" $'\n!  .git/index  ('
	try nacre workspace apply "$id"
	differs "$rc" 0 "exit code of apply"
	git -c safe.directory='*' -C "$source" checkout . || :
	absent "$source/.git/hooks/post-checkout"
	discard
}

test_git_with_what_it_runs_is_refused() {
	needs_program git || return
	source_of "$repository"
	with_git 'git rebase -x false HEAD~1 || git clone -q --no-hardlinks . new; git worktree add w old; git init -q --bare bare
		git config core.fsmonitor x; git -c protocol.file.allow=always submodule add file:///w/.git sub
		echo "* filter=x" >.gitattributes' || return
	good nacre workspace diff "$id"
	local path
	for path in .git/config .gitattributes .gitmodules new/.git/ w/.git bare/config bare/hooks/ sub/.git \
		.git/modules/ .git/worktrees/w/gitdir .git/rebase-merge/git-rebase-todo; do
		has "$out" $'\n!  '"$path  ("
	done
	lacks "$out" $'\nA  new/.git/'
	discard
}

test_a_change_of_the_host_is_a_conflict() {
	source_of 'echo a >a; echo b >b; mkdir d; echo c >d/c'
	changed 'echo x >a; echo x >b; rm -r d' || return
	echo y >"$source/a"
	echo y >"$source/d/c"
	shows 'C  a  (modified; was changed in the source too)' 'M  b' \
		'C  d/  (deleted; was changed in the source too)'
	has_line "$out" "3 changes, 2 in conflict"
	mv "$source" "$source.old"
	bad 1 "the workspace's source $source is gone, or another directory: put it back or discard the workspace" \
		nacre workspace diff "$id"
	bad 1 "the workspace's source $source is gone*: put it back or*" nacre workspace undo "$id"
	mkdir "$source"
	bad 1 "the workspace's source $source is gone*" nacre workspace diff "$id"
	good nacre workspace list
	has "$out" "(gone)"
	rm -r "$source.old"
	discard
}

test_nothing_is_told_while_something_runs() {
	source_of 'echo a >a'
	bundle write /w/a x : pause
	create --workspace "$source:/w"
	bad 1 "container \"$id\" is created: delete it first" nacre workspace diff "$id"
	start
	wait_for test -e "$store/$id/0/upper/a"
	bad 1 "container \"$id\" is running: pause or stop it first" nacre workspace diff "$id"
	bad 1 "container \"$id\" is running: stop it first" nacre workspace discard "$id"
	if nacre pause "$id" 2>/dev/null; then
		shows 'M  a'
		bad 1 "container \"$id\" is paused: stop it first" nacre workspace discard "$id"
		good nacre resume "$id"
	fi
	# By another --root it is none, and is asked all the same.
	bad 1 "container \"$id\" is running: pause or stop it first" \
		"$NACRE" --root "$T/elsewhere" --workspaces "$store" workspace diff "$id"
	kill_now
	shows 'M  a'
	delete
	shows 'M  a'
	discard
}

test_workspaces_are_listed() {
	source_of 'echo a >a'
	good nacre workspace list
	is "$out" ''
	good nacre workspace list --format json
	is "$(json '.version == 1 and .workspaces == []')" true
	changed 'echo x >a' || return
	good nacre workspace list
	is "$(tr -s ' ' <<<"$out" | sed 's/ 20[0-9TZ:-]*//')" "$id 0 cow $source -> /w"
	good nacre workspace list --format json
	is "$(jq -r '.workspaces[] | "\(.id) \(.number) \(.form) \(.source) \(.destination) \(.sourceIsThere)"' <<<"$out")" \
		"$id 0 cow $source /w true"
	documented 'workspace list --format json'
	discard
	bad 1 "container \"$id\" has no workspace" nacre workspace diff "$id"
	bad 1 "container \"$id\" has no workspace" nacre workspace discard "$id"
}

test_several_workspaces_come_one_after_another() {
	source_of 'echo a >a'
	shell 'echo x >/v/v; echo x >/w/w' || return
	run_any --workspace "$source:/v" --workspace "$source:/w"
	good nacre workspace diff "$id"
	is "$(grep -v '^digest' <<<"$out")" "# $source, in the container /v
A  v
1 change
# $source, in the container /w
A  w
1 change"
	good nacre workspace diff "$id" w
	has_line "$out" "0 changes of 1"
	discard
}

test_limits_are_errors_or_refusals() {
	source_of 'true'
	changed 'echo 1234567 >a; echo 12345678 >b; echo x >c' || return
	good nacre workspace diff --max-bytes 12 "$id"
	has_line "$out" "!  b  (added; needs more bytes than are left of --max-bytes)"
	has_line "$out" "A  c"
	bad 1 "workspace of $source: more than 2 changes in the workspace; allow more with --max-changes" \
		nacre workspace diff --max-changes 2 "$id"
	bad 1 '*--max-changes: expected a number from 1 to 1048576, found "0"*' nacre workspace diff --max-changes 0 "$id"
	bad 1 '--max-bytes: expected a size above zero like 512M, found "0"' nacre workspace diff --max-bytes 0 "$id"
	bad 1 '--max-bytes: expected a size above zero like 512M, found "much"' nacre workspace diff --max-bytes much "$id"
	discard
}

test_what_is_no_command_is_told() {
	bad 1 'workspace: unknown command "dif" (did you mean diff?): see nacre help workspace' nacre workspace dif x
	bad 1 'workspace diff: too few arguments: expected "nacre workspace diff ID *' nacre workspace diff
	bad 1 'workspace discard: too many arguments*' nacre workspace discard a b
	bad 1 'workspace list: an option is not of this command*' nacre workspace list --stat
	bad 1 '--format json, --patch and --stat exclude each other' nacre workspace diff --stat -p x
}

all_tests "$@"
