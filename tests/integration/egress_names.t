#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Egress rules with names.
. "$(dirname "$0")/internet.sh"

test_a_name_works_without_a_word_to_the_program() {
	with_names a.example:80,443 second.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "TLS"
	is "$(says http a.example 80 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n' 'GET / HTTP/1.1\r\nHost: a.example:80\r\n\r\n')" \
		"http a.example http a.example:80" "HTTP, two requests"
	is "$(says tls second.example 443 second.example)" "tls second.example" "the second address of a name"
	is "$(says ask a.example A) $(says ask a.example A tcp)" "198.18.0.16 198.18.0.16" "A"
	is "$(says ask a.example AAAA)" none "AAAA"
	is "$(says ask b.example A)" 3 "a name without a rule"
	is "$(cat "$ROOT/$id/resolv.conf")" $'nameserver 198.18.0.1\nsearch example' "resolv.conf"
	is "$(nacre exec "$id" /bin/cat /etc/resolv.conf)" "$(cat "$ROOT/$id/resolv.conf")" "the same inside"
	kill_now
}

# As resolv.conf has it: the C library asks for a.example, the program goes on to say "a".
test_a_name_may_be_said_without_a_domain_of_the_search_list() {
	with_names a.example:80,443
	printf 'nameserver 11.1.1.53\nsearch other.test EXAMPLE.\noptions ndots:5\n' | tee "$b/resolv.conf" >"$HOST_RESOLV"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a)" "tls a" "TLS"
	is "$(says http a.example 80 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')" "http a" "HTTP"
	for said in a.other.test a.exampl example b; do
		refused tls a.example 443 "$said"
		refused http a.example 80 "GET / HTTP/1.1\r\nHost: $said\r\n\r\n"
	done
	is "$(says ask a.example.other.test A) $(says ask b.example A)" "3 3" "what no rule has"
	lacks "$(nacre explain "$id")" a.example.other.test
	has "$(nacre explain "$id")" "DNS queries for b.example refused"
	kill_now
}

test_nothing_else_is_reached_by_the_way_of_a_name() {
	with_names a.example:80,443 rebind.example metadata.example private.example host.example gone.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the name"
	refused tls a.example 443 b.example
	refused tls a.example 443 ''
	refused http a.example 80 'GET / HTTP/1.1\r\nHost: b.example\r\n\r\n'
	refused http a.example 80 'GET / HTTP/1.1\r\n\r\n'
	refused http a.example 80 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n' 'GET / HTTP/1.1\r\nHost: b.example\r\n\r\n'
	refused http a.example 80 'CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n'
	for name in rebind metadata private host gone b; do
		refused tls "$name.example" 443 "$name.example"
	done
	refused tls 11.1.1.1 443 a.example
	refused tls 169.254.169.254 80 a.example
	refused tls 198.18.0.99 443 a.example
	kill_now
}

# The route of such an address is IPv6's, but connect(2) takes the IPv4 address inside.
test_the_host_is_not_reached_by_an_ipv4_address_in_ipv6() {
	needs_whole_internet || return
	with_names a.example mapped.example nat.example
	ip -6 route add default dev "$device" || wrong "no route"
	in_background "$python" "$peer" world "$T/key" 11.1.1.254
	wait_for grep -q ready "$background_out"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the name"
	refused tls mapped.example 443 mapped.example
	refused tls nat.example 443 nat.example
	has_line "$(nacre explain "$id")" "* connections to nat.example:443 refused: *the host itself*"
	kill_now
}

# netlink_port PID: the number of its socket of rtnetlink
netlink_port() {
	local fd inode port
	for fd in "/proc/$1/fd/"*; do
		inode=$(readlink "$fd")
		port=$(awk -v inode="${inode//[^0-9]/}" '$2 == 0 && $10 == inode { print $3 }' "/proc/$1/net/netlink")
		[[ -z $port ]] || { echo "$port" && return; }
	done
	wrong "process $1 has no socket of rtnetlink"
}

# Who may send to the relay's socket is another with CAP_NET_ADMIN in its network.
test_only_the_kernel_says_where_an_address_leads() {
	needs_whole_internet || return
	with_names a.example host.example
	in_background "$python" "$peer" world "$T/key" 11.1.1.254
	wait_for grep -q ready "$background_out"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the name, which opens the socket"
	is "$("$python" "$peer" forge "$(netlink_port "$(relay)")" 40)" 40 "forged answers"
	refused tls host.example 443 host.example
	is "$(says tls a.example 443 a.example)" "tls a.example" "the name"
	refused tls host.example 443 host.example
	kill_now
}

test_a_hello_in_pieces_is_read_and_one_that_does_not_come_is_not_waited_for() {
	with_names a.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example 1)" "tls a.example" "byte by byte"
	is "$(says tls a.example 443 a.example 100 0.2)" "tls a.example" "slowly"
	refused http a.example 443 'GET '
	kill_now
}

# Root of a user namespace raises no limit of the user's.
test_a_low_limit_of_files_means_fewer_connections() {
	with_names a.example
	ulimit -n 1024 # as the config asks for
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the name"
	kill_now
}

# ticks PID: of 10 ms, on the processor
ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# More come than it has files for: the others are refused, and nothing is asked for again and again.
test_more_connections_than_files_are_no_work() {
	local pid before wanted files lower=()
	needs_program setpriv || return
	((EUID)) || lower=(setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource)
	with_names tcp:db.example:5432
	edit '.process.rlimits = []'
	for wanted in 7:300 1:200; do
		files=${wanted#*:}
		good env NACRE_TEST="$T" "${lower[@]}" bash -c \
			"ulimit -n $files && exec \"\$@\"" bash "$NACRE" --root "$ROOT" create "${rules[@]}" --bundle "$b" "$id"
		pid=$(relay)
		start
		is "$(awk '/^Max open files/ { print $5 }' "/proc/$pid/limits")" "$files" "the relay's files"
		in_background nacre exec "$id" /usr/bin/python3 /peer.py crowd 198.18.0.16 5432 400
		wait_for test -s "$background_out"
		is "$(<"$background_out")" "${wanted%:*}" "connections of 400 with $files files"
		before=$(ticks "$pid")
		sleep 2
		(($(ticks "$pid") - before < 50)) || wrong "it took $(($(ticks "$pid") - before)) ticks in 2 s"
		kill_now
		delete
	done
}

# One that comes when there is none at all waits until there is one again.
test_without_a_free_file_a_connection_waits() {
	needs_root && needs_strace || return
	with_names tcp:db.example:5432
	create "${rules[@]}"
	start
	pid=$(relay)
	in_background strace -qq -p "$pid" -o "$T/out.trace" -e trace=accept4 -e inject=accept4:error=EMFILE
	wait_for grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
	in_background nacre exec "$id" /usr/bin/python3 /peer.py hold 198.18.0.16 5432 /etc
	wait_for grep -q INJECTED "$T/out.trace"
	sleep 2
	(($(grep -c INJECTED "$T/out.trace") < 20)) || wrong "asked $(grep -c INJECTED "$T/out.trace") times in 2 s"
	is "$(<"$background_out")" "" "of the connection"
	kill "${background[-2]}"
	wait_for grep -q same "$background_out"
	kill_now
}

test_a_wildcard_is_for_names_below() {
	with_names '*.w.example'
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls x.w.example 443 x.w.example)" "tls x.w.example" "below"
	is "$(says tls x.y.w.example 443 x.y.w.example)" "tls x.y.w.example" "further below"
	refused tls x.w.example 443 x.y.w.example
	refused tls w.example 443 w.example
	is "$(says many w.example 1000)" 1000 "a thousand names, each with its address"
	is "$(says tls 999.w.example 443 999.w.example)" "tls 999.w.example" "one of them"
	kill_now
}

test_tcp_is_not_looked_into() {
	with_names tcp:db.example:5432
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says echo db.example 5432 10)" same "a few bytes"
	is "$(says echo db.example 5432 20000000)" same "many bytes, and an end of one side"
	kill_now
}

# A name server that takes questions and answers none: each connection that is given up leaves one.
test_questions_without_an_answer_do_not_pile_up() {
	local pid before
	needs_plain_build "a sanitizer keeps memory that was freed" && needs_whole_internet || return
	with_names tcp:a.example:5432
	edit '.process.args = ["/usr/bin/python3", "/peer.py", "leave", "198.18.0.16", "5432", "12000"]'
	printf 'nameserver 11.1.1.1\n' >"$HOST_RESOLV"
	in_background nsenter --target "$internet" --net "$python" "$peer" silent 11.1.1.1
	wait_for grep -q ready "$background_out"
	create "${rules[@]}"
	pid=$(relay)
	before=$(resident "$pid")
	start
	wait_for grep -q 12000 "$created_out"
	((before > 0 && $(resident "$pid") < 3 * before)) || wrong "it has $before KiB, and then $(resident "$pid")"
	kill_now
}

resident() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

test_private_answers_need_a_word() {
	with_names private private.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls private.example 443 private.example)" "tls private.example" private
	kill_now
}

# Whoever answers for a name chooses where it leads: the config does not in the host's network.
test_the_config_chooses_no_name_server_in_the_host_s_network() {
	with_names a.example
	printf 'nameserver 11.1.1.66\nsearch other.example\n' >"$b/other"
	edit '(.mounts[] | select(.destination == "/etc/resolv.conf")).source = $s' --arg s "$b/other"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the host's name server"
	is "$(nacre exec "$id" /bin/cat /etc/resolv.conf)" $'nameserver 198.18.0.1\nsearch other.example' "resolv.conf"
	kill_now
}

# PID: of who is in it
wire_network() {
	ip link add to-world netns "$1" type veth peer name joined netns "$internet" || wrong "no veth device"
	in_internet ip address add 11.1.3.1/24 dev joined
	in_internet ip link set joined up
	nsenter --target "$1" --net ip link set lo up
	nsenter --target "$1" --net ip address add 11.1.3.2/24 dev to-world
	nsenter --target "$1" --net ip link set to-world up
	nsenter --target "$1" --net ip route add default via 11.1.3.1
}

# joins_network: the container joins a network that has its own way to the internet
joins_network() {
	local joined
	network_namespace joined
	wire_network "$joined"
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$joined/ns/net"
}

test_the_policy_names_resolvers_of_a_joined_network() {
	needs_root || return
	with_names a.example
	joins_network
	mkdir -p "$T/etc"
	echo 'nameserver 127.0.0.53' >"$T/etc/resolv.conf" # of the host, as systemd-resolved has it
	policy '{"version": 1, "egress": {"resolvers": ["11.1.1.66"]}}'
	good under_policy create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "that of the network's own resolv.conf"
	kill_now
	delete
	edit 'del(.mounts[] | select(.destination == "/etc/resolv.conf"))'
	policy '{"version": 1, "egress": {"resolvers": ["11.1.1.53"]}}'
	good under_policy create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "that of the policy"
	kill_now
}

# Names would be resolved, and no connection arrive.
test_a_joined_network_without_a_loopback_is_told() {
	local joined
	needs_root || return
	with_names a.example
	network_namespace joined
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$joined/ns/net"
	bad 1 "*egress rules: lo is down in the container's network, * (ip link set lo up)" \
		nacre create "${rules[@]}" --bundle "$b" "$id"
	has "$(nsenter --target "$joined" --net ip -o link show lo)" "<LOOPBACK>" # nacre has not made it
	nsenter --target "$joined" --net ip link set lo up
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says ask a.example A)" 198.18.0.16 "the name"
	kill_now
}

# A program inside could listen there, and say where names lead.
test_no_name_server_is_in_the_network_of_the_container() {
	local server
	needs_root || return
	with_names a.example
	joins_network
	for server in 127.0.0.53 0.0.0.0 11.1.3.2 ::1 ::ffff:11.1.1.66; do
		echo "nameserver $server" >"$b/resolv.conf"
		bad 1 "*the name servers of resolv.conf are addresses of the container's own network, *" \
			nacre create "${rules[@]}" --bundle "$b" "$id"
	done
	: >"$b/resolv.conf" # which is 127.0.0.1
	bad 1 "*of the container's own network, *" nacre create "${rules[@]}" --bundle "$b" "$id"
	mkdir -p "$T/etc"
	: >"$T/etc/resolv.conf"
	policy '{"version": 1, "egress": {"resolvers": ["127.0.0.1"]}}'
	bad 1 "*of the container's own network, *" under_policy create "${rules[@]}" --bundle "$b" "$id"
	policy '{"version": 1, "egress": {"resolvers": ["127.0.0.1", "11.1.1.53"]}}'
	good under_policy create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "that of the policy, as resolv.conf has none"
	kill_now
	delete
	printf 'nameserver %s\n' 127.0.0.53 11.1.1.53 >"$b/resolv.conf"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the other one"
	kill_now
}

# As those of Docker do, whose resolver is in resolv.conf only then.
test_a_network_that_hooks_wire_is_the_way_of_names() {
	needs_root || return # without root what a hook wires is refused
	with_names a.example
	echo 'nameserver 11.1.1.66' | tee "$HOST_RESOLV" >"$b/resolv.conf"
	printf '%s\n' '#!/bin/bash' "PATH=$PATH internet=$internet" "$(declare -f in_internet wire_network)" \
		'wire_network "$(jq .pid)"' "echo nameserver 11.1.1.53 >$b/resolv.conf" >"$b/hook"
	chmod +x "$b/hook"
	edit '.hooks.prestart = [{path: $p}]' --arg p "$b/hook"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "the way of the container's network"
	has_line "$(nacre explain "$id")" a.example:443
	is "$(nacre explain --format json "$id" | jq .namesByHost)" false "in JSON"
	kill_now
	has_line "$(nacre explain "$id")" "a.example:443 (names over the host's network, unless the container's own leads out)"
	is "$(nacre explain --format json "$id" | jq 'has("namesByHost")')" false "in JSON, at its end"
}

# To open a device, as root does, is to do something with it.
test_what_is_bound_for_a_resolv_conf_is_a_file() {
	with_names a.example
	mkfifo "$b/pipe"
	edit '(.mounts[] | select(.destination == "/etc/resolv.conf")).source = $s' --arg s "$b/pipe"
	bad 1 "*egress rules: $b/pipe is not a regular file" nacre create "${rules[@]}" --bundle "$b" "$id"
}

# The container's network has no way out, and whoever may only tighten gets none by the host's.
test_no_annotation_and_no_config_gives_the_host_s_network() {
	with_names
	edit '.annotations["run.nacre.egress"] = "tcp:private.example:443 private"'
	for profile in oci agent; do
		bad 1 "*: connections to names go through the host's network, *" \
			nacre create --profile "$profile" --bundle "$b" "$id"
	done
	bad 1 "*: connections to names go through the host's network, *" \
		nacre create --profile agent --egress open --bundle "$b" "$id"
	bad 1 "*: connections to names go through the host's network, *" \
		nacre create --profile agent --egress 10.0.0.0/8 --egress private --egress a.example --bundle "$b" "$id"
	edit 'del(.annotations) | .nacre = {egress: ["a.example:443"]}'
	for profile in agent nested; do
		bad 1 "*: connections to names go through the host's network, *" \
			nacre create --profile "$profile" --bundle "$b" "$id"
	done
	edit '.annotations["run.nacre.egress"] = "a.example"'
	good nacre create --profile agent --egress '*.example' --bundle "$b" "$id"
	start
	is "$(says tls a.example 443 a.example)" "tls a.example" "what was given, and tightened"
	has_line "$(nacre explain "$id")" "a.example:443 (*over the host's network)"
	is "$(nacre explain --format json "$id" | jq .namesByHost)" true "in JSON"
	good nacre update --blkio-weight 0 "$id"
	is "$(jq -r '.nacre.egress[]' "$ROOT/$id/config.json")" a.example:443 "rules after an update"
	kill_now
}

# Without a filter addresses go by the relay as well.
test_no_annotation_gives_addresses_of_the_host_s_network_without_a_filter() {
	local options profiles=(oci agent)
	with_names
	without_filter
	! has_filter || profiles=(oci) # agent's limits need a cgroup
	edit '.annotations["run.nacre.egress"] = "11.1.1.1:443"'
	for profile in "${profiles[@]}"; do
		for given in '' 11.2.0.0/16:443; do
			bad 1 "*egress*" \
				nacre "${options[@]}" create --profile "$profile" ${given:+--egress "$given"} --bundle "$b" "$id"
		done
		bad 1 "*connections go through the host's network, *" \
			nacre "${options[@]}" create --profile "$profile" --bundle "$b" "$id"
		bad 1 "*connections go through the host's network, *" \
			nacre "${options[@]}" create --profile "$profile" --egress open --bundle "$b" "$id"
		good nacre "${options[@]}" create --profile "$profile" --egress 11.1.0.0/16:443 --bundle "$b" "$id"
		start
		is "$(says tls 11.1.1.1 443 a.example)" "tls a.example" "what was given, and tightened"
		kill_now
		delete
	done
}

test_without_the_relay_names_are_refused_and_its_end_is_the_container_s() {
	local pid
	with_names a.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	pid=$(relay)
	[[ -n $pid ]] || wrong "no relay"
	[[ $who == user ]] || has "$(cat "/proc/$pid/status")" $'Uid:\t65534\t65534' "its user"
	has "$(cat "/proc/$pid/status")" $'CapEff:\t0000000000000000' "its capabilities"
	has "$(cat "/proc/$pid/status")" $'Seccomp:\t2' "its filter"
	is "$(says tls a.example 443 a.example)" "tls a.example" "with it"
	kill -9 "$pid"
	wait_for eval '! kill -0 $pid 2>/dev/null'
	is "$(says tls 198.18.0.16 443 a.example)" ConnectionRefusedError "without it"
	kill_now
}

test_what_the_relay_refused_is_explained() {
	local said
	with_names a.example private.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	refused tls a.example 443 b.example
	refused tls c.example 443 c.example
	refused tls a.example 8443 a.example
	refused tls private.example 443 private.example
	is "$(says ask _https._tcp.a.example TXT)" 3 "what is no address"
	is "$(says ask 10.9.9.9 A)" 3 "an address in place of a name"
	said=$(nacre explain "$id")
	has_line "$said" "1 *connections to private.example:443 refused: its address is private,* (rule egress; a private address takes --egress private or NAME:PORT@CIDR)"
	! has_filter || has "$said" "connections to a.example:8443 refused" "another port"
	is "$(nacre explain --format json "$id" | jq -c .connectsTo)" '["a.example:443","private.example:443"]' "the rules that hold"
	! has_filter || has "$(nacre explain --format json "$id" | jq -r '.egress[]')" "a.example:8443" "what would allow it"
	has "$said" "connections to b.example:443 refused: the TLS handshake (SNI) asked for it" "another name by TLS"
	has "$said" "DNS queries for c.example refused: no egress rule allows this name" "a name"
	has_line "$said" "1 *DNS queries for _https._tcp.a.example refused: the question is not for an address, and the resolver answers no other (rule egress; no rule can allow it)"
	has_line "$said" "1 *DNS queries for 10.9.9.9 refused: no egress rule allows this name (rule egress; no rule can allow it)"
	lacks "$(nacre explain --format flags "$id")" 10.9.9.9
	kill_now
}

# The C library asks for them by itself, and nobody wants a rule for them.
test_names_with_a_search_domain_behind_them_are_told_apart() {
	local said
	with_names a.example
	printf 'nameserver 11.1.1.53\nsearch corp.test example\n' >"$b/resolv.conf"
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	start
	refused tls c.example 443 c.example
	for name in a.example.corp.test c.example.corp.test db db.corp.test d.example.other; do
		is "$(says ask "$name" A)" 3 "$name"
	done
	said=$(nacre explain "$id")
	for name in c.example.example c.example.corp.test; do
		has_line "$said" "[1-9] *DNS queries for $name refused: no egress rule allows this name (rule egress; c.example with a search domain appended)"
	done
	lacks "$said" a.example.corp.test
	is "$(nacre explain --format flags "$id")" \
		"--allow egress:c.example:443 --allow egress:db:443 --allow egress:db.corp.test:443 --allow egress:d.example.other:443"
	kill_now
}

test_the_audit_record_has_what_was_refused() {
	local lines=''
	with_names a.example
	rm -f "$T/audit"
	! has_filter || lines="11.1.1.1:443 2 egress egress:11.1.1.1:443"$'\n'
	good nacre create "${rules[@]}" --audit "$T/audit" --bundle "$b" "$id"
	start
	for try in 1 2; do
		refused tls a.example 443 b.example
		refused tls 11.1.1.1 443 a.example
	done
	kill_now
	is "$(grep -c '"event":"denied"' "$T/audit")" 0 "lines before the end"
	delete
	is "$(jq -r 'select(.event == "denied") | [.destination, .count, .rule, .allowedBy] | join(" ")' "$T/audit")" \
		"${lines}b.example:443 2 egress egress:b.example:443" "lines"
	is "$(jq -r .event "$T/audit" | tail -n 1)" delete "the last line"
}

# Beside the rules that hold, which come from the policy here.
test_what_explain_prints_allows_what_was_refused() {
	local policy='{"version": 1, "egress": {"default": {"agent": ["a.example"]}}}' also flags=() wanted
	needs_unshare || return
	with_names
	policy "$policy"
	echo 'nameserver 11.1.1.53' | tee "$b/resolv.conf" >"$T/etc/resolv.conf"
	good under_policy create --bundle "$b" "$id"
	start
	refused tls a.example 443 ''
	refused tls b.example 443 b.example
	wanted='egress:tcp:a.example:443 egress:b.example:443'
	is "$(nacre explain --format flags "$id")" "--allow ${wanted/ / --allow }"
	read -r -a flags <<<"$(nacre explain --format flags "$id")"
	also=$(nacre explain --format policy "$id" | jq --argjson p "$policy" '$p * .')
	kill_now
	delete
	for wanted in flags policy; do
		[[ $wanted == flags ]] || { policy "$also"; flags=(); }
		good under_policy create "${flags[@]}" --bundle "$b" "$id"
		start
		is "$(says tls a.example 443 '')" "tls -" "$wanted: without a name"
		is "$(says tls b.example 443 b.example)" "tls b.example" "$wanted: another name"
		is "$(jq -r '.nacre.egress | sort | join(" ")' "$ROOT/$id/config.json")" \
			"a.example:443 b.example:443 tcp:a.example:443" "$wanted: the rules"
		kill_now
		delete
	done
}

# The filter lets them pass, into a network that leads nowhere here.
test_addresses_are_reached_by_the_relay_where_there_is_no_filter() {
	local said options
	with_names 11.1.1.1:443,5432 10.9.9.0/24:80 11.1.1.254:443 169.254.0.0/16:80 0.0.0.0/0:8443 a.example
	without_filter
	good nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	start
	is "$(says tls 11.1.1.1 443 b.example)" "tls b.example" "an address"
	is "$(says echo 11.1.1.1 5432 3000000)" same "another port of it, and many bytes"
	is "$(says http 10.9.9.9 80 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')" "http x" "one of a network"
	is "$(says tls 11.1.1.1 8443 x)" "tls x" "one of all"
	is "$(says tls a.example 443 a.example)" "tls a.example" "a name beside"
	refused tls 11.1.1.2 443 x
	refused tls 11.1.1.1 80 x
	refused tls 10.9.9.9 443 x
	refused tls 11.1.1.254 443 x
	refused tls 169.254.169.254 80 x
	refused tls 127.0.0.1 8443 x
	refused tls 198.18.0.16 8443 x
	said=$(nacre explain "$id")
	has "$said" "connections to 11.1.1.254:443 refused" "the host itself"
	has_line "$said" "* connections to 169.254.169.254:80 refused: * (rule metadata; metadata)"
	has_line "$said" "* connections to 11.1.1.1:80 refused: * (rule egress; --allow egress:11.1.1.1:80)"
	good nacre explain --format json "$id"
	is "$(json '.portsTaken | join(" ")')" "udp:0.0.0.0:53 0.0.0.0:53 0.0.0.0:443 0.0.0.0:5432 0.0.0.0:80 127.0.0.1:80 0.0.0.0:8443 127.0.0.1:8443"
	kill_now
}

# A socket that is bound to an interface needs no route for what is on its link.
test_an_interface_that_comes_later_leads_nowhere_without_a_filter() {
	local options sent
	needs_root || return # who could bring one
	sent='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, 25, b"late")
try:
    s.sendto(b"x", (sys.argv[1], 9))
    print("sent")
except OSError as e:
    print(type(e).__name__)'
	with_names a.example
	without_filter
	good nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	start
	ip link add late netns "$(pid_of)" type veth peer name "l$calls" || wrong "no veth device"
	ip link set "l$calls" up
	nsenter --target "$(pid_of)" --net ip address add 11.2.2.2/24 dev late
	nsenter --target "$(pid_of)" --net ip link set late up
	for address in 11.2.2.1 9.9.9.9 11.2.2.255 224.0.0.1; do
		is "$(nacre exec "$id" /usr/bin/python3 -c "$sent" "$address")" PermissionError "$address"
	done
	is "$(says tls a.example 443 a.example)" "tls a.example" "the relay"
	kill_now
}

# Its sockets are made with the container.
test_rules_that_the_relay_holds_are_not_changed() {
	local options
	with_names a.example
	without_filter
	good nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	start
	for rule in none open 11.1.1.1:443; do
		bad 1 "*--egress: rules that the relay alone enforces, *: delete the container and create it with other rules" \
			nacre update --egress "$rule" "$id"
	done
	is "$(jq -r '.nacre.egress | join(" ")' "$ROOT/$id/config.json")" a.example:443 "the stored rules"
	is "$(says tls a.example 443 a.example)" "tls a.example" "those that hold"
	kill_now
}

test_it_ends_with_the_container_and_delete_leaves_none() {
	local pid
	with_names a.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	pid=$(relay)
	[[ -n $pid ]] || wrong "no relay"
	start
	kill_now
	wait_for eval '! kill -0 $pid 2>/dev/null'
	delete
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	pid=$(relay)
	kill -STOP "$pid"
	good nacre delete --force "$id"
	wait_for eval '! kill -0 $pid 2>/dev/null'
	true
}

test_it_has_a_cgroup_of_its_own() {
	local pid
	with_names a.example
	good nacre create "${rules[@]}" --bundle "$b" "$id"
	pid=$(relay)
	find_cgroup
	is "$(cgroup_of "$pid")" "$(cgroup_of "$(pid_of)"):egress" "beside the container's"
	is "$(<"$cg:egress/cgroup.procs")" "$pid" "what is in it"
	[[ ! -e $cg:egress/pids.max ]] || is "$(<"$cg:egress/pids.max")" 1 pids.max
	[[ ! -e $cg:egress/memory.max ]] || is "$(<"$cg:egress/memory.max")" $((256 << 20)) memory.max
	good nacre delete --force "$id"
	nothing_left
	bad 1 "*pid file*" nacre create "${rules[@]}" --bundle "$b" --pid-file "$T/none/pid" "$id"
	nothing_left
}

# Whoever is in it must not be killed.
test_a_cgroup_that_somebody_is_in_is_not_the_relay_s() {
	local other
	has_filter || { lacks_privilege "a cgroup beside the test's"; return; }
	with_names a.example
	cg=$cg_mount/nacre-$id:egress
	mkdir "$cg"
	in_background sleep 600
	other=$!
	echo "$other" >"$cg/cgroup.procs"
	bad 1 "*cgroup is not empty: 1 process(es) found in /nacre-$id:egress*" \
		nacre create "${rules[@]}" --bundle "$b" "$id"
	kill -0 "$other" || wrong "it was killed"
	end_background
	rmdir "$cg"
}

test_without_a_cgroup_it_stays_where_its_creator_is() {
	with_names a.example
	edit 'del(.linux.resources)'
	good nacre --cgroup-manager disabled create --profile oci "${rules[@]}" --bundle "$b" "$id"
	is "$(cgroup_of "$(relay)")" "$(cgroup_of self)" cgroup
	kill_now
}

all_tests "$@"
