# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Read after the frame of the integration tests: containers in a tree of Debian's packages, as an agent platform
# runs them. The tree is the read-only root, /workspace a directory of the host that can be written, and the
# program an ordinary user whose home it is.

TREE=$(realpath -m "${TREE:-$build/tools}")
LIMIT=300

needs_tree() {
	[[ -d $TREE/workspace ]] && return
	skip "the tree is missing: make it by tests/tools/tree $TREE"
	return 1
}

# Of the test that runs: who the program is; whether the tree can be written, by an overlay; what else is
# changed in config.json.
user=1000 writable='' change=.

# tree_bundle: a bundle in $b whose /workspace is $work
tree_bundle() {
	local root=$TREE sets='{bounding}'
	bundle true
	work=$b/workspace
	mkdir "$work" "$b/tree" "$b/upper" "$b/work"
	chown 1000:1000 "$work"
	if [[ -n $writable ]]; then
		root=$b/tree
		mount -t overlay -o "lowerdir=$TREE,upperdir=$b/upper,workdir=$b/work" overlay "$root"
	fi
	((user)) || sets='{bounding, effective, permitted}'
	mount_on /workspace "$work" bind rbind rw
	# As Docker gives them.
	capabilities CAP_{CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,SETGID,SETUID,SETPCAP} \
		CAP_{NET_BIND_SERVICE,NET_RAW,SYS_CHROOT,MKNOD,AUDIT_WRITE,SETFCAP}
	edit '.root = {path: $root, readonly: ($writable == "")} | .process.cwd = "/workspace"
		| .process.user = {uid: $user, gid: $user} | .process.capabilities |= '"$sets"'
		| .process.noNewPrivileges = false
		| .process.env += ["HOME=/workspace", "LANG=C.UTF-8"] | '"$change" --arg root "$root" \
		--arg writable "$writable" --argjson user "$user"
}

works() {
	[[ $rc == 0 && $out == *"it works" ]] ||
		wrong "does not work under $*: ended with $rc" "stdout: $out" "stderr: $err"
}
