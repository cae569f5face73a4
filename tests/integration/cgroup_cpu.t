#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container gets of the processors, measured.
. "$(dirname "$0")/lib.sh"

# spinner NAME SECONDS CPU: a container whose linux.resources.cpu is CPU, ready to start
spinner() {
	bundle spin "$2"
	edit '.linux.resources.cpu = '"$3"
	good nacre create --profile oci --bundle "$b" "$id-$1"
	find_cgroup "$id-$1"
	cgroups[$1]=$cg
}

declare -A cgroups

# stat_of NAME KEY: of cpu.stat
stat_of() {
	sed -n "s/^$2 //p" "${cgroups[$1]}/cpu.stat"
}

microseconds() {
	echo "${EPOCHREALTIME/./}"
}

test_a_quota_holds() {
	needs_controller cpu || return
	local begin used passed
	spinner a 60 '{quota: 20000, period: 100000}'
	good nacre start "$id-a"
	begin=$(microseconds) used=$(stat_of a usage_usec)
	sleep 2
	used=$(($(stat_of a usage_usec) - used)) passed=$(($(microseconds) - begin))
	# A fifth, and what goes beyond at the edges: more, where the machine has other work.
	((used < passed * 3 / 10)) || wrong "$used of $passed us"
	differs "$(stat_of a nr_throttled)" 0 "nr_throttled"
}

# Twice the quota, after an idle moment that has saved up what a burst may use.
bursts() {
	bundle pulse 4 0.04 0.3
	edit '.linux.resources.cpu = '"$1"
	create
	find_cgroup
	cgroups[b]=$cg
	start
	wait_for status_is stopped
}

test_a_burst_goes_beyond_the_quota() {
	needs_controller cpu || return
	bursts '{quota: 25000, period: 100000}'
	differs "$(stat_of b nr_throttled)" 0 "nr_throttled without a burst"
	is "$(stat_of b burst_usec)" 0 "what went beyond the quota without a burst"
	delete
	bursts '{quota: 25000, period: 100000, burst: 25000}'
	differs "$(stat_of b burst_usec)" 0 "what went beyond the quota"
}

# compete CPU CPU: what two got of one processor at the same time, in $first and $second
compete() {
	spinner a 60 "$1 + {cpus: \"0\"}"
	spinner b 60 "$2 + {cpus: \"0\"}"
	good nacre start "$id-a"
	good nacre start "$id-b"
	first=$(stat_of a usage_usec) second=$(stat_of b usage_usec)
	sleep 3
	first=$(($(stat_of a usage_usec) - first)) second=$(($(stat_of b usage_usec) - second))
	kill_all
}

kill_all() {
	good nacre delete --force "$id-a"
	good nacre delete --force "$id-b"
}

test_shares_are_a_ratio() {
	needs_controller cpu && needs_controller cpuset || return
	local first second
	# By the weights 400 and 100: see cgroup_weight_from_shares.
	compete '{shares: 4096}' '{shares: 1024}'
	((first > second * 2 && first < second * 8)) || wrong "$first to $second us, not 4 to 1"
	compete '{shares: 1024}' '{shares: 1024}'
	((first < second * 2 && second < first * 2)) || wrong "$first to $second us, not 1 to 1"
}

test_an_idle_group_gets_what_is_left() {
	needs_controller cpu && needs_controller cpuset || return
	local first second
	compete '{}' '{idle: 1}'
	((first > second * 10)) || wrong "$first to $second us"
}

test_a_cpuset_is_all_that_a_container_sees() {
	needs_controller cpuset || return
	local last
	last=$(($(nproc --all) - 1))
	bundle status Cpus_allowed_list Mems_allowed_list
	edit '.linux.resources.cpu = {cpus: $c, mems: "0"}' --arg c "$last"
	run
	has "$out" "Cpus_allowed_list:"$'\t'"$last"
	has "$out" $'Mems_allowed_list:\t0'
}

# Before 6.2 the kernel does not remember an affinity, and after it keeps within the cpuset.
test_a_cpuset_counts_more_than_the_cpus_of_the_caller() {
	needs_controller cpuset || return
	local all one
	some_cpus || return
	bundle status Cpus_allowed_list
	edit '.linux.resources.cpu = {cpus: "0-1"}'
	try nacre_on_one run --profile "$profile" --bundle "$b" "$id"
	is "$out" $'Cpus_allowed_list:\t0-1'
}

test_a_process_cannot_leave_its_cpuset() {
	needs_controller cpuset || return
	(($(nproc) > 1)) || { host_lacks "one processor alone"; return; }
	# 203 is sched_setaffinity, of one byte: the second processor.
	bundle call 203 0 1 $'=\x02' : status Cpus_allowed_list
	edit '.linux.resources.cpu = {cpus: "0"}'
	run_any
	has "$out" "203: EINVAL"
	has "$out" $'Cpus_allowed_list:\t0'
}

test_a_processor_that_is_not_there_is_refused() {
	needs_controller cpuset || return
	bundle true
	edit '.linux.resources.cpu = {cpus: "4000"}'
	run_refused '*linux.resources.cpu.cpus: write "4000" to cpuset.cpus*'
	edit '.linux.resources.cpu = {mems: "4000"}'
	run_refused '*linux.resources.cpu.mems: write "4000" to cpuset.mems*'
}

test_values_out_of_range_are_refused() {
	needs_controller cpu || return
	bundle true
	edit '.linux.resources.cpu = {quota: 100}'
	run_refused '*linux.resources.cpu.quota: *'
	edit '.linux.resources.cpu = {quota: 20000, period: 99}'
	run_refused '*linux.resources.cpu*'
	edit '.linux.resources.cpu = {quota: 20000, burst: 40000}'
	run_refused '*linux.resources.cpu.burst: *'
	edit '.linux.resources.cpu = {idle: 2}'
	run_refused '*linux.resources.cpu.idle: *'
}

all_tests "$@"
