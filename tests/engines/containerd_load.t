#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # words of flags
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/containerd.sh
. "$(dirname "$0")/containerd.sh"

# COUNT containers, 20 at a time, and what becomes of them when nacre, a shim or containerd is killed
# in the midst of it.

count=${COUNT:-1000}
profiles=(runc agent)
seconds=1800

# COUNT NAME: as many short containers; what they print is counted. It goes to a file: ctr loses the
# output of a program which ends before ctr has opened its FIFOs, as happens on a busy machine. A ctr that
# ends with 255, as it does when a shim is killed, would end xargs before the others have ended.
many() {
	rm -f "/run/$2.log"
	seq "$1" | xargs -P 20 -I{} sh -c \
		"ctr run --rm $(flags) --log-uri 'file:///run/$2.log' '$image' '$2{}' echo ran || true"
	sort "/run/$2.log" | uniq -c
}

# What containers leave: shims, states, bundles, cgroups, mounts, records
leftovers() {
	pgrep -a containerd-shim
	pgrep -a nacre
	find "$(state_of)" /run/containerd/io.containerd.runtime.v2.task/default \
		/sys/fs/cgroup/default -mindepth 1 -maxdepth 1 -type d
	grep io.containerd.runtime.v2.task /proc/mounts
	ctr containers list --quiet
}

is_clean() {
	[[ -z $(leftovers) ]]
}

print_leftovers() {
	wait_until 30 is_clean >/dev/null
	leftovers
}

remove_all() {
	local name

	for name in $(ctr containers list --quiet); do
		remove "$name" || echo "$name cannot be removed"
	done
}

# Killed at the wrong moment, containerd has no record of a shim that it has started, nor of what that
# makes; and it asks a runtime once to delete, even one that is killed then. What is left only the
# runtime can remove, but for the bundles, which are containerd's own.
remove_orphans() {
	local state bundle
	# shellcheck disable=SC2046 # words
	kill -KILL $(pgrep containerd-shim) 2>/dev/null
	for state in "$(state_of)"/*; do
		[[ ! -d $state ]] ||
			"${path_of[$runtime]:-$NACRE}" --root "$(state_of)" delete --force "${state##*/}"
	done
	kill_containerd
	start_containerd
	# shellcheck disable=SC2044 # containerd's names have no blanks
	for bundle in $(find /run/containerd/io.containerd.runtime.v2.task/default -mindepth 1 -maxdepth 1); do
		umount -q "$bundle/rootfs"
		rm -r "$bundle"
	done
}

fds() {
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 | wc -l
}

kilobytes() {
	awk '/^VmRSS/ {print $2}' "/proc/$1/status"
}

feature_many_short() {
	local before after

	many 40 warm >/dev/null
	before=$(fds "$(</run/containerd.pid)")
	many "$count" short
	print_leftovers
	after=$(fds "$(</run/containerd.pid)")
	((after <= before)) || echo "containerd had $before open files, has $after"
}

# One shim serves them all.
feature_many_execs() {
	local shim before after size

	detached one -- sleep 10000
	shim=$(pgrep -o containerd-shim) # nacre's has a child that writes the log
	execs 100 >/dev/null
	before=$(fds "$shim") size=$(kilobytes "$shim")
	execs "$count"
	after=$(fds "$shim")
	((after <= before)) || echo "the shim had $before open files, has $after"
	after=$(kilobytes "$shim")
	((after <= size + 4096)) || echo "the shim had $size KiB, has $after"
	ctr tasks ps one | wc -l
	find /sys/fs/cgroup/default/one -mindepth 1 -type d
	remove one
	print_leftovers
}

execs() {
	rm -f /run/execs.log
	seq "$1" | xargs -P 20 -I{} ctr tasks exec --log-uri file:///run/execs.log --exec-id "e{}" one echo ran
	sort /run/execs.log | uniq -c
}

count_alive() {
	local i

	for i in {1..20}; do
		ctr tasks exec --exec-id alive "long$i" true && echo lives
	done | sort | uniq -c
}

# kill_while PID COMMAND...: while it runs, a random one of the processes that the command prints
kill_while() {
	local pid=$1 victims

	shift
	while [[ -e /proc/$pid ]]; do
		sleep "0.$((RANDOM % 20))"
		mapfile -t victims < <("$@")
		((${#victims[@]} == 0)) || kill -KILL "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null
	done
}

# The commands of the runtime, and what they make until it becomes the program
runtimes() {
	pgrep -f "^${path_of[$runtime]:-/usr/local/bin/nacre} "
}

# The names are new ones: a killed containerd leaves snapshots.
killed() {
	many "$count" "${FUNCNAME[1]}" >/dev/null 2>&1 &
	kill_while $! "$@"
	remove_all
	remove_orphans
	print_leftovers
	# and goes on after that
	many 20 "${FUNCNAME[1]}_after"
}

feature_runtime_killed() {
	killed runtimes
}

feature_shims_killed() {
	killed pgrep containerd-shim
}

# What goes on meanwhile is not lost; what was being made can be removed.
feature_engine_killed() {
	local i load

	for i in {1..20}; do
		ctr run --detach --null-io $(flags) "$image" "long$i" sleep 10000
	done
	many "$count" engine_killed >/dev/null 2>&1 &
	load=$!
	while [[ -e /proc/$load ]]; do
		sleep "0.$((RANDOM % 90))"
		kill_containerd -KILL
		start_containerd
	done
	count_alive
	remove_all
	remove_orphans
	print_leftovers
	many 20 engine_killed_after
}

# Asked to end, it comes back as a package's update would have it.
feature_engine_restarted() {
	local i load

	for i in {1..20}; do
		ctr run --detach --null-io $(flags) "$image" "long$i" sleep 10000
	done
	for i in {1..5}; do
		many 20 "restarted$i-" >/dev/null 2>&1 &
		load=$!
		sleep "0.$((RANDOM % 90))"
		kill_containerd
		start_containerd
		wait "$load"
	done
	count_alive
	remove_all
	remove_orphans
	print_leftovers
}

prints many_short "$(printf '%7d ran' "$count")"
prints many_execs "$(printf '%7d ran\n2' "$count")"
prints runtime_killed '     20 ran'
prints shims_killed '     20 ran'
prints engine_killed $'     20 lives\n     20 ran'
prints engine_restarted '     20 lives'

start_containerd
add_image "$image" '{"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}'
if [[ $suite == shim_load ]]; then
	use_shim
	profiles=(shim)
fi
run_suite "$@"
