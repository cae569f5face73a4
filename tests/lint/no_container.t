#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every helper of lib.sh that looks for a container, asked for one that is not there. None of these tests
# may pass, whatever the runtime: stub.sh sees to that, with nacre and with stubs.
# shellcheck disable=SC2005,SC2119,SC2154,SC2317 # as for the integration tests; the mistakes are meant
# shellcheck source=SCRIPTDIR/../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

test_state_of() {
	echo "$(state_of .status)"
}

test_pid_of_a_state_without_one() {
	state_of() {
		echo null
	}
	pid_of
}

test_status_is() {
	status_is stopped
}

test_wait_for_status_is() {
	wait_for status_is stopped
}

test_pid_of() {
	echo "$(pid_of)"
}

test_cgroup_of_no_pid() {
	echo "$(cgroup_of '')"
}

test_cgroup_of_pid_0() {
	echo "$(cgroup_of 0)"
}

test_cgroup_of_a_process_that_is_gone() {
	sh -c 'exit' &
	wait
	echo "$(cgroup_of $!)"
}

test_find_cgroup() {
	find_cgroup
}

test_find_cgroup_of_a_process_that_is_not_of_this_test() {
	state_of() {
		echo $$
	}
	find_cgroup
}

test_find_cgroup_of_a_stopped_container() {
	state_of() {
		echo 0
	}
	find_cgroup
}

test_value() {
	is "$(value cgroup.max.descendants)" ""
}

test_write_value() {
	write_value cgroup.max.descendants 5
}

test_find_root() {
	find_root
}

test_find_root_of_a_process_of_the_host() {
	bundle true
	state_of() {
		echo $$
	}
	find_root
}

test_host_root() {
	bundle true
	is "$(host_root)" ""
}

test_no_cgroup() {
	cg_base=/no/such
	good no_cgroup true
}

test_create() {
	b=$T/none create
}

test_kill_now() {
	kill_now
}

test_a_failure_in_a_pipe() {
	echo | while read -r _; do
		wrong "it is"
	done
}

test_a_failure_in_a_substitution() {
	is "$(wrong "it is")" ""
}

test_a_test_that_leaves() {
	exit 0
}

test_a_variable_that_is_not_set() {
	is "$no_such_variable" ""
}

all_tests "$@"
