# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A host for the tests of escapes, in a network and a mount namespace of the caller's own: a metadata service's
# address, and empty directories where a host has its sockets, homes and jobs. as.sh makes it before it becomes
# a user, who could not.

# host_make: false if something cannot be made
host_make() {
	local place
	ip link set lo up && ip address add 169.254.169.254/32 dev lo &&
		echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start || return
	for place in /opt /home /run /etc/cron.d; do
		[[ ! -d $place ]] || mount -t tmpfs -o mode=1777,size=1m escape "$place" || return
	done
	export ESCAPE_HOST=made
}
