#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	BUILD=build TREE=build/tools tests/tools/registries.t [REGEX]
#
# Tools that fetch, from Debian's packages (tree), under rules of egress with the name of their registry, which is
# one of our own, and no proxy variable. The same registry answers to every name and to none.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/internet.sh
. "$(dirname "$0")/../integration/internet.sh"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

file_needs=needs_both
profile=agent
script=$tests/tools/registries.sh
address=11.1.1.1       # of every name
synthetic=198.18.0.16  # what stands for the name of the one rule
pod=''

needs_both() {
	needs_tree && needs_internet
}

# make_key NAME...: $T/ca, to be trusted, and $T/key for these names and the addresses
make_key() {
	local names
	printf -v names 'DNS:%s,' "$@"
	{
		openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca.key" -out "$T/ca" -days 9 -subj /CN=ca
		openssl req -newkey rsa:2048 -nodes -keyout "$T/key" -out "$T/request" -subj /CN=x
		openssl x509 -req -in "$T/request" -CA "$T/ca" -CAkey "$T/ca.key" -days 9 -out "$T/cert" \
			-extfile <(echo "subjectAltName=${names}IP:$address,IP:$synthetic")
	} 2>/dev/null
	cat "$T/cert" >>"$T/key" || wrong "no certificate"
}

# made TOOL: sets served to a directory with what the tool itself has made
made() {
	local user=1000 writable=''
	tree_bundle
	served=$work/served
	mkdir "$served"
	chown 1000:1000 "$served"
	cp "$script" "$work"
	edit '.process.cwd = "/workspace/served"'
	program /bin/bash -eu /workspace/registries.sh make "$1"
	run_any
	works "$profile"
}

# make_registry TOOL: TOOL.example, and by other names
make_registry() {
	local name pairs=()
	made "$1"
	# Without rules what is to be refused leads there, too.
	make_internet 11.1.1.53 "$address" "$synthetic"
	make_key "$1.example" other.example sni.example
	for name in "$1" other sni; do
		pairs+=("$name.example=$address")
	done
	in_background nsenter --target "$internet" --net "$python" "$peer" names 11.1.1.53 "${pairs[@]}"
	wait_for grep -q ready "$background_out"
	in_background nsenter --target "$internet" --net "$python" "$tests/tools/registry.py" "$T/key" "$served"
	asked=$background_out
	wait_for grep -q ready "$asked"
	echo 'nameserver 11.1.1.53' >"$HOST_RESOLV"
}

# make_pod: sets pod, a process whose network has a way out, as engines make it
make_pod() {
	network_namespace pod
	ip link add to-internet netns "$pod" type veth peer name to-pod netns "$internet" || wrong "no veth device"
	in_internet ip address add 11.1.2.1/24 dev to-pod
	in_internet ip link set to-pod up
	nsenter --target "$pod" --net bash -euc 'ip link set lo up
		ip address add 11.1.2.2/24 dev to-internet
		ip link set to-internet up
		ip route add default via 11.1.2.1' || wrong "no network"
}

# fetches TOOL ADDRESS [OPTION...]: sets out to how the tool fares with each way to its registry, where sni.example
# is at ADDRESS; and seen to the names that the registry was asked for.
fetches() {
	local before tool=$1 hosts=("$1.example" other.example sni.example "$synthetic" "$address")
	tree_bundle
	cp "$script" "$work"
	mkdir "$b/certs"
	cp "$T/ca" "$b/certs/ca-certificates.crt"
	cp "$T/ca" "$b/certs/$(openssl x509 -hash -noout -in "$T/ca").0"
	printf '127.0.0.1 localhost\n%s sni.example\n' "$2" >"$b/hosts"
	echo 'nameserver 11.1.1.53' >"$b/resolv.conf"
	mount_on /etc/ssl/certs "$b/certs" bind bind ro
	mount_on /etc/hosts "$b/hosts" bind bind ro
	mount_on /etc/resolv.conf "$b/resolv.conf" bind bind ro
	[[ -z $pod ]] || edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$pod/ns/net"
	[[ -z $writable ]] || set -- "$@" --allow rootfs-write
	program /bin/bash -eu /workspace/registries.sh fetch "$tool" "${hosts[@]}"
	before=$(wc -l <"$asked")
	run --keep "${@:3}"
	seen=$(tail -n +$((before + 1)) "$asked" | sed 's/ .*//' | sort -u | paste -sd ' ')
	doing "what the tool said:" "$(tail -n 3 "$work"/*.log 2>/dev/null)"
	[[ -z $writable ]] || umount "$b/tree"
}

only_the_name_works() {
	is "$out" "$1.example works
other.example is refused
sni.example is refused
$synthetic is refused
$address is refused" "what $1 can do"
	is "$seen" "$1.example" "what the registry saw"
}

# explained TOOL: what would allow each way that was refused, and nothing that would not
explained() {
	local rule
	good nacre explain --format flags "$id"
	for rule in other.example:443 sni.example:443 "tcp:$1.example:443" "$address:443"; do
		has "$out " "--allow egress:$rule "
	done
	lacks "$out" _tcp
}

# from_registry TOOL: first what would be reached without rules
from_registry() {
	make_registry "$1"
	make_pod
	fetches "$1" "$address"
	is "$out" "$1.example works
other.example works
sni.example works
$synthetic works
$address works" "what $1 can do without rules"
	is "$seen" "$(printf '%s\n' - {"$1",other,sni}.example | sort | paste -sd ' ')" "what the registry saw"
	good nacre delete "$id"

	fetches "$1" "$synthetic" --egress "$1.example"
	only_the_name_works "$1"
	explained "$1"
	good nacre delete "$id"

	pod=''
	fetches "$1" "$synthetic" --egress "$1.example"
	only_the_name_works "$1"
}

test_curl() {
	from_registry curl
}

test_git() {
	from_registry git
}

test_pip() {
	from_registry pip
}

test_npm() {
	from_registry npm
}

test_go() {
	from_registry go
}

test_cargo() {
	from_registry cargo
}

test_apt() {
	local user=0 writable=1
	from_registry apt
}

all_tests "$@"
