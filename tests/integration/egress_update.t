#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules of egress that take the place of others while the container runs: `update --egress`.
. "$(dirname "$0")/internet.sh"

# in_world RULE...: the same, in the network of the servers
in_world() {
	with_names "$@"
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$internet/ns/net"
}

# in_pod RULE...: the same, in a network that was made by somebody else and leads to the servers
in_pod() {
	local pod
	with_names "$@"
	in_background unshare --net sleep 3600
	pod=$!
	wait_for eval '[[ ! /proc/$pod/ns/net -ef /proc/self/ns/net && $(</proc/$pod/comm) == sleep ]]'
	in_internet ip link add to-pod type veth peer name eth0 netns "$pod" || wrong "no veth device"
	in_internet ip address add 11.1.2.254/24 dev to-pod
	in_internet ip link set to-pod up
	nsenter --target "$pod" --net sh -c 'ip link set lo up && ip address add 11.1.2.1/24 dev eth0 &&
		ip link set eth0 up && ip route add default via 11.1.2.254' || wrong "no network"
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$pod/ns/net"
}

running() {
	create "${rules[@]}" "$@"
	start
}

# swap RULE...
swap() {
	good nacre update "${@/#/--egress=}" "$id"
	is "$out$err" ""
}

# not_swapped PATTERN RULE...
not_swapped() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre update "${@/#/--egress=}" "$id"
}

held() {
	jq -r '.nacre.egress | join(" ")' "$ROOT/$id/config.json"
}

web() {
	says http "$1" 80 "GET / HTTP/1.1\r\nHost: $1\r\n\r\n"
}

# claim RULE...: start of a late container
claim() {
	jq '.process | {args, cwd}' "$b/config.json" >"$T/process.json"
	try nacre start --process "$T/process.json" "${@/#/--egress=}" "$id"
}

test_a_late_container_gets_its_rules_when_it_starts() {
	in_world 11.1.1.1:80
	create "${rules[@]}" --late --audit "$T/audit"
	claim a.example
	is "$rc:$err" "1:nacre: --egress: names need a resolv.conf and a relay, which are made with a container that $(
		)has rules with names: make it again, or give addresses"
	is "$(state_of .status) $(held)" "created 11.1.1.1:80" "after rules that cannot be had"
	claim 11.1.1.2:80
	is "$rc:$err" 0:
	is "$(web 11.1.1.2)" "http 11.1.1.2" "a rule of the start"
	refused http 11.1.1.1 80 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
	is "$(held)" 11.1.1.2:80 "the stored rules"
	is "$(jq -r 'select(.event == "start").egress[]' "$T/audit")" 11.1.1.2:80 "the audit record"
}

test_addresses_are_swapped_while_it_runs() {
	in_world 11.1.1.1:80
	running --require egress
	good nacre update --cpu-idle 0 "$id"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "before"
	refused http 11.1.1.2 80 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
	swap 11.1.1.2:80 udp:11.1.1.53:53
	is "$(web 11.1.1.2)" "http 11.1.1.2" "after"
	is "$(web 11.1.1.1)" PermissionError "what is no rule any more"
	is "$(held)" "11.1.1.2:80 udp:11.1.1.53:53" "the stored rules"
	is "$(nacre explain --format json "$id" | jq -c .connectsTo)" '["11.1.1.2:80","udp:11.1.1.53:53"]' explain
	has "$(nacre explain "$id")" "connections to 11.1.1.1:80 refused" "what was refused"
	has "$(nacre explain "$id")" "connections to 11.1.1.2:80 refused" "what was refused before"
	swap none
	is "$(web 11.1.1.2)" PermissionError none
	good nacre pause "$id"
	swap 11.1.1.1:80
	good nacre resume "$id"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "paused meanwhile"
	kill_now
}

test_of_a_created_container_too_and_limits_beside_them() {
	in_world none
	edit '.process.args = ["/usr/bin/python3", "/peer.py", "http", "11.1.1.1", "80", "GET / HTTP/1.1\\r\\nHost: y\\r\\n\\r\\n"]'
	create "${rules[@]}"
	good nacre update --egress 11.1.1.1 --cpu-idle 0 "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	start
	wait_for grep -q "http y" "$created_out"
}

test_open_and_back() {
	in_world none
	profile=agent running --allow tmp-exec
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	swap 11.1.1.2
	is "$(web 11.1.1.1)" PermissionError back
	is "$(web 11.1.1.2)" "http 11.1.1.2" back
	kill_now
}

# The filter against the families that rules do not see is loaded when the program begins.
test_a_container_without_rules_gets_some_where_its_filter_is_there() {
	in_world
	profile=agent running
	is "$(web 11.1.1.1)" "http 11.1.1.1" "before"
	swap 11.1.1.2
	is "$(web 11.1.1.1)" PermissionError "after"
	is "$(web 11.1.1.2)" "http 11.1.1.2" "after"
	kill_now
	delete
	running
	not_swapped '*the container was created without egress rules and cannot get any later: it has no seccomp filter *' none
	is "$(web 11.1.1.1)" "http 11.1.1.1" "oci"
	kill_now
	delete
	profile=agent running --allow cap:CAP_NET_RAW
	not_swapped '*cannot get any later: nacre exec may have given a process CAP_NET_RAW; create a container with egress rules' none
	kill_now
	delete
	profile=agent running --allow socket:IPPROTO_SCTP
	not_swapped '*cannot get any later: it has the grant socket:IPPROTO_SCTP; *' none
}

# Who can write to the cgroups of the host leaves the container's, where the rules are, or has left it.
test_first_rules_are_refused_where_the_cgroups_of_the_host_are_writable() {
	local no='--egress: the container was created without egress rules and cannot get any later: '
	no+="cgroups of the host can be written to in /host${cg_mount#/sys}, *: mount it read-only"
	needs_root "only root can load the egress filter" || return
	in_world
	mkdir "$b/rootfs/host"
	mount_on /host /sys bind rbind
	profile=agent running --allow mount:/sys
	not_swapped "$no" none
	is "$(jq -c .nacre.egress "$ROOT/$id/config.json")" null "the stored rules"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "the rules"
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	not_swapped "$no" 11.1.1.1
	# Seen from the root cgroup nothing would be outside.
	nacre exec "$id" /usr/bin/python3 -c 'import sys; open(sys.argv[1] + "/cgroup.procs", "w").write("1")' \
		"/host${cg_mount#/sys}" || wrong "it cannot leave"
	is "$(cgroup_of "$(pid_of)")" / "where it is"
	not_swapped "$no" none
	kill_now
	delete
	edit 'del(.mounts[] | select(.destination == "/host"))'
	mount_on /host "$cg_mount" bind bind
	# Its own cgroup, and the host's that cannot be written to.
	profile=agent running --allow "mount:$cg_mount"
	swap none
	is "$(web 11.1.1.1)" PermissionError "read-only"
	kill_now
}

# The first process keeps a directory of it, and has changed its root: its mounts show nothing.
test_first_rules_are_refused_where_such_a_mount_may_be_hidden() {
	needs_root "only root can load the egress filter" || return
	in_world
	mkdir "$b/rootfs/cg"
	mount_on /cg "$cg_mount" bind bind
	edit '.process.args = ["/usr/bin/python3", "-c", $c] | .process.capabilities |= map_values(. + ["CAP_SYS_CHROOT"])' \
		--arg c 'import os, time
os.mkdir("/tmp/in")
os.open("/cg", os.O_RDONLY)
os.chroot("/tmp/in")
time.sleep(3600)'
	profile=agent running --allow "mount:$cg_mount" --allow cgroup-write --allow cap:CAP_SYS_CHROOT
	wait_for eval '[[ $(readlink "/proc/$(pid_of)/root") == */tmp/in ]]'
	! grep -qw cgroup2 "/proc/$(pid_of)/mountinfo" || wrong "the mount shows"
	not_swapped '*cannot get any later: it has the grant cgroup-write; create a container with egress rules' none
	kill_now
}

# Which pid namespace that is, its process says, and not the path.
test_first_rules_are_refused_where_the_host_s_processes_are_seen() {
	local no="*in the host's pid namespace a process can leave the cgroup *"
	needs_root "only root can load the egress filter" || return
	in_world
	touch "$T/pids"
	mount --bind /proc/self/ns/pid "$T/pids" || wrong "no path"
	edit '(.linux.namespaces[] | select(.type == "pid")).path = $p' --arg p "$T/pids"
	profile=agent running --allow host-pid
	not_swapped "$no" none
	umount "$T/pids" || wrong "the path stays"
	not_swapped "$no" none
	swap open
	kill_now
}

test_under_oci_open_is_for_good() {
	in_world none
	running
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	not_swapped '*nacre exec may have given a process any capability; create a container with egress rules' none
	is "$(held)" open "the stored rules"
}

test_metadata_stays_refused() {
	in_world 11.1.1.1
	in_internet ip address add 169.254.169.254/32 dev lo
	running
	is "$(web 169.254.169.254)" PermissionError "by the rules"
	not_swapped '*"169.254.169.254" is the metadata service of a cloud; allow it with --allow metadata' 169.254.169.254
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	is "$(web 169.254.169.254)" PermissionError "by metadata"
}

datagram() {
	nacre exec "$id" /usr/bin/python3 -c 'import socket, sys
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], 80))
    print("sent")
except OSError as e:
    print(type(e).__name__)' "$1"
}

test_required_metadata_stays_refused_to_datagrams() {
	in_world
	in_internet ip address add 169.254.169.254/32 dev lo
	profile=agent running
	is "$(datagram 169.254.169.254)" sent "not required"
	kill_now
	delete
	profile=agent running --require metadata
	is "$(datagram 169.254.169.254)" PermissionError "before"
	swap open
	is "$(datagram 169.254.169.254)" PermissionError "after"
}

test_what_is_wrong_changes_nothing() {
	in_world 11.1.1.1
	running
	not_swapped '--egress: egress rule "https://a.example/": *' https://a.example/
	not_swapped '--egress: egress rule "none" cannot stand beside other rules; *' none 11.1.1.2
	bad 1 'invalid value for cpu-quota: "x"' nacre update --egress none --cpu-quota x "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "the rules"
	kill_now
	not_swapped 'container not running' none
}

test_the_policy_bounds_it_and_an_annotation_does_not() {
	in_world 11.1.1.1 11.1.1.2
	edit '.annotations["run.nacre.egress"] = "11.1.1.1"'
	running
	is "$(held)" 11.1.1.1 "of the annotation"
	policy '{"version": 1, "egress": {"default": {"oci": ["none"]}, "may_add": ["11.1.1.0/24:80"], "always": ["11.1.1.53"]}}'
	bad 1 '--egress: egress.may_add of /etc/nacre/policy.json: egress rule "11.1.1.2" allows more than *' \
		under_policy update --egress 11.1.1.2 "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	good under_policy update --egress 11.1.1.2:80 "$id"
	is "$(held)" "11.1.1.2:80 11.1.1.53" "the stored rules"
	is "$(web 11.1.1.2)" "http 11.1.1.2" "the rules"
	is "$(web 11.1.1.1)" PermissionError "the rules"
}

test_it_is_audited() {
	in_world 11.1.1.1
	running --audit "$T/out.audit"
	swap 11.1.1.2
	is "$(jq -c 'select(.event == "update") | [.egress, .error]' "$T/out.audit")" '[["11.1.1.2"],null]' "the record"
	good nacre update --cpu-idle 0 "$id"
	is "$(grep -c '"event":"update"' "$T/out.audit")" 1 "of limits there is none"
}

# A connection that is open stays; the rules are asked when one begins.
test_a_connection_that_is_open_stays() {
	in_world 11.1.1.1:5432
	running
	in_background nacre exec "$id" /usr/bin/python3 /peer.py hold 11.1.1.1 5432 /mnt/go
	wait_for grep -q open "$background_out"
	swap none
	touch "$b/rootfs/mnt/go"
	wait_for grep -q "same 5432" "$background_out"
	is "$(says echo 11.1.1.1 5432 10)" PermissionError "a new one"
	kill_now
}

# --- names ---

secure() {
	says tls "$1" "${2:-443}" "$1"
}

test_names_are_swapped_while_it_runs() {
	local pid
	with_names a.example b.example
	running
	pid=$(relay)
	is "$(secure a.example) $(says ask b.example A)" "tls a.example 198.18.0.17" "before"
	swap a.example:80,443,8443 second.example tcp:db.example:5432
	is "$(relay)" "$pid" "the relay"
	is "$(secure a.example)" "tls a.example" "a name that stays"
	is "$(says ask a.example A)" 198.18.0.16 "its address"
	is "$(secure a.example 8443) $(web a.example)" "tls a.example http a.example" "its new ports"
	is "$(secure second.example) $(says ask second.example A)" "tls second.example 198.18.0.18" "a new name"
	is "$(says echo db.example 5432 100)" same "a new name by tcp"
	is "$(says ask b.example A)" 3 "a name that went"
	is "$(says tls 198.18.0.17 443 b.example)" ConnectionResetError "its address"
	is "$(nacre explain --format json "$id" | jq -c .connectsTo)" \
		'["a.example:80,443,8443","second.example:443","tcp:db.example:5432"]' explain
	swap b.example c.example 11.1.1.1
	is "$(secure b.example) $(says ask b.example A)" "tls b.example 198.18.0.17" "it comes back"
	is "$(says ask c.example A)" 198.18.0.20 "no address is used again"
	is "$(says tls 198.18.0.16 8443 a.example)" PermissionError "a port that no name has any more"
	is "$(says tls 198.18.0.16 443 a.example)" ConnectionResetError "an address of before"
	has "$(nacre explain "$id")" "connections to a.example:8443 refused" "its name"
	swap none
	is "$(says ask b.example A)" 3 none
	is "$(says tls 198.18.0.17 443 b.example)" PermissionError none
	swap b.example
	is "$(secure b.example)" "tls b.example" "and back"
	good nacre pause "$id"
	swap a.example
	good nacre resume "$id"
	is "$(secure a.example)" "tls a.example" "paused meanwhile"
	kill_now
}

test_names_below_a_wildcard_keep_their_addresses() {
	with_names '*.w.example'
	running
	is "$(says ask x.w.example A) $(says ask y.w.example A)" "198.19.0.0 198.19.0.1" "before"
	swap '*.w.example:443,8443' a.example
	is "$(says ask y.w.example A) $(says ask z.w.example A)" "198.19.0.1 198.19.0.2" "after"
	is "$(secure y.w.example 8443)" "tls y.w.example" "a new port"
	swap y.w.example
	is "$(secure y.w.example) $(says ask y.w.example A)" "tls y.w.example 198.18.0.17" "spelled out"
	is "$(says tls 198.19.0.1 443 y.w.example)" "tls y.w.example" "its address of before"
	is "$(says tls 198.19.0.0 443 x.w.example)" ConnectionResetError "a name that went"
	kill_now
}

test_in_a_network_that_is_joined() {
	in_pod a.example
	running
	is "$(secure a.example)" "tls a.example" "before"
	swap b.example:8443 11.1.1.1:80
	is "$(secure b.example 8443) $(web 11.1.1.1)" "tls b.example http 11.1.1.1" "after"
	is "$(says tls 198.18.0.16 443 a.example)" PermissionError "a name that went"
	kill_now
}

# beside RULE FAMILY PORT...: what a second container of the bundle is told by the relay of the first, at these ports
beside() {
	# shellcheck disable=SC2016 # for jq
	edit '.process.args = ["/usr/bin/python3", "-c", $program, $family, $ports]' --arg family "$2" --arg ports "${*:3}" --arg program '
import socket, sys
v6 = sys.argv[1] == "AF_INET6"
for port in sys.argv[2].split():
    sock = socket.socket(getattr(socket, sys.argv[1]))
    sock.settimeout(5)
    try:
        sock.bind(("::ffff:198.18.0.16" if v6 else "198.18.0.16", 0))
        sock.connect(("::ffff:0.0.0.0" if v6 else "0.0.0.0", int(port, 16)))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        print(sock.recv(100))
    except OSError as error:
        print(type(error).__name__)
'
	nacre run --profile oci --egress "$1" --bundle "$b" "$id.beside" 2>&1
}

# elsewhere COMMAND...: nacre in the network of the servers
elsewhere() {
	NACRE_TEST=$T timeout -k 5 60 nsenter --target "$internet" --net "$NACRE" --root "$ROOT" "$@"
}

# path_of_network: prints one that lasts until it is unmounted
path_of_network() {
	touch "$T/network"
	mount --bind "/proc/$internet/ns/net" "$T/network" || wrong "no path"
	echo "$T/network"
}

# Whose network it was, create has decided: whoever changes the rules may be in another.
test_the_loopback_of_the_host_stays_refused_from_another_network() {
	local network
	needs_root "only root can load the egress filter" || return
	in_world none
	good elsewhere create --profile oci --egress none --bundle "$b" "$id"
	start
	is "$(web 127.0.0.1)" PermissionError "before"
	swap 11.1.1.2
	is "$(web 127.0.0.1)" PermissionError "after"
	good elsewhere update --egress 11.1.1.1 "$id"
	is "$(web 127.0.0.1)" PermissionError "from the network itself"
	kill_now
	delete
	# And of others is what was joined, whoever asks, with its path or without.
	in_world none
	network=$(path_of_network)
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "$network"
	running
	is "$(web 127.0.0.1)" "http 127.0.0.1" "of others"
	is "$(web 0.0.0.0)" "http 0.0.0.0" "by its other name"
	good elsewhere update --egress 11.1.1.1 "$id"
	is "$(web 127.0.0.1)" "http 127.0.0.1" "from there"
	umount "$network" || wrong "the path stays"
	swap 11.1.1.2
	is "$(web 127.0.0.1) $(web 11.1.1.2)" "http 127.0.0.1 http 11.1.1.2" "without its path"
	kill_now
}

test_the_network_of_pid_1_is_the_host_s_for_whoever_is_in_another() {
	needs_root "only root can load the egress filter" || return
	in_world none
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net" |
		.process.args = ["/usr/bin/python3", "/peer.py", "http", "127.0.0.1", "80", ""]'
	good env NACRE_TEST="$T" timeout -k 5 60 unshare --pid --fork --mount-proc sh -c '"$@"; exit $?' sh nsenter \
		--net="$(path_of_network)" "$NACRE" --root "$ROOT" run --profile oci --egress none --bundle "$b" "$id"
	has "$out$err" PermissionError "its loopback"
	umount "$T/network" || wrong "the path stays"
}

# A listener has any address of lo, and takes what the filter leads there, which is for a name.
test_behind_a_filter_the_relay_takes_names_alone() {
	local pod port said
	in_pod a.example 11.1.1.3
	pod=$(jq -r '.linux.namespaces[] | select(.type == "network").path' "$b/config.json")
	nsenter --net="$pod" ip address add 11.1.1.3/32 dev lo || wrong "no address"
	running
	is "$(secure a.example)" "tls a.example" "the name"
	port=$(nsenter --net="$pod" awk '$4 == "0A" && $2 ~ /^00000000:/ { print $2 }' /proc/thread-self/net/tcp)
	[[ $port ]] || wrong "there is no listener"
	for port in $port; do
		said=$(nacre exec "$id" /usr/bin/timeout 3 /usr/bin/python3 /peer.py echo 11.1.1.3 $((16#${port#*:})) 10 2>&1)
		is "$? $said" "124 " "nobody answers"
	done
	refused tls 198.18.0.99 443 a.example
	said=$(nacre explain "$id")
	has "$said" "connections to 198.18.0.99:443 refused: this address stands for no name that the resolver gave out" "why"
	[[ $said != *11.1.1.3:443* ]] || wrong "it was taken" "$said"
	kill_now
}

# connect(2) takes 0.0.0.0 for the address that the socket is bound to, and the addresses of names are local.
test_a_container_does_not_reach_the_relay_of_another_in_its_network() {
	local pod ports said
	in_pod a.example:80
	pod=$(jq -r '.linux.namespaces[] | select(.type == "network").path' "$b/config.json")
	running
	mapfile -t ports < <(nsenter --net="$pod" awk '$4 == "0A" && $2 ~ /^00000000:/ { print $2 }' /proc/thread-self/net/tcp)
	((${#ports[@]} == 2)) || wrong "other listeners than the resolver's and that of port 80" "${ports[@]}"
	for rule in none 11.1.1.3 open; do
		for family in AF_INET AF_INET6; do
			said=$(beside "$rule" "$family" "${ports[@]#*:}")
			[[ $said == *rror* && $said != *HTTP* ]] || wrong "it does: $rule $family" "$said"
		done
	done
	is "$(web a.example)" "http a.example" "its own container"
	kill_now
}

# route_to_link: all of IPv6 from the pod, which is in $pod then, to the link
route_to_link() {
	pod=$(jq -r '.linux.namespaces[] | select(.type == "network").path' "$b/config.json")
	nsenter --net="$pod" ip -6 neighbour add fe80::9 lladdr 02:00:00:00:00:09 dev eth0 || wrong "no neighbour"
	nsenter --net="$pod" ip -6 route add default via fe80::9 dev eth0 || wrong "no route"
}

# watch_link: where the packets from the pod go, in $seen
watch_link() {
	in_background nsenter --target "$internet" --net "$python" -uc '
import socket
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
link.bind(("to-pod", 3))
print("ready")
while True:
    packet = link.recv(65536)
    if packet[0] >> 4 == 4:
        print(socket.inet_ntop(socket.AF_INET, packet[16:20]))
    elif packet[0] >> 4 == 6:
        print(socket.inet_ntop(socket.AF_INET6, packet[24:40]))
'
	seen=$background_out
	wait_for grep -q ready "$seen"
}

# A socket that is bound to an interface sends by it what is for an address of lo, to whoever listens on the link.
test_what_is_for_loopback_does_not_leave_by_an_interface() {
	local pod seen
	in_pod a.example:80 11.1.1.1:5432
	route_to_link
	watch_link
	running
	is "$(nacre exec "$id" /usr/bin/python3 -c '
import socket
def bind(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
def attempt(act, *arguments):
    try:
        act(*arguments)
    except OSError as error:
        return type(error).__name__
    return "sent"
for address, port in ("127.0.0.1", 9), ("127.3.2.1", 9), ("198.18.0.1", 53), ("::1", 9), ("::ffff:127.0.0.1", 9):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.connect((address, port))
    bind(udp)
    attempt(udp.send, b"x")
    udp = socket.socket(family, socket.SOCK_DGRAM)
    bind(udp)
    attempt(udp.sendto, b"x", (address, port))
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6 if ":" in address else socket.IPPROTO_IP, 76 if ":" in address else 50,
                   socket.htonl(socket.if_nametoindex("eth0")))
    attempt(udp.sendto, b"x", (address, port))
    tcp = socket.socket(family)
    tcp.settimeout(0.5)
    bind(tcp)
    attempt(tcp.connect, (address, port))
tcp = socket.socket()
bind(tcp)
print(attempt(tcp.connect, ("11.1.1.1", 5432)))')" sent "what a rule permits"
	wait_for grep -q '^11.1.1.1$' "$seen"
	is "$(grep -e '^127' -e '^198' -e '^::' "$seen" | sort | uniq -c)" "" "what left"
	kill_now
}

# The kernel answers a packet for ::1 to the address that it comes from: by TCP, or by an ICMP error that quotes it.
test_the_kernel_answers_to_no_address_that_a_program_takes() {
	local pod seen
	in_pod a.example:80 11.1.1.1:5432 'udp:[2001:db8::5]:9'
	route_to_link
	nsenter --net="$pod" sysctl -qw net.ipv6.ip_nonlocal_bind=1
	watch_link
	running
	is "$(nacre exec "$id" /usr/bin/python3 -c '
import socket
def attempt(act, *arguments):
    try:
        act(*arguments)
    except OSError as error:
        return type(error).__name__
    return "sent"
def bound(kind, address):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.settimeout(0.5)
    sock.bind((address, 0))
    return sock
server = bound(socket.SOCK_STREAM, "::1")
server.listen()
elsewhere = bound(socket.SOCK_DGRAM, "2001:db8::7365:6374")
attempt(elsewhere.connect, ("2001:db8::5", 9))
attempt(elsewhere.sendto, b"secret", ("::1", 9))
for address, port in ("::1", 9), ("::", 9), server.getsockname()[:2]:
    attempt(bound(socket.SOCK_DGRAM, "2001:db8::7365:6372").sendto, b"secret", (address, port))
    attempt(bound(socket.SOCK_STREAM, "2001:db8::7365:6373").connect, (address, port))
print(attempt(bound(socket.SOCK_STREAM, "::1").connect, server.getsockname()))
print(attempt(socket.create_connection, ("11.1.1.1", 5432)))' | paste -sd ' ')" "sent sent" "what rules permit"
	wait_for grep -q '^11.1.1.1$' "$seen"
	is "$(grep '^2001:' "$seen" | sort | uniq -c)" "" "what left"
	kill_now
}

# As a service mesh does, with the source that the socket has chosen for the other address.
test_what_a_packet_filter_redirects_to_loopback_arrives() {
	local pod
	in_pod a.example:80 '[2001:db8::5]:5432'
	pod=$(jq -r '.linux.namespaces[] | select(.type == "network").path' "$b/config.json")
	nsenter --net="$pod" ip -6 address add 2001:db8::1/64 dev eth0 nodad || wrong "no address"
	if ! nsenter --net="$pod" ip6tables -t nat -A OUTPUT -p tcp --dport 5432 -j REDIRECT --to-ports 7000; then
		host_lacks "ip6tables is not installed, or does not work here"
		return
	fi
	running
	is "$(nacre exec "$id" /usr/bin/python3 -c '
import socket
server = socket.create_server(("::1", 7000), family=socket.AF_INET6)
client = socket.create_connection(("2001:db8::5", 5432), 5)
print(server.accept()[1][0])')" 2001:db8::1 "who arrives"
	kill_now
}

test_a_relay_that_keeps_its_rules_has_no_socket_for_others() {
	local options
	with_names a.example
	without_filter
	good nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	[[ -e $ROOT/$id/egress && ! -e $ROOT/$id/egress.socket ]] || wrong "it has one" "$(ls "$ROOT/$id")"
	start
	is "$(secure a.example)" "tls a.example" "the relay"
	kill_now
}

# hold NAME: a connection, in $background_out
hold() {
	in_background nacre exec "$id" /usr/bin/python3 /peer.py hold "$1" 5432 /mnt/go
	held_out=$background_out
	wait_for grep -q open "$held_out"
}

test_connections_to_names_that_stay_stay_open() {
	local stays goes
	with_names tcp:a.example:5432 tcp:b.example:5432 tcp:db.example:5432
	running
	hold a.example
	stays=$held_out
	hold b.example
	goes=$held_out
	swap tcp:a.example:5432 db.example:5432
	touch "$b/rootfs/mnt/go"
	wait_for grep -q "same 5432" "$stays"
	wait_for grep -q ConnectionResetError "$goes"
	kill_now
}

test_a_container_without_names_gets_none_and_one_with_names_is_not_opened() {
	with_names 11.1.1.1
	running
	not_swapped '--egress: names need a resolv.conf and a relay, *: make it again, or give addresses' a.example
	is "$(held)" 11.1.1.1 "the stored rules"
	kill_now
	delete
	with_names a.example
	running
	not_swapped "--egress open: the container's resolv.conf asks nacre, *" open
	not_swapped '*resolver uses port 53 of names*' a.example:53
	is "$(secure a.example)" "tls a.example" "the rules"
	kill_now
}

test_without_its_relay_a_container_gets_addresses_alone() {
	local pid
	with_names a.example
	running
	pid=$(relay)
	kill -9 "$pid"
	wait_for eval '! kill -0 $pid 2>/dev/null'
	not_swapped "--egress: the container's nacre-egress has ended, *" a.example b.example
	is "$(held)" a.example:443 "the stored rules"
	swap 11.1.1.1
	is "$(held)" 11.1.1.1 "the stored rules"
	kill_now
}

test_a_relay_that_does_not_answer_is_not_waited_for_and_it_can_be_done_again() {
	local pid
	with_names a.example b.example
	running
	pid=$(relay)
	kill -STOP "$pid"
	not_swapped '--egress: no more is allowed than before, *: wait for nacre-egress: *' b.example second.example
	kill -CONT "$pid"
	is "$(held)" "a.example:443 b.example:443" "the stored rules"
	is "$(secure a.example) $(secure b.example)" "tls a.example tls b.example" "the old rules"
	is "$(says ask second.example A)" 3 "a new one"
	swap second.example
	is "$(secure second.example) $(says ask second.example A)" "tls second.example 198.18.0.18" "again"
	is "$(says tls 198.18.0.17 443 b.example)" ConnectionResetError "what went"
	kill_now
}

# The kernel takes 64 programs of a kind at a cgroup.
test_swaps_that_fail_do_not_add_up() {
	needs_strace || return
	with_names a.example b.example
	running
	for ((i = 0; i < 65; ++i)); do
		bad 1 '--egress: no more is allowed than before, *: send the rules to nacre-egress: Input/output error*' \
			timeout 60 strace -qq -o "$T/out.trace" -e trace=sendmsg -e inject=sendmsg:error=EIO \
			"$NACRE" --root "$ROOT" update --egress second.example "$id"
	done
	is "$(held)" "a.example:443 b.example:443" "the stored rules"
	is "$(secure a.example)" "tls a.example" "the old rules"
	swap second.example
	is "$(secure second.example)" "tls second.example" "the new rules"
	kill_now
}

test_a_swap_that_is_not_stored_leaves_the_old_rules_alone() {
	needs_strace || return
	with_names a.example b.example '*.w.example'
	running
	is "$(says ask x.w.example A)" 198.19.0.0 "below a wildcard"
	bad 1 '--egress: no more is allowed than before, *: No space left on device' \
		timeout 60 strace -qq -o "$T/out.trace" -e trace=renameat -e inject=renameat:error=ENOSPC:when=2 \
		"$NACRE" --root "$ROOT" update --egress b.example --egress x.w.example:8443 "$id"
	is "$(held)" "a.example:443 b.example:443 *.w.example:443" "the stored rules"
	is "$(secure a.example) $(secure b.example)" "tls a.example tls b.example" "the old rules"
	is "$(says tls x.w.example 8443 x.w.example)" PermissionError "a new port"
	is "$(secure x.w.example) $(says ask x.w.example A)" "tls x.w.example 198.18.0.18" "a name that was spelled out"
	swap x.w.example:8443 second.example
	is "$(secure x.w.example 8443) $(says ask second.example A)" "tls x.w.example 198.18.0.19" "the new rules"
	kill_now
}

# Each leaves programs at the cgroup, of which the kernel takes 64.
test_swaps_that_are_killed_do_not_add_up() {
	needs_strace || return
	with_names a.example b.example
	running
	after=(second.example)
	for ((i = 0; i < 65; ++i)); do
		killed_at sendmsg:1 || wrong "it was not killed" "$(<"$T/out.log")"
	done
	is "$(held)" "a.example:443 b.example:443" "the stored rules"
	is "$(says ask second.example A)" 3 "a new name"
	swap b.example second.example
	is "$(secure b.example) $(secure second.example)" "tls b.example tls second.example" "the new rules"
	is "$(says ask a.example A)" 3 "a name that went"
	kill_now
}

# long_names FROM WITHIN: sets names, 255 of them from number FROM on, as long as names can be, with WITHIN behind
long_names() {
	local label
	printf -v label 'a%062d' 0
	names=()
	for ((i = $1; i < $1 + 255; ++i)); do
		names+=("$label.$label.$label.$(printf 'b%060d' "$i")$2")
	done
}

test_all_names_and_rules_there_may_be_are_told() {
	local within=@ from names
	with_names a.example
	running
	for ((from = 0; from < 15 * 255; from += 255)); do
		long_names "$from" ""
		swap a.example "${names[@]}"
	done
	for ((i = 0; i < 32; ++i)); do
		within+=$(printf '[2001:db8:1111:2222:3333:4444:5555:%x],' $((0x6660 + 2 * i)))
	done
	long_names "$from" "${within%,}"
	swap second.example "${names[@]}"
	is "$(secure second.example) $(says ask a.example A)" "tls second.example 3" "the rules behind"
	swap a.example
	is "$(secure a.example) $(says ask a.example A)" "tls a.example 198.18.0.16" "the names"
	kill_now
}

test_a_relay_that_is_told_too_much_says_so() {
	head -c 4000000 /dev/zero | tr '\0' n >"$T/told"
	is "$("$NACRE_LIBEXECDIR/nacre-egress" <"$T/told")" "nacre-egress: the rules have more than 1619456 bytes"
}

# reached: which of these, on one line
reached() {
	nacre exec "$id" /usr/bin/python3 /peer.py reach a.example b.example second.example 11.1.1.1 11.1.1.2 2>&1 |
		paste -sd ' '
}

# killed_at NAME:N: whether the swap to $after was killed there
killed_at() {
	(NACRE_TEST=$T timeout 60 strace -qq -o "$T/out.trace" -e "trace=${1%:*}" -e "inject=${1%:*}:signal=KILL:when=${1#*:}" \
		"$NACRE" --root "$ROOT" update "${after[@]/#/--egress=}" "$id" </dev/null >"$T/out.log" 2>&1
		exit $?) 2>/dev/null
	grep -q 'killed by SIGKILL' "$T/out.trace"
}

# With the rules that are stored then nothing is reached that they do not allow, and it can be done again.
# At some calls; EGRESS_STRIDE=1 is every one.
test_a_kill_opens_nothing() {
	local call kills=0 said calls_made before after stride
	needs_strace || return
	before=(a.example b.example 11.1.1.1:80)
	after=(b.example 'second.example:443,8443' 11.1.1.2:80)
	in_pod "${before[@]}"
	running
	NACRE_TEST=$T timeout 60 strace -qq -o "$T/out.trace" "$NACRE" --root "$ROOT" update "${after[@]/#/--egress=}" "$id" ||
		wrong "undisturbed, it failed"
	mapfile -t calls_made < <(awk -F'(' '/^[a-z0-9_]+\(/ && $1 !~ /^(execve|exit_group)$/ { print $1 ":" ++n[$1] }' \
		"$T/out.trace")
	((${#calls_made[@]} > 100)) || wrong "only ${#calls_made[@]} calls"
	stride=${EGRESS_STRIDE:-$((${#calls_made[@]} / 9))}
	for ((i = 0; i < ${#calls_made[@]}; i += stride)); do
		call=${calls_made[i]}
		swap "${before[@]}"
		killed_at "$call" && ((++kills))
		doing "killed at $call"
		said=" $(reached) "
		if [[ $(held) == a.example* ]]; then
			[[ $said != *second.example* && $said != *11.1.1.2* ]] || wrong "reached:$said"
		else
			[[ $said != *a.example* && $said != *11.1.1.1* ]] || wrong "reached:$said"
		fi
		swap "${after[@]}"
		is "$(reached)" "b.example second.example 11.1.1.2" "done again"
	done
	((kills * 10 > ${#calls_made[@]} * 8 / stride)) || wrong "only $kills kills at ${#calls_made[@]} calls"
	kill_now
}

all_tests "$@"
