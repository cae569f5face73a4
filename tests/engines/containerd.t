#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/containerd.sh
. "$(dirname "$0")/containerd.sh"
# shellcheck source=SCRIPTDIR/egress.sh
. "$(dirname "$0")/egress.sh"

# --- the life of a container ---

feature_run() {
	foreground -- sh -c 'echo out; id; hostname'
	foreground -- sh -c 'echo err >&2' 2>&1
}

feature_exit_codes() {
	for status in 0 1 126 127 137 143; do
		foreground -- sh -c "exit $status"
	done
}

feature_killed_by_itself() {
	detached one -- sleep 100
	c tasks exec --exec-id first one sh -c 'kill -9 $$'
	remove one
}

feature_stdin() {
	echo through | foreground -- head -n 1
}

feature_large_output() {
	foreground -- sh -c 'yes line | head -n 200000' | md5sum
}

feature_terminal() {
	client_on_terminal "run --rm $(flags) -t $image one sh -c 'tty; exit 4'"
}

feature_no_output() {
	foreground --null-io -- sh -c 'echo out; exit 5'
}

feature_detached() {
	detached one -- sh -c 'echo begun; echo wrong >&2; exit 42'
	wait_until 10 is_status one STOPPED
	sort /run/one.log
	ctr tasks list | awk '{print $1, $3}'
	ctr tasks delete one 2>&1 | grep -o 'non-zero exit code .*'
	remove one
}

feature_missing_program() {
	foreground -- /missing 2>&1 | grep -o 'status .*\|no such file or directory.*'
	foreground -- missing 2>&1 | grep -o 'status .*\|executable file not found in \$PATH.*'
	ls /run/containerd/io.containerd.runtime.v2.task/default
}

feature_not_executable() {
	foreground -- /etc/passwd 2>&1 | grep -o 'status .*\|permission denied.*'
	foreground -- /etc 2>&1 | grep -o 'status .*'
}

feature_start_again() {
	detached one -- sh -c 'echo x >>/tmp/count; wc -l </tmp/count'
	wait_until 10 is_status one STOPPED
	cat /run/one.log
	c tasks delete one
	c tasks start one
	remove one
}

feature_kill() {
	detached one -- sh -c 'trap "echo asked; exit 9" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.1; done'
	wait_until 10 has_logged one ready
	c tasks kill --signal SIGUSR1 one
	wait_until 10 has_logged one usr1
	c tasks kill one
	wait_until 10 is_status one STOPPED
	cat /run/one.log
	ctr tasks delete one 2>&1 | grep -o 'non-zero exit code .*'
	remove one
}

feature_kill_all() {
	detached one -- sh -c '(trap "" TERM; while :; do sleep 0.1; done) & echo ready; wait'
	wait_until 10 has_logged one ready
	c tasks kill --all --signal SIGKILL one
	wait_until 10 is_status one STOPPED
	c tasks kill one 2>&1 | grep -o 'not found\|status .*'
	remove one
}

feature_pause() {
	detached one -- sleep 100
	c tasks pause one
	status_of one
	c tasks exec --exec-id first one true 2>&1 | grep -o 'paused\|status .*'
	c tasks resume one
	status_of one
	c tasks exec --exec-id second one echo lives
	remove one
}

feature_delete() {
	detached one -- sleep 100
	c tasks delete one 2>&1 | grep -o 'status .*'
	status_of one
	c tasks delete --force one 2>/dev/null
	ctr tasks list --quiet
	remove one
}

feature_attach() {
	# shellcheck disable=SC2046 # words
	c run --detach $(flags) "$image" one sh -c 'read line; echo got $line; exit 4'
	echo word | c tasks attach one
	remove one
}

feature_events() {
	ctr events >/run/events &
	local listener=$!
	sleep 0.3
	foreground -- true
	wait_until 10 grep -q containers/delete /run/events
	kill "$listener"
	awk '{print $6}' /run/events | grep -v snapshot
}

feature_pid_file() {
	detached one --pid-file /run/one.pid -- sleep 100
	wait_until 10 grep -q ^sleep "/proc/$(</run/one.pid)/cmdline"
	tr '\0' ' ' <"/proc/$(</run/one.pid)/cmdline"
	remove one
}

feature_root_of_the_runtime() {
	detached one --runc-root /run/other -- sleep 100
	ls /run/other/default
	remove one
	ls /run/other/default
}

# --- exec ---

feature_exec() {
	detached one --env A=1 -- sleep 100
	c tasks exec --exec-id first one sh -c 'echo in $A; exit 5'
	c tasks exec --exec-id second --user 1000:1000 --cwd /tmp one sh -c 'id; pwd'
	echo through | c tasks exec --exec-id third one cat
	c tasks exec --exec-id fourth one /missing 2>&1 | grep -o 'no such file or directory\|status .*'
	remove one
}

feature_exec_detached() {
	detached one -- sleep 100
	c tasks exec --exec-id first --detach --log-uri file:///run/exec.log one sh -c 'echo later; sleep 100'
	wait_until 10 grep later /run/exec.log
	ctr tasks ps one | wc -l
	c tasks kill --exec-id first --signal SIGKILL one
	wait_until 10 eval '(($(ctr tasks ps one | wc -l) == 2))'
	c tasks delete --exec-id first one
	status_of one
	remove one
}

feature_exec_on_a_terminal() {
	detached one -- sleep 100
	client_on_terminal "tasks exec --exec-id first --tty one sh -c 'tty; exit 6'"
	remove one
}

feature_execs_at_once() {
	detached one -- sleep 100
	for i in {1..20}; do
		ctr tasks exec --exec-id "e$i" one true && echo ran &
	done | sort | uniq -c
	wait
	ctr tasks ps one | wc -l
	remove one
}

feature_list() {
	detached one -- sleep 100
	ctr tasks list | awk '{print $1, $3}'
	ctr tasks ps one | awk 'NR > 1 {print $1}' | xargs -I{} cat /proc/{}/comm
	remove one
}

feature_metrics() {
	detached one -- sleep 100
	c tasks metrics one | awk 'NR > 3 {print $1}'
	remove one
}

feature_labels() {
	detached one --label team=a -- sleep 100
	ctr containers label one room=b >/dev/null
	ctr containers info one | jq -c '.Labels | {team, room}'
	remove one
}

# --- what is in it ---

feature_environment() {
	echo 'C=3' >/tmp/env
	foreground --env A=1 --env B=2 --env-file /tmp/env --cwd /etc -- sh -c 'pwd; env | sort'
}

feature_mounts() {
	mkdir -p /tmp/volume
	echo data >/tmp/volume/file
	foreground --mount type=bind,src=/tmp/volume,dst=/v,options=rbind:ro -- sh -c 'cat /v/file; touch /v/new 2>&1'
	foreground --mount type=tmpfs,src=tmpfs,dst=/t,options=noexec:nosuid:size=1m -- \
		sh -c 'touch /t/file && grep " /t " /proc/mounts | grep -o "noexec\|nosuid\|size=[0-9]*k"'
	rm -r /tmp/volume
}

feature_writable_mount() {
	mkdir -p /tmp/volume
	foreground --mount type=bind,src=/tmp/volume,dst=/v,options=rbind:rw -- sh -c 'touch /v/new && ls /v'
	rm -r /tmp/volume
}

feature_engine_socket() {
	foreground --mount type=bind,src=/run/containerd/containerd.sock,dst=/s,options=rbind:ro -- ls /s 2>&1
}

feature_read_only() {
	foreground --read-only -- touch /root/file
}

feature_root_is_writable() {
	foreground -- sh -c 'touch /root/file && echo written'
}

feature_directory_as_root() {
	# shellcheck disable=SC2046 # words
	c run --rm $(flags) --rootfs /run/image one /bin/ls /
}

feature_program_as_logger() {
	cat >/usr/local/bin/logger-of-ours <<-'END'
		#!/bin/bash
		exec 5>&-
		{
			echo "$CONTAINER_NAMESPACE $CONTAINER_ID $*"
			sed -u 's/^/out: /' <&3 &
			sed -u 's/^/err: /' <&4
			wait
		} >/run/logged
	END
	chmod 755 /usr/local/bin/logger-of-ours
	rm -f /run/logged
	remove one 2>/dev/null
	# shellcheck disable=SC2046 # words
	c run --detach $(flags) --log-uri 'binary:///usr/local/bin/logger-of-ours?key=a%20value' "$image" one \
		sh -c 'echo first; echo second >&2'
	wait_until 10 grep -q first /run/logged
	wait_until 10 grep -q second /run/logged
	sort /run/logged
	remove one
}

# More than a page of options of mount(2) tells the paths of.
feature_many_layers() {
	local dir i layers=()
	dir=$(mktemp -d)
	for i in {1..80}; do
		mkdir "$dir/files"
		[[ $i != 1 ]] || cp -a /run/image/. "$dir/files"
		touch "$dir/files/layer-$i"
		tar -C "$dir/files" -cf "$dir/$i.tar" .
		rm -r "$dir/files"
		layers+=("$dir/$i.tar")
	done
	sha256sum "${layers[@]}" | jq -R '"sha256:" + .[:64]' | jq -s '{architecture: "amd64", os: "linux", config: {},
		rootfs: {type: "layers", diff_ids: .}}' >"$dir/config.json"
	jq -n '[{Config: "config.json", RepoTags: ["localhost/layers:1"], Layers: [range(1; 81) | "\(.).tar"]}]' \
		>"$dir/manifest.json"
	tar -C "$dir" -cf /run/layers.tar config.json manifest.json "${layers[@]##*/}"
	rm -r "$dir"
	ctr images import /run/layers.tar >/dev/null
	# shellcheck disable=SC2046 # words
	c run --rm $(flags) localhost/layers:1 one /bin/sh -c 'ls / | grep -c layer'
	ctr images remove --sync localhost/layers:1 >/dev/null
	rm /run/layers.tar
}

feature_no_pivot() {
	foreground --no-pivot -- ls /
}

feature_device() {
	foreground --device /dev/net/tun -- sh -c ': <>/dev/net/tun && echo opened'
}

feature_device_that_was_not_given() {
	foreground -- sh -c 'mknod /dev/other b 7 1 && dd if=/dev/other of=/dev/null count=1' 2>&1 |
		grep -o "Operation not permitted\|status .*"
}

# What the client has no option for, in a config of the user's own.
feature_config_of_the_user() {
	(cd /tmp && rm -f config.json && runc spec)
	jq '.root.path = "/run/image" | .hostname = "box" | .process.terminal = false |
		.process.args = ["sh", "-c", "hostname; ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_forward"] |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}] |
		.linux.sysctl["net.ipv4.ip_forward"] = "1" | .linux.cgroupsPath = "/default/one"' \
		/tmp/config.json >/tmp/own.json
	# shellcheck disable=SC2046 # words
	c run --rm $(flags) --config /tmp/own.json one
	rm /tmp/config.json /tmp/own.json
}

feature_limit() {
	(cd /tmp && rm -f config.json && runc spec)
	jq '.root.path = "/run/image" | .process.terminal = false | .process.args = ["sleep", "100"] |
		.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}] |
		.linux.cgroupsPath = "/default/one"' /tmp/config.json >/tmp/own.json
	# shellcheck disable=SC2046 # words
	c run --detach $(flags) --config /tmp/own.json one
	cat /sys/fs/cgroup/default/one/hugetlb.2MB.max
	remove one
	rm /tmp/config.json /tmp/own.json
}

feature_cgroup() {
	detached one --cgroup /some/where -- sleep 100
	wc -l </sys/fs/cgroup/some/where/cgroup.procs
	remove one
	ls -d /sys/fs/cgroup/some/where
}

# --- who it is ---

feature_ids_of_the_host() {
	foreground -- sh -c 'tr -s " " </proc/self/uid_map'
}

feature_capabilities() {
	foreground --cap-drop CAP_KILL -- grep CapPrm /proc/self/status
}

feature_added_capability() {
	foreground --cap-add CAP_NET_ADMIN -- grep CapEff /proc/self/status
}

feature_no_new_privileges() {
	foreground -- grep NoNewPrivs /proc/self/status
}

feature_new_privileges() {
	foreground --allow-new-privs -- grep NoNewPrivs /proc/self/status
}

feature_seccomp() {
	foreground --seccomp -- sh -c 'grep Seccomp: /proc/self/status; unshare -U true 2>&1; mkdir /tmp/x && echo made'
}

feature_seccomp_profile() {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' >/tmp/seccomp.json
	foreground --seccomp --seccomp-profile /tmp/seccomp.json -- mkdir /tmp/x
}

feature_no_seccomp() {
	foreground -- grep Seccomp: /proc/self/status
}

feature_rlimits() {
	foreground -- sh -c 'ulimit -n; ulimit -Hn'
}

# Where root itself lacks a capability (CAP_SYS_RESOURCE in a virtual machine of a CI), runc refuses and
# nacre leaves it out.
feature_privileged() {
	foreground --privileged -- mount -t tmpfs tmpfs /tmp 2>&1 |
		grep -v 'unable to apply caps\|level='
}

feature_annotations() {
	foreground --annotation run.nacre.profile=strict -- sh -c 'grep Cap[PE] /proc/self/status'
	foreground --annotation run.nacre.allow=rootfs-write -- true 2>&1 | grep -o 'annotation.*'
}

# --- namespaces and networks ---

feature_user_namespace() {
	foreground --uidmap 0:100000:65536 --gidmap 0:100000:65536 -- \
		sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /tmp/file && stat -c %u /tmp/file'
}

feature_network_of_its_own() {
	foreground -- sh -c 'ip -o link | grep -c .'
}

feature_network_host() {
	foreground --net-host -- sh -c 'ip -o link | grep -c .'
}

feature_network_by_path() {
	ip netns add made
	foreground --with-ns network:/run/netns/made -- sh -c 'ip -o link | grep -c .'
	ip netns delete made
}

feature_two_on_a_bridge() {
	local address

	# shellcheck disable=SC2046 # words
	ctr run --rm $(flags) --cni "$image" server \
		sh -c 'echo hello >/tmp/index.html; httpd -f -p 8080 -h /tmp' &
	wait_until 10 is_status server RUNNING
	address=$(ctr tasks exec --exec-id address server ip -o -4 addr show eth0 | grep -o '10\.[0-9.]*' | head -n 1)
	foreground --cni -- sh -c "for i in 1 2 3 4 5; do wget -qO- http://$address:8080/ && break; sleep 0.2; done"
	ctr tasks kill --signal SIGKILL server
	wait
}

# names_by_the_policy COMMAND...: whose rules are of the profile that is being tried; oci's refuse a default
# capability of containerd's
names_by_the_policy() {
	jq -n '["api.default.svc.cluster.test:80,443", "private"] as $r | {version: 1, egress:
		{resolvers: ["10.96.0.10"], default: {oci: $r, agent: $r, strict: $r}}}' >/etc/nacre/policy.json
	"$@"
	rm /etc/nacre/policy.json
}

# There is no resolv.conf but the host's, which names nobody there.
feature_names_in_a_joined_network() {
	ip netns add joined
	ip link add joined type veth peer name host netns joined
	ip address add 192.0.2.9/30 dev joined
	ip link set joined up
	ip -n joined address add 192.0.2.10/30 dev host
	ip -n joined link set lo up
	ip -n joined link set host up
	ip -n joined route add default via 192.0.2.9
	echo nameserver 10.96.0.30 >/etc/resolv.conf
	names_by_the_policy foreground --cap-drop CAP_NET_RAW --with-ns network:/run/netns/joined -- \
		/names {api,other}.default.svc.cluster.test
	ip netns delete joined
}

# The client brings the interface when the container is there.
feature_names_beside_a_later_network() {
	names_by_the_policy foreground --cap-drop CAP_NET_RAW --cni -- sleep 100 &
	wait_until 10 is_status one RUNNING
	nacre --root "$(state_of)" explain one | grep -o "names over the host's network"
	ctr tasks kill --signal SIGKILL one
	wait
}

feature_pid_of_a_container() {
	detached one -- sleep 12345
	# shellcheck disable=SC2046 # words
	c run --rm $(flags) --with-ns "pid:/proc/$(ctr tasks list | awk '$1 == "one" {print $2}')/ns/pid" \
		"$image" two sh -c 'ps | grep -c "[1]2345"'
	remove one
}

# --- checkpoint and restore ---

feature_checkpoint() {
	detached one -- sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	wait_until 10 has_logged one '^5$'
	rm -rf /run/checkpoint
	ctr images remove localhost/checkpoint:1 >/dev/null 2>&1
	c containers checkpoint --task --rw one localhost/checkpoint:1 >/dev/null
	status_of one
	c tasks checkpoint --exit --image-path /run/checkpoint one
	wait_until 10 is_status one STOPPED
	ls /run/checkpoint/pages-1.img
	remove one
	c containers restore --live --rw one localhost/checkpoint:1
	status_of one
	c tasks exec --exec-id first one echo lives
	remove one
	ctr images remove localhost/checkpoint:1 >/dev/null
}

# --- the engine itself ---

feature_engine_restart() {
	detached one -- sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until 10 has_logged one ready
	kill_containerd
	start_containerd
	status_of one
	c tasks exec --exec-id first one echo lives
	kill_containerd -KILL
	start_containerd
	status_of one
	c tasks kill one
	wait_until 10 is_status one STOPPED
	ctr tasks delete one 2>&1 | grep -o 'non-zero exit code .*'
	remove one
}

feature_ended_while_the_engine_was_away() {
	detached one -- sh -c 'echo ready; sleep 0.5; exit 7'
	wait_until 10 has_logged one ready
	kill_containerd -KILL
	sleep 1
	start_containerd
	# since 1.7 containerd removes it
	wait_until 10 has_ended one
	status_of one
	ctr tasks delete one 2>&1 | grep -o 'non-zero exit code .*'
	remove one
}

feature_shim_killed() {
	detached one -- sleep 100
	local shim
	shim=$(awk '/^PPid/ {print $2}' "/proc/$(ctr tasks list | awk '$1 == "one" {print $2}')/status")
	kill -KILL "$shim"
	wait_until 10 is_status one ''
	wait_until 10 has_no_state one
	find /sys/fs/cgroup/default -name one
	remove one
}

feature_twenty_at_once() {
	for i in {1..20}; do
		# shellcheck disable=SC2046 # words
		ctr run --rm $(flags) "$image" "c$i" echo ran &
	done | sort | uniq -c
	wait
}

feature_nothing_is_left() {
	find "$(state_of)" -mindepth 1
	ls /run/containerd/io.containerd.runtime.v2.task/default
	find /sys/fs/cgroup/default -mindepth 1 -type d
	pgrep -c containerd-shim
	grep -c overlayfs/snapshots /proc/mounts
}

# --- what the profiles of nacre make different ---

for profile in agent strict; do
	differs "$profile" network_host host-network 'rule host-network.*status 1'
	differs "$profile" engine_socket mount-sources 'rule mount-sources.*status 1'
	# what was written to /tmp was in memory
	differs "$profile" start_again read-only-root '^1.1$'
	differs "$profile" root_is_writable read-only-root 'Read-only file system'
	differs "$profile" new_privileges no-new-privileges 'NoNewPrivs:.1'
	differs "$profile" no_seccomp own-seccomp-filter 'Seccomp:.2'
	differs "$profile" privileged capability-ceiling 'are you root'
done
for profile in shifted strict; do
	differs "$profile" ids_of_the_host user-namespace '^ 0 2[0-9]{9} 65536$'
done
# only its own runtime follows an annotation of nacre's
prints annotations "$(printf '%s:\t0000000000000000\n' CapPrm CapEff)
annotation run.nacre.allow: rootfs-write: the grant is not listed in annotations.may_allow of /etc/nacre/policy.json, which does not exist"
differs strict checkpoint landlock 'criu knows nothing of Landlock'
differs agent capabilities capability-ceiling 'CapPrm:.00000000000005db'
differs agent added_capability capability-ceiling 'CapEff:.00000000000005fb'
differs strict capabilities capability-ceiling 'CapPrm:.0000000000000000'
differs strict added_capability capability-ceiling 'CapEff:.0000000000000000'
differs strict writable_mount writable-binds 'Read-only file system'
differs strict two_on_a_bridge egress "can't connect.*Operation not permitted"
differs strict device devices "can't create /dev/net/tun.*status 1"

prints names_in_a_joined_network "$(reached {api,other}.default.svc.cluster.test)"
prints names_beside_a_later_network "names over the host's network"$'\nstatus 137'
needs_criu checkpoint
configure_cni
mkdir -p /usr/local/libexec /etc/nacre
ln -s /nacre/build /usr/local/libexec/nacre
connect_servers
echo 1 >/proc/sys/net/ipv4/ip_forward
make_rootfs /run/image
cp /nacre/suite/names /run/image
start_containerd
add_image "$image" '{"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}'
# shim.t does the same with nacre's own shim, in place of containerd's and nacre.
if [[ $suite == shim ]]; then
	use_shim
	unset -f feature_root_of_the_runtime # ctr tells it to runc's shim alone
	[[ -z ${COUNT:-} ]] || seconds=3600
	prints exec_tree 'begun RUNNING'
	prints end_of_execs $'second\none'
	prints call_with_a_limit 'code 4 in time'
	prints cgroup_of_systemd "systemd is not this host's init"
	prints update $'code 0\ncode 2\ncode 2'
	prints exec_that_fails $'exec 0\nwait 0 start 2\nkill 5\nRUNNING'
	prints exec_that_is_only_created $'exec 0\ndelete 0\nexec 0\nstart 0\nexec 0\nstart 0\nRUNNING'
	prints start_while_deleted $'exec 0\ndelete 0 again 5 start 9\nwait 5'
	prints loggers_that_are_stuck $'status 6\n65536'
	prints logger_program_that_ends $'status 7\nfirst'
	prints logger_program_on_a_terminal $'wait 0 delete 0\n65536'
	prints memory_of_execs $'codes {0} fds 0 is flat'
	prints hostile_fifos "$(printf '%s\n' 'nobody (0, 0, 0)' 'full (0, 0, 0) (0, 0, 0)' 'gone (0, 0, 0)' "replaced b'through' 0 0 0" \
		{symlink,nothing,directory,device,socket}' (2, 0)' 'untouched True state 0')"
	prints reader_that_comes_late "start True wait 0 b'through\\n' delete 0"
	prints checkpoint_that_fails $'relative 3 options 3\ncreate 0 made False start 2 delete 0 shutdown 0'
	prints many_waits $'start 0\nis flat\nrefused 8 8 8 8\nkill 0\nanswered 4096 {0}'
	prints root_of_mapped_ids "$(printf '%s\n' "overlay (0, 0, 0, 0, ['0:0', '5:6'], False, False)" \
		"layers (0, 0, 0, 0, ['0:0', '0:0'], False, False)" \
		"directory (0, 0, 0, 0, ['0:0', '5:6'], False, False)" \
		{missing,apart}' (2, [], False, False)')"
	prints terminal_read_late $'start 0 wait 0\nread 8000 delete 0 5'
	prints terminal_with_large_output "$(yes $'start 0\nwait 0 delete 0 whole' | head -n 10)"
	prints exec_deleted_with_its_container $'start 0 wait 0\nkill 0 wait 0\ndelete 0 0\nshutdown 0'
	prints end_while_an_exec_is_deleted $'start 0 wait 0\nkill 0\ndelete 0 wait 0 again 0'
	prints end_before_an_exec_fails 'start 2 wait 0 delete 0'
	prints large_config 'exit 1 containerd-shim-nacre-v2: config.json: expected a file of less than 16777216 bytes'
	prints input_closed_before_the_start $'close 0 start 0\nwait 0'
	prints usage_of_the_whole_container $'start 0 wait 0\nused True still True'
	prints cgroup_of_the_shim "$(printf '%s\n' '/shims/none create 3 inside delete 5 shutdown 0' \
		'shims create 3 inside delete 5 shutdown 0' \
		'/shims create 0 inside containerd-shim delete 0 shutdown 0')"
	prints create_without_client "$(printf '%s\n' 'later pids 5' 'pids 5 shutdown 0' 'meanwhile pids 5' \
		'shutdown 0' 'cgroup False files address config.json init.pid nacre-root')"
fi
run_suite "$@"
