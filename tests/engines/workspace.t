#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
#
#	workspace.t docker|podman [FEATURE...]
#
# Volumes of the engine that are copies to work on, and their changes, reviewed when the container is gone.
engine=$1
shift
# shellcheck disable=SC2034 # for command_line.sh
socket=''
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$(dirname "$0")/command_line.sh"
# Nothing of command_line.sh but its words for the engine.
unset -f $(declare -F | sed -n 's/^declare -f \(feature_.*\)/\1/p')

# entry: of the runtime, one with arguments of its own
words() {
	echo "$engine $1 --runtime $(runtime_name)${entry:-}"
}

remove() {
	"$engine" rm --force --volumes "$@" >/dev/null
}

# project: /run/project as it was
project() {
	rm -rf /run/project /run/other
	mkdir -p /run/project/deep /run/other
	echo one >/run/project/file
	echo gone >/run/project/deep/gone
	echo other >/run/other/file
}

# The features' shell has the functions alone.
edits() {
	echo 'echo two >>/w/file; echo new >/w/new; rm /w/deep/gone; mkdir /w/.vscode; echo x >/w/.vscode/tasks.json; ls /w'
}

# Either podman or its conmon deletes the container, whichever comes first; only podman shows what delete says.
without_warning() {
	grep -v '^nacre: warning: workspace of [0-9a-f]* kept: nacre workspace diff [0-9a-f]*$'
}

# What the container has left on the host, and what a person then sees and does.
review() {
	local id
	(cd /run/project && head -n 9 file deep/* new 2>&1)
	id=$(nacre workspace list | cut -d' ' -f1)
	nacre workspace diff "$id" | grep -v -e ^digest -e '^#'
	nacre workspace apply "$id" >/dev/null
	echo "status of apply $?"
	(cd /run/project && find . -type f | sort && cat file)
	nacre workspace discard "$id"
	nacre workspace list
}

feature_volume_by_an_annotation() {
	project
	drun --annotation run.nacre.workspace=/w -v /run/project:/w -v /run/other:/o busybox:1 sh -c "$(edits); echo x >>/o/file" 2>&1 |
		without_warning
	cat /run/other/file
	review
}

feature_workspace_of_the_runtime() {
	project
	entry=-workspace drun busybox:1 sh -c "$(edits)"
	review
}

feature_nothing_changed_leaves_nothing() {
	project
	drun --annotation run.nacre.workspace=/w -v /run/project:/w busybox:1 cat /w/file
	nacre workspace list
}

feature_annotation_without_a_volume() {
	drun --annotation run.nacre.workspace=/w busybox:1 true 2>&1 | grep -o 'annotation run.nacre.workspace.*' | head -n 1
}

reviewed=$'==> file <==\none\n\n==> deep/gone <==\ngone\nhead: cannot open \'new\' for reading: No such file or directory
!  .vscode/  (added; is run by an editor, or configures one: only if named)
!  .vscode/tasks.json  (added; is run by an editor, or configures one: only if named)
D  deep/gone
M  file
A  new
5 changes, 2 refused
status of apply 1
./file
./new
one
two'
prints volume_by_an_annotation $'deep\nfile\nnew\nother\nx\n'"$reviewed"
differs strict volume_by_an_annotation writable-binds 'Read-only file system'
prints workspace_of_the_runtime $'deep\nfile\nnew\n'"$reviewed"
prints nothing_changed_leaves_nothing one
prints annotation_without_a_volume 'annotation run.nacre.workspace: config.json has no bind mount with the destination /w'

configure_docker() {
	mkdir -p /etc/docker
	jq -n '{"storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"], "default-cgroupns-mode": "private",
		runtimes: ([("nacre", "nacre-oci", "nacre-shifted", "nacre-strict") | {key: "\(.)-workspace",
			value: {path: "/usr/local/bin/\(.)", runtimeArgs: ["--workspace=/run/project:/w"]}}] | from_entries +
			{"nacre-shifted": {path: "/usr/local/bin/nacre-shifted"}})}' \
		>/etc/docker/daemon.json
	/nacre/contrib/install-engine docker >/dev/null
	dockerd >/run/dockerd.log 2>&1 </dev/null &
	wait_until 30 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
	# Docker 20.10 has no annotations.
	docker run --help | grep -q -e --annotation ||
		unset -f feature_volume_by_an_annotation feature_nothing_changed_leaves_nothing feature_annotation_without_a_volume
}

configure_podman() {
	install_podman
	unset -f feature_workspace_of_the_runtime
}

mkdir -p /etc/nacre /usr/local/libexec /var/lib/nacre
ln -s /nacre/build /usr/local/libexec/nacre
# An overlay cannot be the upper of another.
mount -t tmpfs -o mode=0755 tmpfs /var/lib/nacre
"configure_$engine"
make_rootfs /run/image
make_image
run_suite "$@"
