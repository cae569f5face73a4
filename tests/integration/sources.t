#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# Where a mount's source leads: judged where it is opened, not by its name alone.

# source_refused SOURCE PATTERN [OPTION...]: PATTERN is of what stands between rule and grant.
source_refused() {
	local source=$1 pattern=$2
	shift 2
	bundle true
	mount_on /mnt "$source" bind bind
	bad 1 "*profile agent, rule mount-sources: mounts\[*\].source: $pattern; allow it with --allow *" \
		nacre run "$@" --bundle "$b" "$id"
	nothing_left
}

test_a_symlink_is_judged_by_where_it_leads() {
	local target
	: >"$T/docker.sock"
	ln -s docker.sock "$T/link"
	source_refused "$T/link" "$T/docker.sock is the socket of a container engine, *"
	ln -sfn / "$T/link"
	source_refused "$T/link" "/ is the host's root directory"
	for target in /proc /proc/sys /sys /sys/kernel; do
		ln -sfn "$target" "$T/link"
		source_refused "$T/link" "$target is the host's /*"
	done
	ln -sfn /dev "$T/link"
	source_refused "$T/link" "/dev is the host's /dev"
	# One more on the way.
	mkdir -p "$T/d"
	ln -sfn "$T/d/../link" "$T/d/again"
	source_refused "$T/d/again" "/dev is the host's /dev"
	# The grant is for the place, not for a name that leads there.
	source_refused "$T/link" "/dev is the host's /dev" --allow "mount:$T/link"
	# In a user namespace the mounts below it can only come along.
	edit '.mounts[-1].options = ["rbind"]'
	good nacre run --allow mount:/dev --bundle "$b" "$id"
	# The mechanism alone follows what the config says.
	good nacre run --profile oci --bundle "$b" "$id"
}

# As nacre sandbox writes it: under every profile, and only for what is a source at all.
test_a_source_is_what_was_judged_before() {
	local number
	bundle cat /mnt/file
	mkdir "$T/judged"
	echo content >"$T/judged/file"
	mount_on /mnt "$T/judged" bind bind ro
	number=$(stat -c %i "$T/judged")
	edit '.nacre.judged = [{name: $s, path: $s, device: $d, inode: $i}]' --arg s "$T/judged" \
		--argjson d "$(stat -c '%d' "$T/judged")" --argjson i "$number"
	for profile in oci agent; do
		good nacre run --profile "$profile" --bundle "$b" "$id"
		is "$out" content "$profile"
	done
	edit '.nacre.judged[0].inode += 1'
	for profile in oci agent; do
		bad 1 "*$T/judged was moved or replaced since it was looked at*" \
			nacre run --profile "$profile" --bundle "$b" "$id"
	done
	edit '.nacre.judged[0] |= (.inode = $i | .path += "/x")' --argjson i "$number"
	bad 1 "*$T/judged was moved or replaced *" nacre run --profile oci --bundle "$b" "$id"
	edit '.nacre.judged[0].name = "/elsewhere"'
	bad 1 "*nacre.judged\[0\].name: no mount has the source /elsewhere" nacre run --profile oci --bundle "$b" "$id"
	nothing_left
}

test_a_harmless_symlink_is_followed() {
	bundle cat /mnt/file
	mkdir "$T/real"
	echo content >"$T/real/file"
	ln -sfn "$T/real" "$T/link"
	mount_on /mnt "$T/link" bind bind ro
	good nacre run --bundle "$b" "$id"
	is "$out" content
}

# An image, which has its own idea of where it leads, does not say which directory of the host is shown.
test_a_symlink_of_the_image_stays_in_the_image_by_whatever_name() {
	local source
	mkdir "$T/of-the-host"
	echo secret >"$T/of-the-host/file"
	bundle cat /mnt/file
	ln -s "$T/of-the-host" "$b/rootfs/data"
	ln -s "$b" "$T/bundle"
	mount_on /mnt "" bind bind ro
	for source in "$b/rootfs" "$T/bundle/rootfs" "$b//rootfs" "$b/./rootfs"; do
		edit '.mounts[-1].source = $s' --arg s "$source/data"
		bad 1 "mounts: mounts\[*\]: $source/data on /mnt: open the source: No such file or directory" \
			nacre run --profile oci --bundle "$b" "$id"
	done
	mkdir -p "$b/rootfs$T/of-the-host"
	echo image >"$b/rootfs$T/of-the-host/file"
	good nacre run --bundle "$b" "$id"
	is "$out" image
}

test_the_state_of_containers_is_not_mounted_from_anywhere() {
	mkdir -p "$ROOT/.x"
	source_refused "$ROOT" "$ROOT is part of the state of containers"
	source_refused "$ROOT/.x" "$ROOT/.x lies in $ROOT, part of the state of containers"
	# What holds it gives it away as well.
	source_refused "$T" "$T contains $ROOT, part of the state of containers"
	rmdir "$ROOT/.x"
}

# Where they lie without --root, and those of nacre-bwrap.
test_the_state_of_the_caller_s_containers_is_not_mounted() {
	local name
	[[ $who != root ]] || { host_lacks "root's lies in /run"; return; }
	export XDG_RUNTIME_DIR=$T/xdg USER=tester
	for name in nacre nacre-bwrap; do
		mkdir -p "$T/xdg/$name/x"
		source_refused "$T/xdg/$name/x" "$T/xdg/$name/x lies in $T/xdg/$name, part of the state of containers"
		source_refused "$T/xdg" "$T/xdg contains $T/xdg/$name, part of the state of containers"
		rm -r "$T/xdg"
	done
}

# Whoever rewrites the record of a workspace chooses where its apply writes.
test_the_store_of_workspaces_is_not_mounted_from_anywhere() {
	local store=$T/kept/workspaces
	mkdir -p "$store/x/0" "$T/state-home/nacre/workspaces/x" "$T/state-home/nacre/receipts"
	chmod 700 "$store"
	places=(--workspaces "$store")
	source_refused "$store" "$store is part of the state of containers"
	source_refused "$store/x/0" "$store/x/0 lies in $store, part of the state of containers"
	source_refused "$T/kept" "$T/kept contains $store, part of the state of containers"
	mkdir "$T/above" "$T/above/x"
	bundle true
	bad 1 "*$store/x/0 lies in $store, part of the state of containers*" nacre run --bundle "$b" \
		--workspace "$store/x/0:/w" "$id"
	# One that is not there yet.
	places=(--workspaces "$T/above/workspaces")
	bad 1 "*$T/above contains $T/above/workspaces, part of the state of containers*" nacre run --bundle "$b" \
		--workspace "$T/above:/w" "$id"
	places=(--workspaces "$store")
	bundle ls /mnt
	mount_on /mnt "$T/kept" bind bind ro
	good nacre run --allow "mount:$T/kept" --bundle "$b" "$id"
	is "$out" workspaces "by a grant"
	if [[ $who != root ]]; then
		places=()
		export XDG_STATE_HOME=$T/state-home
		store=$XDG_STATE_HOME/nacre
		for source in "$store/workspaces" "$store/receipts"; do
			source_refused "$source" "$source lies in $store, part of the state of containers"
		done
		source_refused "$XDG_STATE_HOME" "$XDG_STATE_HOME contains $store, part of the state of containers"
		unset XDG_STATE_HOME
	fi
	nothing_left
}

test_with_a_user_namespace_the_runtime_judges_as_well() {
	ln -sfn /proc/sys "$T/link"
	bundle true
	with_user_namespace
	mount_on /mnt "$T/link" bind bind
	bad 1 "*rule mount-sources: *: /proc/sys is the host's /proc; *" nacre run --bundle "$b" "$id"
	nothing_left
}

# In namespaces of the test's own: a socket of an engine under another name, /proc and / elsewhere.
elsewhere() {
	NACRE_TEST=$T timeout -k 5 60 unshare -m --propagation private bash -c '
		mount -t tmpfs tmpfs /run && python3 -c "
import socket
socket.socket(socket.AF_UNIX).bind(\"/run/docker.sock\")"
		ln /run/docker.sock /run/other
		mkdir -p "$0"/{p,r,e}
		: >"$0/e/s"
		mount --bind /proc "$0/p" && mount --bind / "$0/r" && mount --bind /run/docker.sock "$0/e/s"
		exec "$@"' "$T" "$NACRE" --root "$ROOT" run --bundle "$b" "$id"
}

test_neither_a_hard_link_nor_a_second_mount_is_a_way_around() {
	needs_root || return
	local source
	needs_program python3 || return
	for source in /run/other "$T/e/s" "$T/p/sys" "$T/r"; do
		bundle true
		mount_on /mnt "$source" bind bind
		bad 1 "*profile agent, rule mount-sources: mounts\[*\].source: $source is *; allow it with *" \
			elsewhere
		nothing_left
	done
}

test_the_root_is_judged_as_a_source() {
	needs_root || return
	needs_program python3 || return
	bundle true
	edit '.root.path = "/run"'
	bad 1 "*profile agent, rule mount-sources: root.path: /run is a directory with control sockets of the host; allow it with --allow mount:/run" \
		elsewhere
	edit '.root.path = $r' --arg r "$T/p"
	bad 1 "*profile agent, rule mount-sources: root.path: $T/p is on a procfs of the host; *" elsewhere
	nothing_left
}

# below_root COMMAND...: with a tmpfs of the host on the root's /mnt, and a procfs on its /run if it has one.
below_root() {
	NACRE_TEST=$T timeout -k 5 60 unshare -m --propagation private bash -c '
		mount -t tmpfs tmpfs "$0/mnt" && mkdir "$0/mnt/d" &&
			{ [[ ! -d $0/run ]] || mount --bind /proc "$0/run"; } && exec "$@"' "$b/rootfs" "$NACRE" --root "$ROOT" "$@" "$id"
}

test_what_is_mounted_below_the_root_is_sealed_with_it() {
	needs_root || return
	local flags
	bundle cat /proc/self/mountinfo
	mount_on /mnt/d tmpfs tmpfs
	good below_root run --profile oci --bundle "$b"
	flags=$(awk '$5 == "/mnt" { print "," $6 "," }' <<<"$out")
	has "$flags" ",rw,"
	good below_root run --bundle "$b"
	flags=$(awk '$5 == "/mnt" { print "," $6 "," }' <<<"$out")
	has "$flags" ",ro,"
	has "$flags" ",nosuid,"
	has "$flags" ",nodev,"
	edit '.root.readonly = false'
	good below_root run --allow rootfs-write --bundle "$b"
	flags=$(awk '$5 == "/mnt" { print "," $6 "," }' <<<"$out")
	has "$flags" ",rw,nosuid,nodev,"
	mkdir "$b/rootfs/run"
	bad 1 "*rule mount-sources: root.path: *rootfs has mounted inside: $b/rootfs/run, on a procfs of the host; *" \
		below_root run --bundle "$b"
	good below_root run --profile oci --bundle "$b"
	nothing_left
}

test_a_writable_bind_is_in_the_workspace_by_what_it_is() {
	mkdir -p "$T/ws/project" "$T/elsewhere"
	bundle true
	mount_on /mnt "$T/ws/project" bind bind rw
	good nacre run --profile strict --allow "workspace:$T/ws" --bundle "$b" "$id"
	rmdir "$T/ws/project"
	ln -s "$T/elsewhere" "$T/ws/project"
	bad 1 "*$T/ws/project leads to $T/elsewhere: profile strict, rule writable-binds: mounts\[*\].source: $T/elsewhere is not in a workspace; allow it with --allow workspace:$T/elsewhere" \
		nacre run --profile strict --allow "workspace:$T/ws" --bundle "$b" "$id"
	bad 1 "*$T/elsewhere is not in a workspace (workspace:$T/ws/project: Too many levels of symbolic links: name the directory without symlinks); *" \
		nacre run --profile strict --allow "workspace:$T/ws/project" --bundle "$b" "$id"
	# An earlier run does not say either what is read.
	edit '.mounts[-1].options = ["bind", "ro"]'
	bad 1 "*$T/ws/project leads to $T/elsewhere: profile strict, rule mount-sources: mounts\[*\].source: $T/elsewhere is outside of the workspace that its name leads through; allow it with --allow mount:$T/elsewhere" \
		nacre run --profile strict --allow "workspace:$T/ws" --bundle "$b" "$id"
	good nacre run --profile strict --allow "workspace:$T/ws" --allow "mount:$T/elsewhere" --bundle "$b" "$id"
	edit '.mounts[-1].source = $s' --arg s "$T/elsewhere"
	good nacre run --profile strict --allow "workspace:$T/ws" --bundle "$b" "$id"
	mkdir "$T/ws/real"
	ln -sfn "$T/ws/real" "$T/ws/project"
	edit '.mounts[-1].source = $s' --arg s "$T/ws/project"
	good nacre run --profile strict --allow "workspace:$T/ws" --bundle "$b" "$id"
	nothing_left
}

# below_a_read_only_bind OPTION: a mount inside a bind of $T/host with OPTION, whose mount point is not there.
below_a_read_only_bind() {
	mkdir -p "$T/host"
	bundle ls /data
	mount_on /data "$T/host" bind bind "$1"
	mount_on /data/cache tmpfs tmpfs
}

test_nothing_is_made_on_the_host_below_a_bind_that_is_read_only() {
	local where="/data, which is read-only: make $T/host/cache first: *Read-only file system"
	below_a_read_only_bind ro
	run_refused "*mounts\[*\]: tmpfs on /data/cache: it lies in $where"
	is "$(ls "$T/host")" "" "on the host"
	mkdir "$T/host/cache"
	run
	has_line "$out" cache
}

test_a_remount_does_not_change_the_filesystem_of_a_bind() {
	needs_root || return
	mkdir -p "$T/data"
	bundle true
	mount_on /mnt "$T/data" bind bind
	mount_on /mnt none none remount sync
	bad 1 "*remount: mounts\[*\] is a bind, and its filesystem the host's: add the option bind, *" \
		nacre run --bundle "$b" "$id"
	edit '.mounts[-1].options = ["bind", "remount", "ro"]'
	good nacre run --bundle "$b" "$id"
	nothing_left
}

# kernel_filesystem TYPE PATTERN: one that is mounted where its path says nothing, in namespaces of the
# test's own. Not refused by the mechanism alone, and so it is the place that is.
kernel_filesystem() {
	local mounted=(unshare -m --propagation private bash -c
		'mount -t "$0" none "$1" && shift && exec "$@"' "$1" "$T/k")
	needs_root || return
	mkdir -p "$T/k"
	if ! "${mounted[@]}" true 2>/dev/null; then
		host_lacks "$1 cannot be mounted here"
		return
	fi
	bundle echo ran
	mount_on /mnt "$T/k" bind bind
	good "${mounted[@]}" env "NACRE_TEST=$T" "$NACRE" --root "$ROOT" run --profile oci --bundle "$b" "$id"
	is "$out" ran
	bad 1 "*profile agent, rule mount-sources: mounts\[*\].source: $T/k is $2; allow it with *" \
		"${mounted[@]}" env "NACRE_TEST=$T" "$NACRE" --root "$ROOT" run --bundle "$b" "$id"
	nothing_left
}

test_a_bpffs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem bpf "on the host's bpffs"
}

test_a_pstore_is_refused_wherever_it_is_mounted() {
	kernel_filesystem pstore "on the host's pstore"
}

test_a_debugfs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem debugfs "on the host's debugfs"
}

test_a_tracefs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem tracefs "on the host's tracefs"
}

test_a_securityfs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem securityfs "on the host's securityfs"
}

test_an_efivarfs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem efivarfs "on the host's efivarfs"
}

test_a_binfmt_misc_is_refused_wherever_it_is_mounted() {
	kernel_filesystem binfmt_misc "on the host's binfmt_misc"
}

test_a_configfs_is_refused_wherever_it_is_mounted() {
	kernel_filesystem configfs "on the host's configfs"
}

test_a_fusectl_is_refused_wherever_it_is_mounted() {
	kernel_filesystem fusectl "on the host's fusectl"
}

test_the_layers_of_an_overlay_are_judged_where_they_lead() {
	mkdir -p "$T/lower"
	ln -sfn /proc/sys "$T/link"
	bundle true
	mount_on /mnt overlay overlay "lowerdir=$T/lower:$T/link"
	bad 1 "*rule mount-sources: mounts\[*\].options\[*\]: /proc/sys is the host's /proc; *" \
		nacre run --bundle "$b" "$id"
	nothing_left
}

test_a_layer_in_the_rootfs_is_the_one_that_the_image_sees() {
	mkdir -p "$T/lower" "$T/of-the-host"
	echo secret >"$T/of-the-host/file"
	bundle cat /mnt/file
	ln -s "$T/of-the-host" "$b/rootfs/data"
	mount_on /mnt overlay overlay "lowerdir=$T/lower:$b//rootfs/data"
	bad 1 "*mounts\[*\].options\[*\]: open $b//rootfs/data: No such file or directory" \
		nacre run --bundle "$b" "$id"
	mkdir -p "$b/rootfs$T/of-the-host"
	echo image >"$b/rootfs$T/of-the-host/file"
	good nacre run --bundle "$b" "$id"
	is "$out" image
	edit '.mounts[-1].options = [$s]' --arg s "lowerdir=$T/lower:$b/rootfs/./../../of-the-host"
	good nacre run --bundle "$b" "$id"
	is "$out" secret
	nothing_left
}

all_tests "$@"
