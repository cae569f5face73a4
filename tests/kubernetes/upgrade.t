#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317 # other shells expand; "all" calls what it is given
# shellcheck disable=SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# 20 pods run, made by the nacre of an older package, four by each runtime. The package is upgraded, and
# all of them stay manageable: by the shims that run, by new ones after a restart of the node, and where
# the kubelet puts a new container into an old pod.

[[ -e /nacre/old && -n $(ls /nacre/old) ]] || { echo "1..0 # SKIP OLD names no older commit"; exit; }

profiles=(oci agent strict nested shim)
path_of[nested]=/usr/local/bin/nacre-nested
path_of[shim]=nacre-shim
pods=(plain probed told shared)
export beating='trap "exit 0" TERM; echo started; until [ -e /tmp/end ]; do echo beat; sleep 1; done'

# is_installed old|new
is_installed() {
	dpkg --install "/nacre/$1"/nacre_*.deb >"$logs/dpkg-$1.log" 2>&1 || { cat "$logs/dpkg-$1.log"; return 1; }
	dpkg --fsys-tarfile "/nacre/$1"/nacre_*.deb | tar -xO ./usr/bin/nacre | cmp - /usr/local/lib/package/nacre
}

# The package's program lies in a place of its own. In /usr/bin, where nacre's shim finds it, and in
# /usr/local/bin are the names to which make_runtimes gives programs of its own where limits cannot be kept.
divert_program() {
	local name package=/usr/local/lib/package
	mkdir -p "$package"
	dpkg-divert --quiet --add --rename --divert "$package/nacre" /usr/bin/nacre
	for name in nacre nacre-oci nacre-strict nacre-nested; do
		[[ $name == nacre ]] || ln -s nacre "$package/$name"
		ln -sfn "$package/$name" "/usr/local/bin/$name"
	done
	ln -s /usr/local/bin/nacre /usr/bin/nacre
}

# Under oci older versions refuse the pod's own container then.
is_told() {
	[[ $runtime != oci && $runtime != shim ]]
}

# --- each for one pod ---

make() {
	local members='' metadata='' others=''
	case $1 in
	probed) members="livenessProbe: {exec: {command: $(shell 'true')}, periodSeconds: 2, timeoutSeconds: 30}" ;;
	told) ! is_told || metadata='annotations: {run.nacre.egress: none}' ;;
	shared) others="shareProcessNamespace: true," ;;
	esac
	pod "$1" "$others containers: [$(container main "$beating" "$members")$([[ $1 != shared ]] ||
		echo ", $(container other 'exec sleep 9999')")]" "$metadata"
}

runs() {
	k wait "pod/$1" --for=condition=Ready --timeout=180s >/dev/null && field "$1" '.status.containerStatuses[*].containerID' >"/run/$runtime-$1"
}

is_the_same() {
	is_field "$1" '.status.containerStatuses[*].containerID' "$(<"/run/$runtime-$1")" &&
		is_field "$1" '.status.containerStatuses[?(@.name=="main")].restartCount' 0
}

has_exec() {
	[[ $(k exec "$1" -c main -- echo alive 2>&1) == alive ]]
}

beats() {
	k logs "$1" -c main | grep -c beat
}

has_more_beats() {
	(($(beats "$1") > $2))
}

has_log() {
	k logs "$1" -c main | grep -q started && wait_until 30 has_more_beats "$1" "$(beats "$1")"
}

# What was told to connect to nothing does not reach the node.
is_held() {
	[[ $1 != told ]] || ! is_told || k exec "$1" -c main -- wget -qO- http://192.0.2.129:10250/ 2>&1 | grep -q 'Operation not permitted'
}

# The kubelet starts its program again, in the namespaces that the older nacre made. Under strict no exec may
# signal the program.
is_started_again() {
	k exec "$1" -c main -- touch /tmp/end &&
		wait_until 60 is_field "$1" '.status.containerStatuses[?(@.name=="main")].restartCount' 1 &&
		wait_until 30 has_exec "$1" && has_log "$1" && is_held "$1"
}

is_deleted() {
	gone "pod/$1" && ! k get pod "$1" 2>/dev/null
}

# --- ---

# check NAME COMMAND...: says nothing unless it fails
check() {
	local found
	if found=$("${@:2}" 2>&1) && [[ -z $found ]]; then
		result ok "$1"
	else
		result not "$1" "$found"
	fi
}

# all COMMAND [POD...]: by each runtime; prints where it fails
all() {
	local command=$1 runtime pod
	shift
	(($#)) || set -- "${pods[@]}"
	for runtime in "${profiles[@]}"; do
		for pod; do
			"$command" "$pod" || printf '%s: %s of %s\n%s\n' "$command" "$pod" "$(runtime_name)" "$(messages "$pod")"
		done
	done
}

# Each pod has its own, which still is the program of before.
have_older_shims() {
	local count
	count=$(readlink /proc/[0-9]*/exe | grep -c '/containerd-shim-nacre.* (deleted)$')
	((count == ${#pods[@]})) || echo "$count of ${#pods[@]} shims are of before"
}

nothing_is_left() {
	wait_until 100 eval '[[ -z $(ctr --namespace k8s.io containers list --quiet) ]]'
	left_overs | grep -vx 0
	true
}

! cmp -s /nacre/{old,new}/nacre_*.deb || { say "OLD and NEW are the same package"; exit 2; }
divert_program
check "the older package is installed" is_installed old
start_node
ln -sfn /usr/bin/containerd-shim-nacre-v2 /usr/local/bin/containerd-shim-nacre-oci-v2
check "20 pods are made" all make
check "they run" all runs
check "they do what they do before" all is_held
check "the package is upgraded" is_installed new
check "nacre's shims are those of before" have_older_shims
check "exec" all has_exec
check "logs" all has_log
check "what a pod was told holds" all is_held
check "containerd and the kubelet are restarted" restart_node
check "they are the same containers" all is_the_same
check "exec after the restart" all has_exec
check "the kubelet starts containers again" all is_started_again probed told shared
check "a pod is made beside them" all make new
check "it runs" all runs new
check "they are deleted" all is_deleted "${pods[@]}" new
check "nothing is left" nothing_is_left
echo "1..$tests"
exit $((failed > 0))
