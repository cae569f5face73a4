#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Cgroups in which no container, or not this one, can live: one error each, and nothing left.
. "$(dirname "$0")/lib.sh"

parent=$cg_mount/parent-$tag

# below_parent VERB...: a bundle whose cgroup is a child of $parent
below_parent() {
	mkdir -p "$parent"
	bundle "$@"
	edit '.linux.cgroupsPath = $p' --arg p "/parent-$tag/$id"
}

# A process of our own in DIRECTORY.
occupy() {
	in_background sleep 60
	echo $! >"$1/cgroup.procs"
}

test_a_parent_of_threads_is_refused() {
	below_parent true
	mkdir "$parent/thread"
	echo threaded >"$parent/thread/cgroup.type"
	run_refused "*the cgroup's type takes no processes (see cgroup.type)*"
	absent "$parent/$id"
	rmdir "$parent/thread" "$parent"
}

test_a_parent_with_processes_hands_no_controller_down() {
	needs_controller memory || return
	below_parent echo fine
	occupy "$parent"
	run
	is "$out" fine "without a limit"
	edit '.linux.resources.memory = {limit: 33554432}'
	run_refused "*linux.resources.memory.limit: the memory controller cannot be enabled*with processes of its own*"
	end_background
	rmdir "$parent"
}

test_a_frozen_parent_is_refused() {
	below_parent true
	echo 1 >"$parent/cgroup.freeze"
	run_refused "*container's cgroup unexpectedly frozen: /parent-$tag/$id (or a cgroup above it)"
	rmdir "$parent"
}

test_a_parent_that_may_have_no_more_children_is_refused() {
	below_parent true
	echo 0 >"$parent/cgroup.max.descendants"
	run_refused "*cgroup.max.descendants*"
	rmdir "$parent"
}

test_a_controller_that_no_kernel_has_is_named() {
	bundle true
	edit '.linux.resources.unified = {"imaginary.max": "1"}'
	run_refused '*linux.resources.unified*the imaginary controller is not available in cgroup v2*'
}

# Elsewhere the profile's limits would be left out, with a warning that they cannot be had.
test_an_error_while_looking_for_a_place_is_no_reason_for_another() {
	needs_root || return
	needs_strace || return
	local error
	bundle echo ran
	for error in EIO ENOMEM EACCES; do
		try strace -qq -o "$T/out.trace" -e trace=faccessat,faccessat2 \
			-e "inject=faccessat,faccessat2:error=$error:when=1" \
			"$NACRE" --root "$ROOT" run --profile agent --bundle "$b" "$id"
		grep -q INJECTED "$T/out.trace" || wrong "nothing was asked" "$err"
		lacks "$out" ran
		has "$err" ", the parent of the runtime's own: "
	done
}

all_tests "$@"
