#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
#
#	egress.t docker|podman [FEATURE...]
#
# Rules of egress below the engine, in networks that it makes: each way out of tests/ways, names, host
# and joined networks, ports that are published.
engine=$1
shift
# shellcheck disable=SC2034 # for command_line.sh
socket=''
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$(dirname "$0")/command_line.sh"
# shellcheck source=SCRIPTDIR/egress.sh
. "$(dirname "$0")/egress.sh"
# Nothing of command_line.sh but its words for the engine.
unset -f $(declare -F | sed -n 's/^declare -f \(feature_.*\)/\1/p')

# What a runtime is given, by the name of the set
options() {
	# shellcheck disable=SC2086 # words
	case $1 in
	ways) printf 'egress=%s\n' $ways_rules ;;
	names) printf 'egress=%s\n' service:80,443 private ;;
	cluster) printf 'egress=%s\n' api.default.svc.cluster.test:80,443 private ;;
	published) printf 'egress=%s\n' service:80,443 private && echo allow=listen ;;
	host-names) printf 'egress=%s\n' service:443 && echo allow=host-network ;;
	host) printf 'egress=%s\n' 10.1.2.3:443 && echo allow=host-network ;;
	esac
}
sets=(ways names cluster published host-names host)

# set: which of them the runtime gets, if any. Under oci rules are refused beside CAP_NET_RAW, which is
# among Docker's defaults.
words() {
	case $engine in
	docker) echo "docker $1 --runtime $(runtime_name)${set:+-$set} --cap-drop NET_RAW" ;;
	podman) echo "podman --runtime $(runtime_name) $([[ -z $set ]] || options "$set" | sed 's/^/--runtime-flag /') $1" ;;
	esac
}

remove() {
	case $engine in
	docker) docker rm --force --volumes "$@" ;;
	podman) podman rm --force --time 0 --volumes "$@" ;;
	esac >/dev/null
}

# Of oci the rules are the only wall.
ways_mode() {
	[[ $(runtime_name) == nacre-oci ]] && echo rules || echo whole
}

feature_ways_without_rules() {
	local mode=open
	[[ $(runtime_name) != nacre ]] || mode=metadata
	set='' drun --network both busybox:1 /ways "$mode" | many
}

feature_ways() {
	set=ways drun --network both busybox:1 /ways "$(ways_mode)"
}

feature_ways_by_exec() {
	set=ways detached one --network both busybox:1 sleep 100
	d exec one /ways "$(ways_mode)"
	remove one
}

feature_ways_in_the_network_of_a_container() {
	set='' detached one --network both busybox:1 sleep 100
	set=ways drun --network container:one busybox:1 /ways "$(ways_mode)"
	remove one
}

feature_ways_by_an_annotation() {
	set='' drun --annotation "run.nacre.egress=$ways_rules" --network both busybox:1 /ways "$(ways_mode)"
}

feature_ways_by_the_policy() {
	jq -n --arg rules "$ways_rules" '($rules / " ") as $r
		| {version: 1, egress: {default: {oci: $r, agent: $r, strict: $r}}}' >/etc/nacre/policy.json
	set='' drun --network both busybox:1 /ways "$(ways_mode)"
	rm /etc/nacre/policy.json
}

explain_one() {
	nacre $([[ $engine != docker ]] || echo --root /run/docker/runtime-runc/moby) explain "$(field one '{{.Id}}')"
}

feature_ways_explained() {
	set=ways detached one --network both busybox:1 sleep 100
	"$engine" exec one /ways "$(ways_mode)" >/dev/null
	explain_one | grep -o 'connections to 9.9.9.9:853 refused, last by ways'
	remove one
}

feature_way_of_names_explained() {
	local network
	for network in both none; do
		set=cluster detached one --network "$network" busybox:1 sleep 100
		explain_one | grep -A 1 'MAY CONNECT TO' | tail -n 1
		remove one
	done
}

feature_host_network() {
	set=host drun --network host busybox:1 /ways tcp 10.1.2.3 443 80
}

feature_host_network_and_names() {
	set=host-names drun --network host busybox:1 true 2>&1 |
		grep -o 'a rule with a name needs a network namespace of the container.s own\|status 12[56]' | sed 's/12[56]/of a refusal/'
}

# As of compose: by Docker's own resolver, or podman's, which is in its bridge's address
feature_service_by_its_name() {
	set='' runtime=runc detached service --network both busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -f -p 80 -h /tmp'
	set='' runtime=runc detached other --network both busybox:1 sh -c 'echo other >/tmp/index.html; httpd -f -p 80 -h /tmp'
	set=names drun --network both busybox:1 sh -c 'wget -qO- http://service/; wget -O- http://other/ 2>&1'
	set=names drun --network both busybox:1 wget -O- "http://$(field other '{{.NetworkSettings.Networks.both.IPAddress}}')/" 2>&1 |
		grep -o 'Operation not permitted'
	remove service other
}

feature_names_of_given_servers() {
	set=cluster drun --network both --dns 10.96.0.10 --dns-option ndots:5 \
		--dns-search default.svc.cluster.test --dns-search cluster.test \
		busybox:1 /names {api,other}.default.svc.cluster.test api api.default.svc
}

# As of Kubernetes: podman gives the pod's annotations to each of its containers.
feature_names_of_a_pod() {
	cat >/tmp/pod.yaml <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata:
		  name: agent
		  annotations:
		    run.nacre.egress: "api.default.svc.cluster.test:80 private"
		spec:
		  restartPolicy: Never
		  dnsConfig:
		    nameservers: [10.96.0.10]
		    searches: [default.svc.cluster.test, svc.cluster.test]
		    options: [{name: ndots, value: "5"}]
		  containers:
		  - name: main
		    image: localhost/busybox:1
		    command: [sh, -c, "for name in api api.default other; do wget -qO- http://$name/ 2>&1; done"]
	YAML
	$(words play) kube --network both /tmp/pod.yaml >/dev/null
	podman wait agent-main
	podman logs agent-main
	$(words play) kube --down /tmp/pod.yaml >/dev/null
}

# --egress gives names over the host's network; who starts the container takes them back.
feature_names_without_a_network() {
	set=cluster drun --network none busybox:1 /names {api,other}.default.svc.cluster.test
}

feature_no_names_without_a_network() {
	set=cluster drun --network none --annotation run.nacre.egress=none busybox:1 \
		wget -qO- http://api.default.svc.cluster.test/ 2>&1
}

# The relay takes no port of the program's.
feature_published_port_beside_names() {
	set=published detached one --network both --sysctl net.ipv4.ip_unprivileged_port_start=0 \
		-p 127.0.0.1:8099:443 busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -f -p 0.0.0.0:443 -h /tmp'
	wait_until 3 timeout 1 busybox wget -qO /tmp/page http://127.0.0.1:8099/
	cat /tmp/page
	rm -f /tmp/page
	remove one
}

feature_nothing_is_left() {
	pgrep -c nacre
	find /run/runc /run/nacre /run/docker/runtime-* -mindepth 1 -maxdepth 2 -type d 2>/dev/null | grep -E '/[0-9a-f]{64}$'
}

differs strict ways_without_rules egress '^TCP, allowed: Operation not permitted'
differs strict ways_by_an_annotation egress 'allows more than the rules in force'
for feature in ways ways_by_exec ways_in_the_network_of_a_container ways_by_an_annotation ways_by_the_policy; do
	prints "$feature" '19 reached'
done
prints ways_explained 'connections to 9.9.9.9:853 refused, last by ways'
prints way_of_names_explained 'api.default.svc.cluster.test:80,443 private
api.default.svc.cluster.test:80,443 private (names over the host'\''s network)'
prints host_network $'10.1.2.3 port 443: reached\n10.1.2.3 port 80: Operation not permitted'
prints host_network_and_names $'a rule with a name needs a network namespace of the container\'s own\nstatus of a refusal'
prints service_by_its_name $'hello\nwget: bad address \'other\'\nstatus 1\nOperation not permitted'
prints names_of_a_pod $'1\nhello\nhello\nwget: bad address \'other\''
differs strict names_of_a_pod egress 'allows more than the rules in force'
prints names_without_a_network "$(reached {api,other}.default.svc.cluster.test)"
prints no_names_without_a_network $'wget: bad address \'api.default.svc.cluster.test\'\nstatus 1'
prints names_of_given_servers "$(reached {api,other}.default.svc.cluster.test api api.default.svc)"
prints published_port_beside_names hello
[[ $engine == podman ]] || unset -f feature_ways_by_an_annotation feature_names_of_a_pod feature_no_names_without_a_network

configure_docker() {
	local name set arguments all='{"nacre-shifted": {"path": "/usr/local/bin/nacre-shifted"}}'
	for name in nacre nacre-oci nacre-shifted nacre-strict; do
		for set in "${sets[@]}"; do
			arguments=$(options "$set" | jq -R '"--\(.)"' | jq -s .)
			all=$(jq --arg name "$name-$set" --arg path "/usr/local/bin/$name" --argjson arguments "$arguments" \
				'.[$name] = {$path, runtimeArgs: $arguments}' <<<"$all")
		done
	done
	mkdir -p /etc/docker
	jq '{"storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"], "default-cgroupns-mode": "private",
		runtimes: .}' <<<"$all" >/etc/docker/daemon.json
	/nacre/contrib/install-engine docker >/dev/null
	dockerd >/run/dockerd.log 2>&1 </dev/null &
	wait_until 30 docker version || { say "$(tail -n 5 /run/dockerd.log)"; exit 1; }
}

configure_podman() {
	install_podman
	# When it makes a container the resolv.conf of podman 5 is empty yet.
	if [[ $(podman --version) == *' 5.'* ]]; then
		echo '{"version": 1, "egress": {"resolvers": ["10.77.0.1"]}}' >/etc/nacre/policy.json
		unset -f feature_names_of_given_servers
	fi
}

set=''
mkdir -p /etc/nacre /usr/local/libexec
ln -s /nacre/build /usr/local/libexec/nacre
"configure_$engine"
make_rootfs /run/image
cp /nacre/build/tests/ways /nacre/suite/names /run/image
make_image
connect_world 10.77.0.0/16 fd88::/64
connect_servers
"$engine" network create --ipv6 --subnet 10.77.0.0/16 --subnet fd88::/64 both >/dev/null
run_suite "$@"
