# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables of lib.sh and of who reads this
# Workspaces of containers that have come and gone.

store=$T/workspaces
places=(--workspaces "$store")
source=$T/source

# shell SCRIPT: a bundle whose program is a shell with the tools that scripts here need
shell() {
	local applet
	bundle true
	with_busybox || return
	for applet in chmod ln rm mkdir mkfifo mv printf sed truncate; do
		ln -f "$b/rootfs/bin/sh" "$b/rootfs/bin/$applet" || wrong "no $applet"
	done
	program /bin/sh -c "$1"
}

# changed SCRIPT: a container has run it in /w, a copy of the source
changed() {
	shell "set -e; umask 022; cd /w; $1" || return
	run_any --workspace "$source:/w"
	is "$rc" 0 "the script: $out $err"
}

# source_of SCRIPT: a source in which it was run
source_of() {
	rm -rf "$source"
	mkdir -p "$source"
	(umask 022 && cd "$source" && eval "$1") || exit
	[[ $who != user ]] || chmod -R a+rX "$source"
	sleep 0.02
}

# files DIRECTORY: what is in it, a line a file: its path, mode and content
files() {
	(cd "$1" && find . -mindepth 1 \( -type f -printf '%P %m ' -exec head -c 100 {} \; -o -printf '%P %m %y%l\n' \) | sort)
}

discard() {
	good nacre workspace discard "$id"
	absent "$store/$id"
}

# some_path VARIABLE: sets it to one of a few paths, of the names in $names, so that they meet. A subshell that printed
# it would have random numbers of its own, whatever the seed.
some_path() {
	local -n some=$1
	some=${names:RANDOM % ${#names}:1}
	while ((RANDOM % 2)); do some+=/${names:RANDOM % ${#names}:1}; done
}
