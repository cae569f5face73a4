# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of systemd's cgroup driver begin with, in place of tests/integration/lib.sh. They run
# below the host's systemd where that has a whole cgroup v2, and else below one that is pid 1 of
# namespaces of its own (tests/systemd/boot).

if ((EUID)); then
	echo "1..0 # SKIP root is needed"
	[[ ${MUST_RUN:-} != 1 ]]
	exit
fi
if [[ ! -d /run/systemd/system || ! -e /sys/fs/cgroup/cgroup.controllers ]]; then
	here=$(cd "$(dirname "$0")" && pwd)
	if [[ ! -x /usr/lib/systemd/systemd && ! -x /lib/systemd/systemd ]]; then
		echo "1..0 # SKIP systemd is not installed"
		# The small guest of tests/vm is without it on purpose.
		[[ ${MUST_RUN:-} != 1 || -e /payload/guest ]]
		exit
	fi
	exec "$here/../systemd/boot" env "NACRE=${NACRE:-}" "PAYLOAD=${PAYLOAD:-}" "PEER=${PEER:-}" \
		"BUILD=${BUILD:-}" "NACRE_LIBEXECDIR=${NACRE_LIBEXECDIR:-}" \
		"NACRE_SANITIZED=${NACRE_SANITIZED:-}" "ASAN_OPTIONS=${ASAN_OPTIONS:-}" \
		"UBSAN_OPTIONS=${UBSAN_OPTIONS:-}" "MUST_RUN=${MUST_RUN:-}" \
		bash "$here/${0##*/}" "$@"
fi
for name in NACRE PAYLOAD PEER BUILD NACRE_LIBEXECDIR; do
	[[ -n ${!name:-} ]] || unset "$name"
done
. "$(dirname "$0")/lib.sh"
export NACRE_LIBEXECDIR=${NACRE_LIBEXECDIR:-$build}

# Those of the scopes and slices that the tests make hold the tag in their names.
units_left() {
	systemctl list-units --all --plain --no-legend --no-pager "*$tag*" | awk '{ print $1 }'
}

unit_gone() {
	[[ -z $(units_left) ]]
}

# systemd forgets a unit a moment after it has ended.
no_unit_left() {
	wait_for unit_gone
}

# in_unit [PATH]: the bundle's cgroupsPath
in_unit() {
	# shellcheck disable=SC2016 # for jq
	edit '.linux.cgroupsPath = $p' --arg p "${1:-system.slice:$tag:$id}"
}

create_unit() {
	good nacre --systemd-cgroup create --profile "$profile" --bundle "$b" "$id"
}

# run_unit [OPTION...]
run_unit() {
	good nacre --systemd-cgroup run --profile "$profile" --bundle "$b" "$@" "$id"
}

# refused PATTERN
refused() {
	bad 1 "$1" nacre --systemd-cgroup run --profile "$profile" --bundle "$b" "$id"
	nothing_left
}

property() {
	systemctl show --value -p "$1" "${2:-$tag-$id.scope}"
}

delete_forced() {
	good nacre delete --force "$id"
}

# /dev/fuse may be opened and /dev/kmsg not.
with_one_device() {
	edit '.linux.devices += [
			{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438},
			{path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 438}] |
		.linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'
}

# What the device that is allowed, and one that is not, say.
devices_are_as_configured() {
	good nacre exec "$id" /payload open /dev/null
	good nacre exec "$id" /payload open /dev/fuse
	try nacre exec "$id" /payload open /dev/kmsg
	is "$out" "open: EPERM"
}
