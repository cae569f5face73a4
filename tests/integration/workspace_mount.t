#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Workspaces: what is asked for, what the program sees, what is left.
. "$(dirname "$0")/lib.sh"

store=$T/workspaces
places=(--workspaces "$store")
source=$T/source

# with_source VERB...: a bundle, and a source with a file and a directory
with_source() {
	bundle "$@"
	rm -rf "$source"
	mkdir -p "$source/dir"
	echo old >"$source/file"
	echo deep >"$source/dir/deep"
	# Of root in the container, also where that is another id.
	[[ $who != user ]] || chmod -R a+rX "$source"
}

# What the store has, one container a line.
kept() {
	ls -A "$store" 2>/dev/null
}

# The upper of workspace N of this container.
upper() {
	echo "$store/$id/${1:-0}/upper"
}

nothing_kept() {
	go_on
	rm -f "$store/projects"
	[[ -z $(kept) ]] || wrong "workspaces are left" "$(find "$store")"
}

discard() {
	[[ ! -d $store/$id ]] || good nacre workspace discard "$id"
	nothing_kept
}

source_is_untouched() {
	is "$(cd "$source" && find . | sort | xargs)" ". ./dir ./dir/deep ./file" "the source"
	is "$(<"$source/file")" old "a file of the source"
}

test_what_is_written_to_a_copy_is_kept_and_the_source_is_not() {
	with_source cat /w/file : write /w/file new : create /w/made : unlink /w/dir/deep : ls /w : cat /w/file
	run --workspace "$source:/w"
	has_line "$out" old
	has_line "$out" new
	has_line "$out" made
	source_is_untouched
	is "$err" "nacre: warning: workspace of $id kept: nacre workspace diff $id"
	is "$(ls "$(upper)")" $'dir\nfile\nmade' "the upper"
	is "$(<"$(upper)/file")" new "the changed file"
	is "$(jq -r '[.version, .id, .root, .source, .destination, .form] | join(" ")' "$store/$id/0/workspace.json")" \
		"1 $id $ROOT $source /w cow" "the record"
	discard
}

# Not even a time stamp: ctime is the kernel's.
test_no_call_of_a_program_reaches_the_source() {
	local before
	with_source true
	with_busybox || return
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/busybox"
	ln -s file "$source/link"
	ln "$source/file" "$source/hard"
	before=$(find "$source" -printf '%p %m %U:%G %s %T@ %C@ %i %l\n' | sort)
	cat >"$b/rootfs/script" <<-'END'
		cd /w || exit 1
		for call in 'chmod 777 file' 'chmod 700 .' 'touch -d 2001-01-01 dir/deep' 'truncate -s 0 hard' \
			'ln file file2' 'mv file dir/file' 'ln -sf /etc/passwd link' 'mv -T hard dir/deep' \
			'rm -rf dir' 'mkdir dir' 'cp link made' 'chown 0:0 made' 'sed -i s/old/new/ made' 'sync'; do
			/bin/busybox $call || echo "failed: $call"
		done
		echo more >>file2
		exec 4<>file2 5>/proc/self/fd/4
		echo through >&5
	END
	program /bin/sh /script
	run_any --workspace "$source:/w"
	is "$(find "$source" -printf '%p %m %U:%G %s %T@ %C@ %i %l\n' | sort)" "$before" "the source"
	lacks "$out" "failed: truncate"
	exists "$(upper)/file2"
	discard
}

test_a_workspace_without_a_change_goes_with_its_container() {
	with_source cat /w/file
	run --workspace "$source:/w"
	is "$out" old
	is "$err" ''
	nothing_kept
}

test_it_lies_on_its_own_path_where_no_other_is_named() {
	with_source ls "$source"
	cd "$T" || exit
	run --workspace source
	is "$out" $'dir\nfile'
	nothing_kept
}

test_every_profile_lets_a_copy_be_written_to() {
	for profile in oci agent strict; do
		[[ $who == root || $profile != strict ]] || continue
		with_source write /w/file "$profile" : cat /w/file
		run --workspace "$source:/w"
		has_line "$out" "$profile"
		source_is_untouched
		is "$(<"$(upper)/file")" "$profile" "the upper"
		discard
	done
}

test_directories_are_renamed() {
	with_source rename /w/dir /w/other : ls /w : ls /w/other
	run_any --workspace "$source:/w"
	source_is_untouched
	if [[ $who == root ]]; then
		is "$out" $'rename: ok\nfile\nother\ndeep'
		is "$(ls -A "$(upper)/other")" '' "what the new name holds: a redirect alone"
	else
		has_line "$out" "rename: EXDEV"
	fi
	discard
}

# Owner and mode are the source's, as of the root of a bind.
test_the_root_of_a_copy_has_owner_and_mode_of_the_source() {
	with_source stat /w
	chmod 2751 "$source"
	run --workspace "$source:/w"
	has "$out" "/w: d 2751 "
	[[ $who != root ]] || chown 4321:1234 "$source"
	chmod 01777 "$source" && chmod g-s "$source"
	run --workspace "$source:/w"
	has "$out" "/w: d 1777 $([[ $who == root ]] && echo 4321:1234)"
	nothing_kept
}

test_a_bind_keeps_its_flags_as_a_copy() {
	with_source cat /proc/self/mountinfo
	mount_on /w "$source" bind rbind nosuid nodev noexec
	edit '.annotations["run.nacre.workspace"] = "/w"'
	run
	has "$(grep ' /w ' <<<"$out")" ,nosuid,nodev,noexec,
	has "$(grep ' /w ' <<<"$out")" " - overlay "
	nothing_kept
}

# As a bind of the same would have them.
test_a_copy_has_the_flags_of_the_mount_that_its_source_lies_on() {
	needs_mount || return
	local line
	with_source cat /proc/self/mountinfo
	mkdir "$T/allowed"
	mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$T/allowed"
	mount -o remount,bind,ro,nosuid,nodev,noexec "$T/allowed"
	mount_on /w "$T/allowed" bind bind
	edit '.annotations["run.nacre.workspace"] = "/w"'
	try nacre run --profile oci --bundle "$b" "$id"
	umount "$T/allowed"
	is "$rc" 0
	line=$(grep ' /w ' <<<"$out")
	has "$line" " rw,nosuid,nodev,noexec,"
	has "$line" " - overlay "
	nothing_kept
}

test_the_annotation_turns_a_bind_into_a_copy() {
	with_source write /w/file new : write /v/file new2 : cat /ro/file
	mount_on /w "$source" bind bind
	mount_on /ro "$source" bind bind ro
	mkdir "$T/other"
	echo old >"$T/other/file"
	mount_on /v "$T/other" bind bind
	edit '.annotations["run.nacre.workspace"] = "/w /ro"'
	run
	source_is_untouched
	has_line "$out" old
	is "$(<"$T/other/file")" new2 "the other bind"
	is "$(<"$(upper)/file")" new
	absent "$store/$id/1"
	discard
	edit '.annotations["run.nacre.workspace"] = "/nowhere"'
	run_refused "annotation run.nacre.workspace: config.json has no bind mount with the destination /nowhere"
	nothing_kept
}

test_the_form_direct_writes_to_the_source() {
	with_source write /w/file new
	run --workspace "$source:/w:direct"
	is "$(<"$source/file")" new
	nothing_kept
}

# Of what git writes at work, and of all else, nothing is kept away.
test_protected_names_of_direct_are_read_only_and_new_ones_are_told() {
	with_source write /w/.git/config evil : write /w/.git/hooks/post evil : write /w/.envrc evil : \
		write /w/mine/x evil : rename /w/.envrc /w/.gone : unlink /w/.git/config : \
		write /w/.git/HEAD fine : create /w/.git/refs/new : create /w/.git/info/refs : \
		create $'/w/.claude\n\e[1m' : create /w/.git/commondir : create /w/ordinary
	mkdir -p "$source/.git/hooks" "$source/.git/refs" "$source/.git/info" "$source/mine"
	for name in .git/config .git/hooks/post .git/HEAD .envrc mine/x; do
		echo old >"$source/$name"
	done
	ln -s nothing "$source/.npmrc"
	[[ $who == root ]] || rm -r "$source/mine"
	if [[ $who == root ]]; then
		policy '{"version": 1, "workspace": {"protect": ["Mine"]}}'
		try under_policy run --profile oci --bundle "$b" --workspace "$source:/w:direct" "$id"
	else
		run_any --workspace "$source:/w:direct"
	fi
	is "$(cat "$source"/.git/{config,hooks/post} "$source/.envrc" | sort -u)" old "what is protected"
	[[ $who != root ]] || is "$(<"$source/mine/x")" old "what the policy protects"
	has "$(<"$source/.git/HEAD")" fin
	exists "$source/ordinary"
	exists "$source/.git/refs/new"
	exists "$source/.git/info/refs"
	has "$out" "rename: EBUSY"
	has "$out" "unlink: EBUSY"
	is "$(grep -c 'workspace' <<<"$err")" 2 "lines about it"
	has_line "$err" "nacre: warning: workspace $source: new .claude\\\\x0a\\\\x1b\[1m, which instructs or configures a coding agent"
	has_line "$err" "nacre: warning: workspace $source: new .git/commondir, which configures git, *"
	nothing_kept
}

# What can be renamed can be replaced with all that is read-only in it.
test_the_repository_of_direct_stays_where_it_is() {
	for to in /w/g /w/.git/i; do
		with_source rename /w/.git "$to" : rename /w/.git/info "$to" : rename /w/.git/objects /w/.git/o : \
			create /w/.git/new : create /w/.git/info/refs
		mkdir -p "$source"/.git/{info,objects}
		echo old >"$source/.git/config"
		echo old >"$source/.git/info/attributes"
		run_any --workspace "$source:/w:direct"
		is "$(grep -c 'rename: EBUSY\|rename: EINVAL\|rename: EXDEV' <<<"$out")" 2 "of $out"
		is "$(cat "$source"/.git/{config,info/attributes})" $'old\nold' "what is protected"
		exists "$source/.git/o"
		exists "$source/.git/new"
		exists "$source/.git/info/refs"
	done
	nothing_kept
}

test_strict_takes_direct_for_a_grant() {
	needs_root || return
	profile=strict
	with_source write /w/file new
	run --workspace "$source:/w:direct"
	is "$(<"$source/file")" new
	policy '{"version": 1, "grants": {"allowed": []}}'
	bad 1 "--workspace $source:direct: the grant workspace:$source is not listed in grants.allowed of /etc/nacre/policy.json" \
		under_policy run --profile strict --bundle "$b" --workspace "$source:/w:direct" "$id"
	nothing_kept
}

test_the_form_ro_is_read_only() {
	with_source cat /w/file : write /w/file new
	run_any --workspace "$source:/w:ro"
	has_line "$out" old
	has "$out" EROFS
	source_is_untouched
	nothing_kept
}

test_several_workspaces_are_kept_apart() {
	with_source write /a/file a : write /b/file b : cat /c/file
	run --workspace "$source:/a" --workspace "$source:/b" --workspace "$source:/c"
	source_is_untouched
	is "$(<"$(upper 0)/file")" ald
	is "$(<"$(upper 1)/file")" bld
	absent "$store/$id/2"
	discard
}

test_changes_stay_until_they_are_discarded() {
	with_source write /w/file new : pause
	create --workspace "$source:/w"
	start
	wait_for test -e "$(upper)/file"
	is "$(kept)" "$id" "while it runs"
	kill_now
	delete
	is "$err" "nacre: warning: workspace of $id kept: nacre workspace diff $id"
	run_refused "workspaces: an earlier container \"$id\" has left changes in its workspace: see nacre workspace diff $id, then nacre workspace apply $id or nacre workspace discard $id" \
		--workspace "$source:/w"
	is "$(<"$(upper)/file")" new "the change, after that"
	# Without one nothing is in its way.
	bundle true
	run
	discard
}

test_the_same_id_below_another_root_is_another_container() {
	local other=$T/otherroot
	with_source pause
	create --workspace "$source:/w"
	bad 1 "workspaces: container \"$id\" of --root $ROOT has a workspace: take another ID" \
		nacre --root "$other" run --bundle "$b" --profile oci --workspace "$source:/w" "$id"
	is "$(kept)" "$id" "what the first has"
	start
	kill_now
	delete
	nothing_kept
}

test_a_create_that_fails_leaves_no_workspace() {
	with_source true
	program /nothing
	run_any --workspace "$source:/w"
	is "$rc" 1
	has "$err" "/nothing"
	nothing_left
	nothing_kept
}

test_a_hook_that_has_written_is_not_forgotten() {
	[[ $who == root ]] || { lacks_privilege "the hook is root's" && return; }
	with_source true
	program /nothing
	edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo x >w/file"]}]'
	run_any --workspace "$source:/w"
	has "$err" "workspace of $id kept"
	is "$(<"$(upper)/file")" x
	source_is_untouched
	discard
}

test_only_a_directory_can_be_a_workspace() {
	with_source true
	run_refused "workspaces: mounts\[*\]: workspace /w: $source/file is not a directory, and only one can be a workspace" \
		--workspace "$source/file:/w"
	run_refused "workspaces: mounts\[*\]: workspace /w: open the source: No such file or directory" \
		--workspace "$source/nothing:/w"
	run_refused '--workspace a:b: "b": expected an absolute path in the container, or cow, direct or ro' \
		--workspace a:b
	nothing_kept
}

test_source_and_workspaces_lie_apart() {
	with_source true
	store=$source/dir/store places=(--workspaces "$source/dir/store")
	run_refused "workspaces: mounts\[*\]: workspace /w: the directory of workspaces lies in the source $source, *" \
		--workspace "$source:/w"
	nothing_kept
	mkdir "$store/source"
	run_refused "workspaces: mounts\[*\]: workspace /w: the source $store/source lies in the directory of workspaces: *" \
		--workspace "$store/source:/w"
}

test_the_rules_judge_the_source() {
	profile=agent
	with_source true
	run_refused "profile agent, rule mount-sources: mounts\[*\].source: /proc is *" --workspace /proc:/w
	ln -s /proc "$T/link"
	run_refused "workspaces: mounts\[*\]: workspace /w: $T/link leads there: profile agent, rule mount-sources: *" \
		--workspace "$T/link:/w"
	nothing_kept
}

test_what_overlay_cannot_do_is_refused() {
	with_source true
	mount_on /w "$source" bind bind idmap
	edit '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 0, size: 1}],
		gidMappings: [{containerID: 0, hostID: 0, size: 1}]} | .annotations["run.nacre.workspace"] = "/w"'
	run_refused "*the bind mount on /w is id-mapped, and overlayfs cannot be*"
	nothing_kept
}

# As root of a container of Docker has it: its own disk is one.
test_a_store_on_an_overlay_is_refused_and_one_on_a_volume_in_it_works() {
	needs_root || return
	with_source cat /w/file
	mkdir -p "$T/on"/{lower,upper,work,merged,volume}
	on_overlay() {
		try unshare --mount --propagation private sh -c 'cd "$0" && mount -t overlay overlay \
			-olowerdir=lower,upperdir=upper,workdir=work merged && mkdir -p merged/store/volume &&
			mount --bind volume merged/store/volume && shift && exec "$@"' "$T/on" "$@"
	}
	on_overlay sh "$NACRE" --root "$ROOT" --workspaces "$T/on/merged/store" run --bundle "$b" \
		--workspace "$source:/w" "$id"
	is "$rc" 1 status
	has_line "$err" "*the directory of workspaces lies on an overlay itself, *--workspaces, or take the form direct or ro"
	on_overlay sh "$NACRE" --root "$ROOT" --workspaces "$T/on/merged/store/volume" run --bundle "$b" \
		--workspace "$source:/w" "$id"
	is "$rc" 0 "status ($err)"
	rm -r "$T/on"
}

# Memory that outlives the command: root's mount.
test_a_size_in_memory_is_a_limit() {
	needs_root || return
	with_source write /w/file new : cat /w/file
	run --workspace "$source:/w,size=1M,tmpfs"
	source_is_untouched
	has "$(mounts_left)" "$store/$id/0/memory "
	is "$(<"$store/$id/0/memory/upper/file")" new
	is "$(stat -f -c '%T %b %S' "$store/$id/0/memory")" "tmpfs 256 4096"
	is "$(jq -c '[.bytes, .tmpfs]' "$store/$id/0/workspace.json")" '[1048576,true]'
	discard
	with_source cat /w/file
	run --workspace "$source:/w,size=1M,tmpfs"
	nothing_kept
}

test_more_than_the_size_does_not_fit() {
	needs_root || return
	with_source true
	with_busybox || return
	dd if=/dev/zero of="$source/large" bs=1M count=2 status=none
	program /bin/sh -c 'echo x >>/w/large || echo refused; echo y >/w/small && cat /w/small'
	run --workspace "$source:/w,size=1M,tmpfs"
	has_line "$out" refused
	has_line "$out" y
	has "$err" "No space left on device"
	discard
}

test_a_size_that_cannot_be_held_is_refused() {
	with_source true
	[[ $who == root ]] || {
		run_refused "workspaces: mounts\[*\]: workspace /w: *size=N needs root's rights, *" --workspace "$source:/w,size=1M"
		run_refused "workspaces: mounts\[*\]: workspace /w: *size=N,tmpfs needs root's rights, *" --workspace "$source:/w,size=1M,tmpfs"
		nothing_kept
		return
	}
	mkdir "$T/allowed"
	mount -t tmpfs tmpfs "$T/allowed"
	store=$T/allowed/store places=(--workspaces "$T/allowed/store")
	try nacre run --profile oci --bundle "$b" --workspace "$source:/w,size=1M" "$id"
	rm -f "$store/projects"
	nothing_kept
	umount "$T/allowed"
	is "$rc" 1
	has "$err" "workspace /w: workspace of $source: size=N: the file system of the directory of workspaces has no project quota: mount it with prjquota"
}

test_report_explain_and_audit_record_tell_of_workspaces() {
	local limited=''
	with_source pause
	[[ $who != root ]] || limited=,size=1048576,tmpfs
	create --workspace "$source:/w$limited" --workspace "$source:/v:direct" --workspace "$source:/u:ro" \
		--audit "$T/audit"
	is "$(jq -c .workspaces "$ROOT/$id/report.json")" "[\"$source:/w:cow$limited\",\"$source:/v:direct\"]"
	is "$(jq -c 'select(.event == "create") | .workspaces' "$T/audit")" \
		"[\"$source:/w:cow$limited\",\"$source:/v:direct\"]"
	start
	good nacre explain "$id"
	has_line "$out" "$source:/v:direct: written to at once"
	if [[ $who == root ]]; then
		has_line "$out" "$source:/w:cow$limited: at most 1048576 bytes of memory"
	else
		has_line "$out" "$source:/w:cow: unbounded (size=N needs *"
	fi
	good nacre explain --format json "$id"
	is "$(json '.workspaces | length')" 2
	documented "explain" 2
	kill_now
	delete
	nothing_kept
	good nacre harden --bundle "$b" --format json --workspace "$source:/w"
	is "$(json '.workspaces[0]')" "$source:/w:cow"
	documented "harden"
	good nacre harden --bundle "$b" --workspace "$source:/w"
	has_line "$out" "workspace: $source:/w:cow"
}

# with_quota TYPE: a file system on $T/allowed that counts by project
with_quota() {
	local options=()
	[[ $1 != ext4 ]] || options=(-O "quota,project" -E quotatype=prjquota)
	rm -f "$T/image"
	mkdir -p "$T/allowed"
	truncate -s 320M "$T/image"
	"mkfs.$1" -q "${options[@]}" "$T/image" >/dev/null && mount -o loop,prjquota "$T/image" "$T/allowed"
}

# The limit of one workspace is not that of another, and goes with it.
test_a_size_is_held_by_a_project_quota() {
	needs_root || return
	local type held='' n
	with_source true
	with_busybox || return
	program /bin/sh -c 'for i in 1 2; do (while echo 0123456789012345; do :; done) >/w/f$i; done
		for i in 1 2 3; do : >/v/f$i; done'
	for type in ext4 xfs; do
		with_quota "$type" 2>/dev/null || continue
		held+=" $type"
		doing "$type"
		store=$T/allowed/store places=(--workspaces "$T/allowed/store")
		run --workspace "$source:/w:cow,size=1M" --workspace "$source:/v,size=64M"
		# EDQUOT, and of projects of xfs ENOSPC
		has "$err" "$([[ $type == xfs ]] && echo "No space left on device" || echo "Disk quota exceeded")"
		n=$(du -sk "$(upper 0)" | cut -f1)
		((n > 800 && n <= 1024)) || wrong "$n KiB were written on $type"
		is "$(ls "$(upper 1)")" $'f1\nf2\nf3' "what is in the other"
		# The next has a project of its own, and the first's is free again.
		good nacre create --profile oci --bundle "$b" --workspace "$source:/w:cow,size=1M" "$id.2"
		good nacre delete --force "$id.2"
		good nacre workspace discard "$id"
		good nacre create --profile oci --bundle "$b" --workspace "$source:/w:cow,size=2M" "$id.2"
		good nacre explain "$id.2"
		has_line "$out" "$source:/w:cow,size=2097152: at most 2097152 bytes"
		good nacre delete --force "$id.2"
		without_image
	done
	[[ -n $held ]] || host_lacks "no file system here has project quotas"
}

# A rename between two projects fails, though both are on one mount.
test_what_a_quota_counts_is_applied_and_undone() {
	needs_root || return
	local type held='' at
	for type in ext4 xfs; do
		with_quota "$type" 2>/dev/null || continue
		held+=" $type"
		store=$T/allowed/store places=(--workspaces "$T/allowed/store")
		at=$T/allowed/source
		mkdir -p "$at/d"
		echo old >"$at/changed"
		echo old >"$at/d/deleted"
		bundle write /w/changed new : create /w/added : unlink /w/d/deleted
		run --workspace "$at:/w:cow,size=1M"
		doing "$type"
		good nacre workspace apply "$id"
		is "$(cd "$at" && ls -R && cat changed)" $'.:\nadded\nchanged\nd\n\n./d:\nnew' "the source on $type"
		# Where nothing more can be written, nothing comes back from the source.
		dd if=/dev/zero of="$(upper)/rest" bs=4k status=none 2>/dev/null
		try nacre workspace undo "$id"
		is "$rc" 1 "undo without space on $type"
		has "$out" "refused   changed  ("
		is "$(cat "$at/changed")" new "the source on $type"
		rm "$(upper)/rest"
		good nacre workspace undo "$id"
		is "$(cd "$at" && ls -R && cat changed)" $'.:\nchanged\nd\n\n./d:\ndeleted\nold' "the source on $type"
		good nacre workspace discard "$id"
		without_image
	done
	[[ -n $held ]] || host_lacks "no file system here has project quotas"
}

# What the policy says is for hosts that can: others have none, and explain says so.
test_the_size_of_the_policy_gives_way() {
	needs_root || return
	with_source write /w/file new
	# tmpfs has no project quota, whatever this host's other file systems have.
	mkdir "$T/allowed"
	mount -t tmpfs tmpfs "$T/allowed"
	store=$T/allowed/store places=(--workspaces "$T/allowed/store")
	policy '{"version": 1, "workspace": {"bytes": 1048576}}'
	good under_policy create --profile oci --bundle "$b" --workspace "$source:/w" "$id"
	good nacre explain "$id"
	has "$out" "$source:/w:cow,size=1048576: unbounded"
	start
	wait_for status_is stopped
	is "$(<"$(upper)/file")" new
	delete
	umount "$T/allowed"
}

# with_image TYPE: a file system of that type on $T/allowed, of a loop device that goes with it
with_image() {
	mkdir -p "$T/allowed"
	case $1 in
	tmpfs) mount -t tmpfs tmpfs "$T/allowed" ;;
	*)
		rm -f "$T/image"
		truncate -s 320M "$T/image"
		"mkfs.$1" -q "$T/image" >/dev/null && mount -o loop "$T/image" "$T/allowed"
		;;
	esac
}

without_image() {
	umount "$T/allowed"
}

# works_on_a_copy TYPE: what a program does that is no more than files, whichever of both lies there
works_on_a_copy() {
	doing "$1: source $source, workspaces $store"
	program /payload write /w/file new : create /w/made : unlink /w/dir/deep : rename /w/dir /w/other : \
		ls /w : ls /w/other : cat /w/file
	run --workspace "$source:/w"
	is "$out" $'write: ok\ncreate: ok\nunlink: ok\nrename: ok\nfile\nmade\nother\nnew' "$1"
	source_is_untouched
	is "$(ls "$(upper)")" $'dir\nfile\nmade\nother' "the upper on $1"
	is "$(stat -c '%t %T %F' "$(upper)/dir")" "0 0 character special file" "a whiteout on $1"
	discard
	program /payload cat /w/file
	run --workspace "$source:/w"
	is "$out" old
	nothing_kept
}

test_source_and_changes_lie_on_any_file_system() {
	needs_root && needs_program losetup || return
	local type missing='' here=$source own=$store
	for type in tmpfs ext4 xfs btrfs; do
		with_image "$type" 2>/dev/null || { missing+=" $type" && continue; }
		store=$own source=$T/allowed/source
		places=(--workspaces "$store")
		with_source true
		works_on_a_copy "$type"
		store=$T/allowed/store source=$here
		places=(--workspaces "$store")
		with_source true
		works_on_a_copy "$type"
		store=$T/allowed/store source=$T/allowed/source
		with_source true
		works_on_a_copy "$type"
		without_image
	done
	[[ $missing != *tmpfs* ]] || wrong "no tmpfs could be mounted"
	[[ -z $missing ]] || host_lacks "no file system could be made, or mounted, of:$missing"
}

# As after a reboot. The device of the first mount is taken by another file meanwhile.
test_a_source_is_known_again_on_another_device() {
	needs_root && needs_program losetup && needs_program mkfs.ext4 || return
	local before source=$T/allowed/source other
	with_image ext4 || { host_lacks "an ext4 cannot be mounted" && return; }
	with_source write /w/file new
	before=$(stat -c %d "$source")
	run --workspace "$source:/w"
	without_image
	truncate -s 1M "$T/other"
	other=$(losetup --find --show "$T/other")
	mount -o loop "$T/image" "$T/allowed"
	losetup --detach "$other"
	[[ $(stat -c %d "$source") != "$before" ]] || wrong "the device is the same"
	try nacre workspace apply "$id"
	is "$rc" 0 "$err"
	is "$(<"$source/file")" new
	without_image
	discard
}

# Its files are none of this file system.
test_what_is_mounted_below_the_source_is_said_to_be_hidden() {
	needs_mount || return
	with_source ls /w/dir
	mkdir -p "$T/allowed/dir"
	mount -t tmpfs tmpfs "$T/allowed"
	mkdir "$T/allowed/dir" "$T/allowed/mounted"
	mount -t tmpfs tmpfs "$T/allowed/dir"
	: >"$T/allowed/dir/there"
	echo secret >"$T/allowed/covered"
	mount --bind "$T/allowed/dir/there" "$T/allowed/covered"
	mount_on /v "$T/allowed" bind rbind
	edit '.annotations["run.nacre.workspace"] = "/v"'
	try nacre run --profile oci --bundle "$b" "$id"
	has "$err" "is mounted below the source: a copy would show what that covers"
	edit 'del(.annotations, .mounts[-1])'
	try nacre run --profile oci --bundle "$b" --workspace "$T/allowed:/w" "$id"
	umount "$T/allowed/covered" "$T/allowed/dir" "$T/allowed"
	is "$rc" 0
	is "$out" ''
	has "$err" "workspace $T/allowed: what is mounted below it, as on $T/allowed/"
	nothing_kept
}

test_exec_sees_the_same_copy() {
	with_source pause
	create --workspace "$source:/w"
	start
	exec_in write /w/file new
	exec_in cat /w/file
	is "$out" new
	source_is_untouched
	kill_now
	delete
	discard
}

test_a_workspace_is_neither_checkpointed_nor_restored() {
	needs_root && needs_program criu || return
	with_source pause
	create --workspace "$source:/w"
	start
	bad 1 "a container with a workspace can be neither checkpointed nor restored: *" nacre checkpoint "$id"
	is "$(state_of .status)" running
	kill_now
	delete
	mount_on /w "$source" bind bind
	edit '.annotations["run.nacre.workspace"] = "/w"'
	bad 1 "*a container with a workspace can be neither checkpointed nor restored: *" \
		nacre restore --bundle "$b" "$id"
	nothing_left
	nothing_kept
}

# The program is another user than the one who owns the workspace's directory.
test_another_user_of_the_container_may_write_where_the_source_lets_him() {
	needs_other_ids || return
	with_source id : create /w/made : stat /w/made
	chmod 777 "$source"
	edit '.process.user = {uid: 1000, gid: 1000}'
	run --workspace "$source:/w"
	has "$out" "/w/made: f 0"
	absent "$source/made"
	discard
}

test_root_of_a_user_namespace_works_on_a_copy() {
	needs_root || return
	with_source write /w/file new : create /w/dir/made : stat /w/dir/made
	with_user_namespace
	chown -R 100000:100000 "$source"
	run --workspace "$source:/w"
	has "$out" "/w/dir/made: f 0644 0:0"
	is "$(stat -c %u "$(upper)/file" "$(upper)/dir/made" | xargs)" "100000 100000"
	source_is_untouched
	discard
}

# As an engine passes on what its runtime entry says: before every command, whether it is of use or not.
test_it_may_be_said_before_the_command() {
	with_source write /w/file new
	places+=(--workspace "$source:/w")
	good nacre create --profile "$profile" --bundle "$b" "$id"
	start
	wait_for status_is stopped
	good nacre delete "$id"
	source_is_untouched
	is "$(<"$(upper)/file")" new "the changed file"
	discard
}

all_tests "$@"
