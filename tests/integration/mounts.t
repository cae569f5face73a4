#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# The line of mountinfo for a mount point, of the last output.
mounted() {
	grep -E "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ $1 " <<<"$out" | tail -1
}

options_of() {
	mounted "$1" | cut -d' ' -f6
}

show() {
	bundle cat /proc/self/mountinfo
}

test_the_mounts_of_spec_are_all_there() {
	show
	run
	has "$(mounted /)" " ro"
	has "$(mounted /proc)" " - proc "
	has "$(mounted /dev)" " - tmpfs "
	has "$(mounted /dev/pts)" " - devpts "
	has "$(mounted /dev/shm)" " - tmpfs "
	has "$(mounted /dev/mqueue)" " - mqueue "
	has "$(options_of /sys)" "ro,nosuid,nodev,noexec"
	has "$(mounted /sys/fs/cgroup)" " - cgroup2 "
	has "$(options_of /sys/fs/cgroup)" "ro,"
}

test_nothing_of_the_host_is_mounted() {
	show
	run
	is "$(awk '{ print $5 }' <<<"$out" | head -1)" / "first mount point"
	is "$(awk '$5 !~ "^/(dev|proc|sys|$)"' <<<"$out")" "" "other mounts"
}

test_a_bind_mount_shows_the_source() {
	bundle cat /mnt/file : write /mnt/file new
	echo old >"$T/out.d"
	mkdir "$b/source"
	echo old >"$b/source/file"
	mount_on /mnt "$b/source" bind bind
	run
	has_line "$out" old
	is "$(<"$b/source/file")" "new" "source, after"
}

# with_root_bound OPTIONS: the root is a bind of the rootfs, as nacre-bwrap makes it
with_root_bound() {
	bundle write /file new
	echo old >"$b/rootfs/file"
	edit '.root.readonly = false | .nacre.rootTmpfs = true | .mounts |=
		[{destination: "/", type: "bind", source: $b, options: ["rbind", "rw"]}] + .' --arg b "$b/rootfs"
}

# Mount points are made in it first.
test_a_root_that_is_a_bind_is_read_only_as_the_rules_say() {
	with_root_bound
	run
	is "$(<"$b/rootfs/file")" new "what it wrote"
	with_root_bound
	profile=strict
	run_any --allow rootfs-write
	has "$err" "writes to / (--allow workspace:SOURCE)"
	is "$(<"$b/rootfs/file")" old "file of the host"
}

test_a_root_that_is_a_bind_can_be_private() {
	needs_root || return
	with_root_bound
	edit '.process.args = ["/payload", "cat", "/proc/self/mountinfo"] | .linux.rootfsPropagation = "private"'
	with_user_namespace
	chmod 755 "$T"
	try unshare --mount --propagation shared "$NACRE" --root "$ROOT" run --profile oci --bundle "$b" "$id"
	is "$rc" 0 "status ($err)"
	has "$(mounted /)" " - "
	lacks "$(mounted /)" master:
}

test_a_relative_source_is_below_the_bundle() {
	bundle ls /mnt
	mkdir -p "$b/source/inner"
	mount_on /mnt source bind rbind
	run
	is "$out" inner
}

test_a_file_can_be_mounted_on_a_file_that_is_made() {
	bundle cat /etc/new/file
	echo content >"$b/source"
	mount_on /etc/new/file "$b/source" bind bind ro
	run
	is "$out" content
	is "$(stat -c %s "$b/rootfs/etc/new/file")" 0 "size of the mount point"
}

test_flags_are_set_on_a_bind() {
	local flag flags='ro nosuid nodev noexec nosymfollow'
	# mount_namespaces(7): in another user namespace the host's relatime is locked.
	[[ $who != root ]] || flags+=' noatime nodiratime'
	show
	for flag in $flags; do
		mount_on "/mnt/$flag" "$b/rootfs/etc" bind bind "$flag"
	done
	mount_on /mnt/all "$b/rootfs/etc" bind bind ro nosuid nodev noexec
	run
	for flag in $flags; do
		has ",$(options_of "/mnt/$flag")," ",$flag,"
	done
	has "$(options_of /mnt/all)" ro,nosuid,nodev,noexec
}

test_a_read_only_bind_cannot_be_written() {
	bundle write /mnt/file x
	mkdir "$b/source"
	echo old >"$b/source/file"
	mount_on /mnt "$b/source" bind bind ro
	run_any
	is "$out" "write: EROFS"
	is "$(<"$b/source/file")" old "source"
}

test_recursive_flags_reach_the_mounts_below() {
	show
	mkdir -p "$b/source/below"
	mount -t tmpfs tmpfs "$b/source/below" || return
	mount_on /mnt/plain "$b/source" bind rbind ro
	mount_on /mnt/deep "$b/source" bind rbind rro rnosuid
	run
	umount "$b/source/below"
	lacks ",$(options_of /mnt/plain/below)," ",ro,"
	has ",$(options_of /mnt/deep/below)," ",ro,"
	has ",$(options_of /mnt/deep/below)," ",nosuid,"
}

test_bind_leaves_out_what_is_mounted_below_and_rbind_takes_it() {
	bundle ls /mnt/bind/below : echo -- : ls /mnt/rbind/below
	mkdir -p "$b/source/below"
	mount -t tmpfs tmpfs "$b/source/below" || return
	touch "$b/source/below/deep"
	mount_on /mnt/bind "$b/source" bind bind
	mount_on /mnt/rbind "$b/source" bind rbind
	run
	umount "$b/source/below"
	is "$out" $'--\ndeep'
}

test_propagation_is_as_asked_for() {
	local kind
	show
	for kind in private shared slave unbindable; do
		mount_on "/mnt/$kind" "$b/rootfs/etc" bind bind "$kind"
	done
	run
	has "$(mounted /mnt/shared)" " shared:"
	lacks "$(mounted /mnt/private)" "shared:"
	lacks "$(mounted /mnt/private)" "master:"
	has "$(mounted /mnt/unbindable)" " unbindable "
}

test_no_mount_of_the_container_reaches_the_host() {
	bundle mount tmpfs none /mnt : echo --
	capabilities CAP_SYS_ADMIN
	edit '.linux.rootfsPropagation = "rslave"'
	run
	has_line "$out" "mount: ok"
	is "$(mounts_left)" "" "mounts on the host"
}

test_rootfs_propagation_is_set() {
	show
	edit '.linux.rootfsPropagation = "shared"'
	run
	has "$(mounted /)" " shared:"
	edit '.linux.rootfsPropagation = "unbindable"'
	run
	has "$(mounted /)" " unbindable "
	edit '.linux.rootfsPropagation = "private"'
	run
	lacks "$(mounted /)" "shared:"
}

test_a_tmpfs_takes_its_options() {
	show
	mount_on /mnt tmpfs tmpfs nosuid nodev noexec size=1m mode=1750
	program /payload cat /proc/self/mountinfo : stat /mnt
	run
	has "$(mounted /mnt)" "size=1024k"
	has_line "$out" "/mnt: d 1750 0:0 *"
}

test_a_tmpfs_keeps_the_mode_of_the_directory_it_covers() {
	local mode
	for mode in 0755 1777 0700 2750; do
		bundle stat /mnt
		chmod "$mode" "$b/rootfs/mnt"
		mount_on /mnt tmpfs tmpfs
		run
		has "$out" "/mnt: d $mode "
	done
}

test_a_read_only_tmpfs_is_read_only_at_last() {
	bundle create /mnt/file : ls /mnt
	mount_on /mnt tmpfs tmpfs ro
	mount_on /mnt/inner "$b/rootfs/etc" bind bind
	run_any
	is "$out" $'create: EROFS\ninner'
}

test_tmpcopyup_brings_what_was_there() {
	bundle cat /mnt/sub/file : readlink /mnt/link : stat /mnt/sub : write /mnt/sub/file new
	mkdir -m 0711 "$b/rootfs/mnt/sub"
	echo original >"$b/rootfs/mnt/sub/file"
	ln -s elsewhere "$b/rootfs/mnt/link"
	mount_on /mnt tmpfs tmpfs tmpcopyup
	run
	has_line "$out" original
	has_line "$out" "/mnt/link -> elsewhere"
	has_line "$out" "/mnt/sub: d 0711 *"
	is "$(<"$b/rootfs/mnt/sub/file")" original "the rootfs"
}

test_mounts_are_made_in_order() {
	bundle ls /mnt
	mkdir "$b/one" "$b/two"
	touch "$b/one/first" "$b/two/second"
	mount_on /mnt "$b/one" bind bind
	mount_on /mnt "$b/two" bind bind
	run
	is "$out" second
}

test_a_destination_is_resolved_inside_the_root() {
	bundle cat /real/file
	mkdir "$b/rootfs/real"
	ln -s /real "$b/rootfs/absolute"
	ln -s ../../../../real "$b/rootfs/climbing"
	mkdir "$b/source"
	echo here >"$b/source/file"
	mount_on /absolute "$b/source" bind bind
	run
	is "$out" here
	edit '.mounts[-1].destination = "/climbing"'
	run
	is "$out" here
	edit '.mounts[-1].destination = "/../../../real"'
	run
	is "$out" here
}

test_a_missing_source_is_named() {
	bundle true
	mount_on /mnt /no/such/source bind bind
	run_refused '*mounts\[*]: /no/such/source*: open the source: No such file or directory'
}

test_an_unknown_filesystem_is_named() {
	bundle true
	mount_on /mnt none no-such-fs
	run_refused 'mounts: mounts\[*]: none on /mnt: no-such-fs: the kernel has no such filesystem'
}

test_bad_data_for_a_filesystem_is_named() {
	bundle true
	mount_on /mnt tmpfs tmpfs nonsense=1
	run_refused 'mounts: mounts\[*]: tmpfs on /mnt: tmpfs: nonsense: Invalid argument*'
}

test_bad_data_for_the_cgroup_mount_is_named() {
	bundle true
	mount_on /mnt cgroup cgroup nonsense
	run_refused 'mounts: mounts\[*]: cgroup on /mnt: cgroup2: nonsense: Invalid argument*'
}
test_data_for_a_bind_is_refused() {
	bundle true
	mount_on /mnt "$T" bind bind size=1m
	run_refused '*mounts\[*]*size=1m*'
}

test_a_mount_on_the_root_is_refused() {
	bundle true
	mount_on / "$T" bind bind
	run_refused '*mounts\[*].destination*'
}

test_a_mount_inside_proc_is_refused_but_for_a_few() {
	bundle cat /proc/uptime
	echo "1.00 2.00" >"$b/uptime"
	mount_on /proc/uptime "$b/uptime" bind bind ro
	run
	is "$out" "1.00 2.00"
	edit '.mounts[-1].destination = "/proc/self/attr/exec"'
	run_refused '*/proc/self/attr/exec*'
	edit '.mounts[-1].destination = "/proc/sysrq-trigger"'
	run_refused '*/proc/sysrq-trigger*'
}

test_proc_must_be_a_directory_of_the_rootfs() {
	bundle true
	rmdir "$b/rootfs/proc"
	ln -s /tmp "$b/rootfs/proc"
	run_refused '*/proc*must be mounted on ordinary directory*'
}

test_sysfs_must_be_a_directory_of_the_rootfs() {
	bundle true
	rmdir "$b/rootfs/sys"
	ln -s /tmp "$b/rootfs/sys"
	run_refused '*/sys*must be mounted on ordinary directory*'
}

test_without_a_cgroup_namespace_the_own_cgroup_is_shown() {
	local count
	bundle cat /sys/fs/cgroup/cgroup.procs : ls /sys/fs/cgroup
	without_namespace cgroup
	run
	has_line "$out" 1
	has_line "$out" cgroup.events
}

test_the_cgroup_mount_shows_only_the_own_cgroup() {
	bundle cat /sys/fs/cgroup/cgroup.procs /proc/self/cgroup
	run
	has_line "$out" 1
	has_line "$out" 0::/
}

test_an_idmapped_mount_shifts_ownership() {
	needs_id_mapped_mounts || return
	local answer
	bundle stat /mnt/file
	mkdir "$b/source"
	touch "$b/source/file"
	chown 1000:1000 "$b/source/file"
	mount_on /mnt "$b/source" bind bind
	edit '.mounts[-1].uidMappings = [{containerID: 1000, hostID: 5000, size: 1}]
		| .mounts[-1].gidMappings = [{containerID: 1000, hostID: 6000, size: 1}]'
	run
	has "$out" "/mnt/file: f 0644 5000:6000"
}

test_idmap_without_mappings_takes_those_of_the_container() {
	needs_id_mapped_mounts || return
	bundle stat /mnt/file
	mkdir "$b/source"
	touch "$b/source/file"
	with_user_namespace
	mount_on /mnt "$b/source" bind bind idmap
	run
	has "$out" "/mnt/file: f 0644 0:0"
	edit '.mounts[-1].options = ["rbind", "ridmap"]'
	run
	has "$out" "/mnt/file: f 0644 0:0"
}

test_idmap_without_mappings_takes_those_of_a_user_namespace_that_is_joined() {
	needs_id_mapped_mounts || return
	local source owner
	bundle pause
	with_user_namespace
	create
	owner=$id
	bundle stat /mnt/file
	source=$b/source
	mkdir "$source"
	touch "$source/file"
	chown -R 100000:100000 "$b/rootfs"
	edit '.linux.namespaces += [{type: "user", path: $p}]' --arg p "/proc/$(pid_of)/ns/user"
	mount_on /mnt "$source" bind bind idmap
	good nacre run --profile oci --bundle "$b" "$id-2"
	has "$out" "/mnt/file: f 0644 0:0"
	good nacre delete "$owner"
}

test_a_source_behind_a_private_directory_is_reached_in_a_user_namespace() {
	bundle cat /mnt/file
	mkdir -m 0700 "$b/private"
	mkdir "$b/private/source"
	echo reached >"$b/private/source/file"
	with_user_namespace
	mount_on /mnt "$b/private/source" bind bind
	run
	is "$out" reached
}

# runc's meaning: such a source is looked up when its turn comes.
test_a_source_below_the_rootfs_has_the_mounts_before_it() {
	bundle ls /other
	mkdir "$b/source"
	touch "$b/source/first"
	mount_on /mnt "$b/source" bind bind
	mount_on /other "$b/rootfs/mnt" bind rbind
	run
	is "$out" first
	with_user_namespace
	run
	is "$out" first
}
test_a_source_below_the_rootfs_can_be_id_mapped() {
	needs_id_mapped_mounts || return
	bundle stat /other/file
	mkdir "$b/source"
	touch "$b/source/file"
	mount_on /mnt "$b/source" bind bind
	mount_on /other "$b/rootfs/mnt" bind bind
	edit '.mounts[-1].uidMappings = [{containerID: 0, hostID: 105000, size: 1}]
		| .mounts[-1].gidMappings = [{containerID: 0, hostID: 106000, size: 1}]'
	run
	has "$out" "/other/file: f 0644 105000:106000"
	with_user_namespace
	run
	has "$out" "/other/file: f 0644 5000:6000"
	edit '.mounts[-1].source = "'"$b/rootfs/proc"'" | .mounts[-1].destination = "/proc-again"'
	run_refused "mounts\[*]: $b/rootfs/proc: idmap: Invalid argument*"
}
# crun's, as podman passes it
test_the_option_idmap_takes_mappings() {
	needs_id_mapped_mounts || return
	bundle stat /mnt/file
	mkdir "$b/source"
	touch "$b/source/file"
	mount_on /mnt "$b/source" bind bind 'idmap=uids=0-5000-1;gids=0-6000-1'
	run
	has "$out" "/mnt/file: f 0644 5000:6000"
	with_user_namespace
	edit '.mounts[-1].options[-1] = "idmap=uids=@0-7-1;gids=@0-8-1"'
	run
	has "$out" "/mnt/file: f 0644 7:8"
	edit '.mounts[-1].options[-1] = "idmap=uids=0"'
	run_refused '*mounts\[*].options: expected idmap=uids=*, found "idmap=uids=0"'
}
# What the image has there is not the host's to follow.
test_a_source_below_the_rootfs_is_resolved_within_it() {
	bundle ls /other
	mkdir -p "$b/secret" "$b/rootfs$b/secret"
	touch "$b/secret/of-the-host" "$b/rootfs$b/secret/of-the-image"
	ln -s "$b/secret" "$b/rootfs/link"
	mount_on /other "$b/rootfs/link" bind bind
	run
	is "$out" of-the-image
}
# runc takes a destination for that, and what is judged by its name is judged as what it names.
test_a_destination_may_be_the_path_on_the_host() {
	bundle ls /mnt
	mkdir "$b/source"
	touch "$b/source/file"
	mount_on "$b/rootfs/./mnt" "$b/source" bind bind
	run
	is "$out" file
	mount_on "$b/rootfs/proc/sys/kernel" "$b/source" bind bind
	run_refused '*mounts\[*].destination*/proc/sys/kernel*'
	bundle ls /mnt
	mount_on "$b/rootfs" "$b/source" bind bind
	run_refused '*mounts\[*].destination*'
}
test_a_hundred_mounts_work() {
	show
	edit '.mounts += [range(100) | {destination: "/mnt/\(.)", source: "tmpfs", type: "tmpfs",
		options: ["nosuid"]}]'
	run
	is "$(grep -c " /mnt/" <<<"$out")" 100 "number of mounts"
	nothing_left
}

test_a_root_that_is_writable_is_written() {
	bundle create /new
	run_any
	is "$out" "create: EROFS"
	edit '.root.readonly = false'
	run
	exists "$b/rootfs/new"
}

test_a_tmpfs_has_the_mode_of_the_directory_that_it_covers_or_its_own_default() {
	bundle stat /mnt/there /mnt/made/for/it
	mkdir -m 710 "$b/rootfs/mnt/there"
	mount_on /mnt/there tmpfs tmpfs nosuid
	mount_on /mnt/made/for/it tmpfs tmpfs nosuid
	run
	has "$out" "/mnt/there: d 0710"
	has "$out" "/mnt/made/for/it: d 1777"
}

# runc's meaning: who names one flag of a bind mount names all. No flag at all keeps those of the source.
test_a_bind_that_names_a_flag_has_the_flags_that_it_names() {
	needs_mount || return
	local source=$T/allowed.source
	mkdir "$source"
	mount -t tmpfs -o ro,noexec,nosuid tmpfs "$source"
	bundle cat /proc/self/mountinfo
	mount_on /mnt/none "$source" bind bind
	mount_on /mnt/nodev "$source" bind bind nodev
	mount_on /mnt/dev "$source" bind bind dev noexec
	run
	has "$(grep " /mnt/none " <<<"$out")" " ro,nosuid,noexec,"
	has "$(grep " /mnt/nodev " <<<"$out")" " rw,nodev,"
	lacks "$(grep " /mnt/nodev " <<<"$out")" noexec
	has "$(grep " /mnt/dev " <<<"$out")" " rw,noexec,"
	with_user_namespace
	run
	has "$(grep " /mnt/nodev " <<<"$out")" " ro,nosuid,nodev,noexec,"
	umount "$source"
}

# mount(8)'s, runc's and crun's meaning of the times: they are replaced together, and only by a word that sets one.
test_the_times_of_a_bind_are_replaced_together() {
	needs_mount || return
	local source=$T/times.source
	mkdir "$source"
	mount -t tmpfs tmpfs "$source"
	mount --bind -o remount,noatime "$source"
	bundle cat /proc/self/mountinfo
	mount_on /mnt/atime "$source" bind bind dev atime norelatime
	mount_on /mnt/nodiratime "$source" bind bind nodiratime
	mount_on /mnt/strictatime "$source" bind bind noatime strictatime
	run
	has "$(grep " /mnt/atime " <<<"$out")" " rw,noatime "
	has "$(grep " /mnt/nodiratime " <<<"$out")" " rw,nodiratime,relatime "
	has "$(grep " /mnt/strictatime " <<<"$out")" " rw "
	umount "$source"
}
test_a_flag_of_the_source_is_locked_in_a_user_namespace() {
	needs_mount || return
	local source=$T/locked.source
	mkdir "$source"
	mount -t tmpfs tmpfs "$source"
	mount --bind -o remount,ro,noatime "$source"
	bundle cat /proc/self/mountinfo
	with_user_namespace
	mount_on /mnt "$source" bind bind nodev atime
	run
	has "$(grep " /mnt " <<<"$out")" " ro,nodev,noatime "
	edit '.mounts[-1].options = ["bind", "rw"]'
	bad 1 '*a flag of the source is locked and the options take it back)' nacre run --profile oci \
		--bundle "$b" "$id"
	edit '.mounts[-1].options = ["bind", "relatime"]'
	bad 1 '*a flag of the source is locked and the options take it back)' nacre run --profile oci \
		--bundle "$b" "$id"
	umount "$source"
}
test_under_the_agent_profile_the_flags_of_the_source_stay() {
	needs_mount || return
	local source=$T/allowed.source
	mkdir -p "$source"
	mount -t tmpfs -o ro,noexec tmpfs "$source"
	bundle cat /proc/self/mountinfo
	profile=agent
	mount_on /mnt "$source" bind bind nodev
	run
	has "$(grep " /mnt " <<<"$out")" " ro,nosuid,nodev,noexec,"
	umount "$source"
}

# fsconfig(2) takes 255 bytes, mount(2) a page.
test_an_overlay_of_long_names_is_mounted() {
	local long layers='' i
	long=$T/$(printf 'n%.0s' {1..180})
	mkdir -p "$long:1" "$long:2"
	echo one >"$long:1/one"
	echo two >"$long:2/two"
	bundle cat /mnt/one : cat /mnt/two
	mount_on /mnt overlay overlay "lowerdir=${long/:/\\:}\\:1:${long/:/\\:}\\:2"
	run
	is "$out" $'one\ntwo'
	for i in {1..20}; do
		mkdir -p "${long:0:150}$i"
		layers+=:${long:0:150}$i
	done
	layers+=:${long/:/\\:}\\:1:${long/:/\\:}\\:2
	bundle cat /mnt/one : cat /mnt/two
	mount_on /mnt overlay overlay "lowerdir=${layers#:}"
	run
	is "$out" $'one\ntwo'
	# More than a page: by the paths of what is open, and these fill one as well.
	for i in {21..150}; do
		mkdir "$long$i"
		layers+=:$long$i
	done
	bundle cat /mnt/one : cat /mnt/two
	mount_on /mnt overlay overlay "lowerdir=${layers#:}"
	run
	is "$out" $'one\ntwo'
	for i in {151..300}; do
		mkdir "$long$i"
		layers+=:$long$i
	done
	bundle true
	mount_on /mnt overlay overlay "lowerdir=${layers#:}"
	run_refused "*overlay: the options have more than the 4095 bytes that mount(2) takes"
	bundle true
	mount_on /mnt overlay overlay "lowerdir=$long:$long:$T/missing"
	run_refused "*overlay: mount(2) with \"lowerdir=$T/*: No such file or directory"
	nothing_left
}

all_tests "$@"
