#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	tests/integration/as.sh user|userns FILE.t [REGEX]
#
# Runs one integration test, called by root, as somebody who is not:
#
#	user	an unprivileged user with subordinate ids and a cgroup that was delegated
#	userns	root of a user namespace that has a mount namespace and such a cgroup
#
# The host does not change: the user is one of /etc/passwd and /etc/subuid in a mount namespace of the
# test's own, which also shows source and programs, wherever they lie, at a place all can read.

set -u
export LC_ALL=C

as=${1-} file=${2-}
uid=4321
base=1000000 # host id of the first in the user namespace; then that many
range=(200000 131072) # the user's subordinate ids
top=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

die() {
	echo "Bail out! as.sh: $*"
	exit 99
}

# leave TEXT: the whole file is skipped
leave() {
	echo "1..0 # SKIP $*"
	[[ ${MUST_RUN:-} != 1 ]]
	exit
}

[[ $as =~ ^(user|userns)$ && -f $file ]] || die "usage: as.sh user|userns FILE.t [REGEX]"
((EUID == 0)) || leave "root is needed, to become somebody else"

# --- outside ---

own_cgroup() {
	local mount=/sys/fs/cgroup name
	[[ -e $mount/cgroup.controllers ]] || mount=/sys/fs/cgroup/unified
	cgroup=$mount/it-$as-${dir##*-}
	if ! mkdir "$cgroup" 2>/dev/null; then
		cgroup=''
		return
	fi
	for name in $(<"$mount/cgroup.controllers"); do
		echo "+$name" >"$mount/cgroup.subtree_control"
	done 2>/dev/null
	mkdir "$cgroup/tests"
	# What systemd gives away with Delegate=yes.
	for name in "" tests/; do
		chown "$owner:$owner" "$cgroup/$name" "$cgroup/$name"cgroup.{procs,threads,subtree_control}
	done
	# What no part was given away of, but that the test can enter.
	mkdir -p "$cgroup/closed/session"
	chown "$owner:$owner" "$cgroup/closed/session/cgroup.procs"
}

clean_up() {
	local try
	if [[ -n $cgroup ]]; then
		[[ ! -e $cgroup/cgroup.kill ]] || echo 1 >"$cgroup/cgroup.kill"
		for ((try = 0; try < 100; try++)); do
			find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.05
		done
	fi
	[[ ! -e $dir/world.pids ]] || xargs kill <"$dir/world.pids"
	# Made where a container shares /tmp, whatever place the user has: empty.
	find "/tmp/nacre-$owner" -depth -type d -exec rmdir {} + 2>/dev/null
	rm -rf --one-file-system "$dir"
}

# Whether the test has an internet of its own, which a user cannot make.
needs_world() {
	grep -qE '/(egress_world|internet).sh"$' "$file"
}

# The same of a host of its own.
needs_host() {
	grep -q '/escape_host.sh"$' "$file"
}

if [[ -z ${AS_INSIDE:-} ]]; then
	# Not below a name with "nacre" in it, see lib.sh.
	dir=$(mktemp -d "${TMPDIR:-/tmp}/as-XXXXXXXX") || die "no temporary directory"
	cgroup=''
	owner=$uid
	[[ $as == user ]] || owner=$base
	trap clean_up EXIT
	trap 'exit 98' INT TERM
	own_cgroup
	network=()
	[[ $as == userns ]] || ! { needs_world || needs_host; } || network=(--net)
	AS_INSIDE=$dir AS_CGROUP=$cgroup unshare --mount --propagation private "${network[@]}" bash "$0" "$@" &
	wait $!
	exit
fi

# --- in the mount namespace ---

dir=$AS_INSIDE
chmod 755 "$dir"
mkdir "$dir"/{source,bin,tmp,run}
mount --bind "$top/../.." "$dir/source"
for name in NACRE PAYLOAD PEER ${PROBE:+PROBE} ${WAYS:+WAYS}; do
	[[ -x ${!name:-} ]] || die "$name is not set to a program"
	cp "${!name}" "$dir/bin/" || die "$name"
	export "$name=$dir/bin/${!name##*/}"
done
if [[ -n ${NACRE_LIBEXECDIR:-} ]]; then
	for name in "$NACRE_LIBEXECDIR"/*; do
		[[ -f $name && -x $name && ! -e $dir/bin/${name##*/} ]] && cp "$name" "$dir/bin/"
	done
	export NACRE_LIBEXECDIR=$dir/bin
fi
export TMPDIR=$dir/tmp XDG_RUNTIME_DIR=$dir/run HOME=$dir/run
file=$dir/source/tests/integration/${file##*/}
shift 2

make_world() {
	# shellcheck source=SCRIPTDIR/egress_world.sh
	. "$top/egress_world.sh"
	mkdir "$dir/world"
	if grep -q world_of_ways "$file"; then
		world_of_ways "$dir/world"
	else
		world_make "$dir/world" "$top/egress_peer.py"
	fi || leave "no internet of its own can be made"
	echo "$internet $world_peer" >"$dir/world.pids"
	export WORLD=$internet HOST_RESOLV=$dir/resolv.conf
	: >"$HOST_RESOLV"
	chown "$uid:$uid" "$HOST_RESOLV"
	mount --bind "$HOST_RESOLV" /etc/resolv.conf || die "bind /etc/resolv.conf"
}

make_host() {
	# shellcheck source=SCRIPTDIR/escape_host.sh
	. "$top/escape_host.sh"
	host_make || leave "no host of its own can be made"
}

become_user() {
	command -v newuidmap >/dev/null || leave "newuidmap (package uidmap) is not installed"
	chown "$uid:$uid" "$dir"/{tmp,run}
	for name in passwd group subuid subgid; do
		cp "/etc/$name" "$dir/$name" || leave "/etc/$name cannot be read"
	done
	echo "tester:x:$uid:$uid::$HOME:/bin/sh" >>"$dir/passwd"
	echo "tester:x:$uid:" >>"$dir/group"
	echo "tester:${range[0]}:${range[1]}" | tee -a "$dir/subuid" >>"$dir/subgid"
	for name in passwd group subuid subgid; do
		mount --bind "$dir/$name" "/etc/$name" || die "bind /etc/$name"
	done
	! needs_world || make_world
	! needs_host || make_host
	[[ -z $AS_CGROUP ]] || echo $$ >"$AS_CGROUP/tests/cgroup.procs"
	USER=tester exec setpriv --reuid=$uid --regid=$uid --clear-groups --inh-caps=-all \
		bash "$file" "$@"
}

# An exec takes all privilege from who is not mapped: the namespace is made by a process that waits,
# and entered once its maps are written.
become_root_of_userns() {
	local holder i
	chown "$base:$base" "$dir"/{tmp,run}
	unshare --user sleep 60 &
	holder=$!
	for ((i = 0; i < 500; i++)); do
		[[ $(readlink "/proc/$holder/ns/user") != "$(readlink /proc/self/ns/user)" ]] && break
		sleep 0.02
	done
	echo "0 $base $base" >"/proc/$holder/uid_map" || leave "user namespaces are not allowed"
	echo "0 $base $base" >"/proc/$holder/gid_map"
	exec 3<"/proc/$holder/ns/user"
	kill "$holder"
	[[ -z $AS_CGROUP ]] || echo $$ >"$AS_CGROUP/tests/cgroup.procs"
	# shellcheck disable=SC2016 # of the other shell
	exec nsenter --user=/proc/self/fd/3 --setuid 0 --setgid 0 \
		unshare --mount --propagation private bash -c 'exec 3<&- bash "$@"' _ "$file" "$@"
}

if [[ $as == user ]]; then
	become_user "$@"
else
	become_root_of_userns "$@"
fi
