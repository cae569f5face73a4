#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	BUILD=build TREE=build/tools tests/tools/sandboxed.t [REGEX]
#
# What agents use, in nacre sandbox on a machine that is the tree, with the options of nacre-sandbox(1), RECIPES: as its
# root and as a user.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/tools.sh
. "$(dirname "$0")/tools.sh"

file_needs=needs_machine

needs_machine() {
	needs_tree && needs_root "the tree is mounted as a machine's root"
}

# In the mount namespace of machine: what belongs to the machine is on the file system of the test, since an
# overlay has no place for the upper of another.
in_machine='
	set -eu
	b=$1 owner=$2 home=$3
	shift 3
	mkdir -p "$b"/{tree,upper,work,home,root,state,run/user/1000}
	chown "$owner:$owner" "$b/home" "$b/run/user/1000"
	mount -t overlay -o "lowerdir=$TREE,upperdir=$b/upper,workdir=$b/work" overlay "$b/tree"
	mkdir -p "$b/tree/var/lib/nacre" "$b/tree/machine"
	cp "$NACRE" "$b/tree/machine/nacre"
	for place in home root run; do mount --bind "$b/$place" "$b/tree/$place"; done
	mount --bind "$b/state" "$b/tree/var/lib/nacre"
	mount --rbind /dev "$b/tree/dev"
	mount --rbind /sys "$b/tree/sys"
	mount -t proc proc "$b/tree/proc"
	cd "$b/tree"
	pivot_root . mnt
	cd /
	umount -l /mnt
	mkdir -p "$home/project"
	chown "$owner:$owner" "$home/project"
	cd "$home/project"
	exec setpriv --reuid "$owner" --regid "$owner" --clear-groups env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$home" \
		LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/1000 "$@"'

# machine OWNER HOME COMMAND...: by that user, in $HOME/project
machine() {
	b=$T/machine-$calls
	mkdir "$b"
	TREE=$TREE NACRE=$NACRE timeout -k 5 "$LIMIT" \
		unshare --mount --propagation private bash -c "$in_machine" - "$b" "$@"
}

# recipe TOOL [OPTION...]: the program of tools.sh in a sandbox with these options; ~ is the home
recipe() {
	local tool=$1 owner
	shift
	for owner in 0:/root 1000:/home; do
		doing "$tool as uid ${owner%:*}: $*"
		try machine "${owner%:*}" "${owner#*:}" /machine/nacre sandbox --name "$id" --apply never "${@//\~/${owner#*:}}" -- \
			/bin/bash -euc "$(declare -f browse "tool_$tool"); tool_$tool; echo; echo it works"
		works "uid ${owner%:*}"
		is "$(ls -A "$b/${owner#*:/}/project")" '' "what it made there itself"
		rm -rf --one-file-system "$b"
	done
}

test_bash() { recipe bash; }
test_gcc() { recipe c; }
test_cmake() { recipe cmake; }
test_python_venv() { recipe python; }
test_pip_builds() { recipe python_module; }
test_pip_install() {
	if [[ -e $TREE/opt/wheels ]]; then
		recipe pip_wheel --read /opt/wheels
	else
		skip "the tree has no /opt/wheels: its registry could not be reached when it was made"
	fi
}
test_node() { recipe node; }
test_npm() { recipe npm; }
test_git() { recipe git; }
test_cargo() { recipe cargo; }
test_java() { recipe java; }
test_maven() { recipe maven; }
test_go() { recipe go; }
test_go_test() {
	recipe go_test --env 'GOTMPDIR=~/project'
	recipe go_test --allow tmp-exec
	try machine 1000 /home /machine/nacre sandbox --apply never -- \
		/bin/bash -euc "$(declare -f tool_go_test); tool_go_test"
	differs "$rc" 0 "without one of these"
	has "$out$err" "permission denied"
}
test_chromium() { recipe chromium; }

all_tests "$@"
