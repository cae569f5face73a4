#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
#
#	podman.t [--rootless] [FEATURE...]
#
# podman as root, or as a user. Debian's crun cannot run where root lacks CAP_SYS_RESOURCE, so the peer
# is runc.
engine=podman
# shellcheck disable=SC2034 # for command_line.sh
socket=${XDG_RUNTIME_DIR:-/run}/podman/podman.sock
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/command_line.sh
. "$(dirname "$0")/command_line.sh"
# shellcheck source=SCRIPTDIR/egress.sh
. "$(dirname "$0")/egress.sh"

words() {
	echo "podman --runtime $(runtime_name) $1"
}

remove() {
	podman rm --force --time 0 --volumes "$@" >/dev/null
}

# podman loses the output of one in some hundreds, whatever the runtime: its attach comes too late. What
# conmon has read is in the log.
drun() {
	local status
	$(words run) --name foreground "$@" | tee /tmp/printed
	status=${PIPESTATUS[0]}
	[[ -s /tmp/printed ]] || podman logs foreground 2>/dev/null
	((status == 0)) || echo "status $status"
	remove foreground 2>/dev/null
}

configure() {
	mkdir -p /etc/nacre
	install_podman
	echo '{"version": 1, "annotations": {"may_allow": ["rootfs-write"]}}' >/etc/nacre/policy.json
}

# What an administrator and the login of a user do, systemd's part being a cgroup and a directory in /run.
become_user() {
	local cgroup=/sys/fs/cgroup/user

	useradd --uid 1000 --create-home user
	# Without root strict cannot hold what a network leads to, nor then join podman's.
	jq '. + input' /nacre/contrib/engines/policy.json /etc/nacre/policy.json >/run/policy.json
	mv /run/policy.json /etc/nacre/policy.json
	connect_servers
	mkdir -p /usr/local/libexec
	ln -s /nacre/build /usr/local/libexec/nacre
	make_rootfs /run/image
	cp /nacre/suite/names /run/image
	make_python_rootfs /run/python
	mknod -m 666 /run/tun c 10 200
	mount --bind /run/tun /dev/net/tun
	mount -t tmpfs -o mode=0700,uid=1000,gid=1000 tmpfs /home/user
	mkdir -p "$cgroup/init" /run/user/1000
	chown 1000:1000 /run/user/1000 "$cgroup"{,/init}{,/cgroup.procs,/cgroup.subtree_control}
	echo 0 >"$cgroup/init/cgroup.procs"
	cd /home/user || exit
	exec setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/user \
		XDG_RUNTIME_DIR=/run/user/1000 bash "$0" "$@"
}

serve() {
	mkdir -p "${socket%/*}"
	podman system service --time 0 "unix://$socket" >"${socket%/*}/log" 2>&1 </dev/null &
}

# There is no systemd whose timers would do it.
feature_health_check() {
	detached one --health-cmd 'test -e /tmp/ok' --health-interval disable --health-retries 1 busybox:1 sleep 100
	d healthcheck run one
	field one '{{.State.Health.Status}}'
	podman exec one touch /tmp/ok
	d healthcheck run one
	field one '{{.State.Health.Status}}'
	remove one
}

# --- pods ---

# Without systemd podman denies every device to the cgroup of a pod, and runc must open /dev/null: a pod
# without a cgroup of its own.
make_pod() {
	$(words pod) create --name pod --share-parent=false "$@" >/dev/null
}

feature_pod() {
	make_pod
	detached server --pod pod busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -p 8080 -h /tmp; sleep 100'
	drun --pod pod busybox:1 sh -c 'for i in 1 2 3 4 5; do wget -qO- http://127.0.0.1:8080/ && break; sleep 0.2; done; hostname'
	podman pod inspect pod --format '{{.State}} {{.NumContainers}}'
	d pod stop --time 0 pod >/dev/null
	podman pod inspect pod --format '{{.State}}'
	d pod rm --force pod >/dev/null
}

feature_pod_of_shared_namespaces() {
	make_pod --share net,uts,ipc,pid
	detached one --pod pod busybox:1 sleep 12345
	drun --pod pod busybox:1 sh -c 'ps | grep -c "[1]2345"; hostname'
	d pod rm --force --time 0 pod >/dev/null
}

# Its pod has a cgroup always, see make_pod.
feature_kube() {
	cat >/tmp/pod.yaml <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata:
		  name: agent
		spec:
		  restartPolicy: Never
		  containers:
		  - name: main
		    image: localhost/busybox:1
		    command: [sh, -c, "id; touch /workspace/file && ls /workspace; exit 3"]
		    securityContext:
		      runAsUser: 1000
		      allowPrivilegeEscalation: false
		      readOnlyRootFilesystem: true
		      capabilities: {drop: [ALL]}
		    volumeMounts: [{name: work, mountPath: /workspace}]
		  volumes:
		  - name: work
		    emptyDir: {}
	YAML
	$(words play) kube /tmp/pod.yaml >/dev/null
	podman wait agent-main
	podman logs agent-main
	podman generate kube agent 2>/dev/null | grep -c 'readOnlyRootFilesystem: true'
	$(words play) kube --down /tmp/pod.yaml >/dev/null
}

feature_generate_systemd() {
	detached one busybox:1 sleep 100
	podman generate systemd --new one | grep -o 'sdnotify=[a-z]*\|cgroups=[a-z-]*\|--runtime '
	remove one
}

# --- what podman gives to the runtime ---

# A system that begins as systemd does: its cgroup is its own, and it gets a SIGRTMIN+3 to stop.
feature_system_container() {
	detached one --systemd always busybox:1 sh -c 'trap "echo asked; exit" 37 TERM; echo $container; mkdir /sys/fs/cgroup/mine 2>/dev/null && echo made || echo refused; touch /run/file && echo written; while :; do sleep 0.1; done'
	wait_until 10 has_logged one written
	podman stop --time 5 one
	podman logs one 2>&1
	remove one
}

feature_low_port_by_a_sysctl() {
	drun --sysctl net.ipv4.ip_unprivileged_port_start=0 busybox:1 sh -c 'httpd -p 80 && echo bound'
}

# The same for every container of the administrator's, or the user's
feature_low_port_by_containers_conf() {
	local conf=/etc/containers/containers.conf.d/99-ports.conf
	((EUID == 0)) || conf=$HOME/.config/containers/containers.conf.d/99-ports.conf
	mkdir -p "${conf%/*}"
	printf '[containers]\ndefault_sysctls = ["net.ipv4.ip_unprivileged_port_start=0"]\n' >"$conf"
	drun busybox:1 sh -c 'httpd -p 80 && echo bound'
	drun --network none busybox:1 sh -c 'httpd -p 80 && echo bound'
	rm "$conf"
}

# notified MODE: what the caller of podman hears
notified() {
	cat >/tmp/notify.py <<-'PYTHON'
		import os, socket, subprocess, sys
		receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		receiver.bind("/tmp/notify.sock")
		receiver.settimeout(20)
		subprocess.run(sys.argv[1:], env={**os.environ, "NOTIFY_SOCKET": "/tmp/notify.sock"},
		    stdout=subprocess.DEVNULL)
		said = set()
		while "READY=1" not in said:
		    said.update(receiver.recv(4096).decode().split("\n"))
		print(sorted(word.split("=")[0] for word in said if word))
	PYTHON
	python3 /tmp/notify.py $(words run) --detach --name one --sdnotify "$1" busybox:1 sleep 100
	rm /tmp/notify.sock
	remove one
}

feature_ready_by_conmon() {
	notified conmon
}

feature_passed_descriptors() {
	echo passed >/tmp/passed
	drun --preserve-fds 1 busybox:1 cat /proc/self/fd/3 3</tmp/passed
	rm /tmp/passed
}

# podman trusts crun with it, not runc.
feature_no_cgroup() {
	drun --cgroups disabled busybox:1 echo ran
}

feature_user_namespace() {
	local first=100000
	((EUID == 0)) || first=1
	drun --uidmap "0:$first:60000" --gidmap "0:$first:60000" busybox:1 sh -c 'cat /proc/self/uid_map; id; touch /tmp/file && stat -c %u /tmp/file'
}

feature_chosen_umask_and_timezone() {
	drun --umask 0077 --tz UTC busybox:1 sh -c 'umask; touch /tmp/file; stat -c %a /tmp/file'
}

feature_secret() {
	printf hidden | podman secret create word - >/dev/null
	drun --secret word busybox:1 cat /run/secrets/word
	drun --secret word,type=env,target=WORD busybox:1 sh -c 'echo $WORD'
	podman secret rm word >/dev/null
}

feature_image_volume() {
	drun --mount type=image,src=busybox:1,dst=/other busybox:1 ls /other
}

feature_overlay_volume() {
	mkdir -p /tmp/lower
	drun -v /tmp/lower:/v:O busybox:1 sh -c 'touch /v/file && ls /v'
	ls /tmp/lower
	rm -r /tmp/lower
}

feature_masked_and_unmasked() {
	drun --security-opt mask=/etc/group --security-opt unmask=/proc/kcore busybox:1 wc -c /etc/group
}

feature_mounted_from_outside() {
	detached one --read-only busybox:1 sleep 100
	podman mount one | grep -c .
	podman unmount one >/dev/null
	remove one
}

feature_exported_image() {
	detached one busybox:1 sleep 100
	podman export one | tar -t | grep -c busybox
	remove one
}

feature_killed_by_timeout() {
	drun --timeout 1 busybox:1 sleep 100
}

feature_restart_of_all() {
	detached one busybox:1 sleep 100
	podman restart --time 0 --all >/dev/null
	d exec one echo lives
	remove one
}

feature_hooks_of_the_administrator() {
	mkdir -p /tmp/hooks
	printf '#!/bin/sh\ncat >/tmp/hooks/state\n' >/tmp/hooks/hook
	chmod +x /tmp/hooks/hook
	jq -n '{version: "1.0.0", hook: {path: "/tmp/hooks/hook"}, when: {always: true}, stages: ["prestart", "poststop"]}' \
		>/tmp/hooks/hook.json
	podman --hooks-dir /tmp/hooks --runtime "$(runtime_name)" run --rm --network none busybox:1 echo ran
	jq -r .status /tmp/hooks/state
	rm -r /tmp/hooks
}

feature_granted_by_a_flag() {
	with_status podman --runtime "$(runtime_name)" --runtime-flag allow=rootfs-write run --rm busybox:1 sh -c 'touch /root/file && echo written'
}

feature_granted_by_an_annotation() {
	drun --annotation run.nacre.allow=rootfs-write busybox:1 sh -c 'touch /root/file && echo written'
}

feature_checkpoint() {
	local number
	detached one busybox:1 sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	wait_until 10 has_logged one '^5$'
	d container checkpoint one >/dev/null
	field one '{{.State.Status}} {{.State.Checkpointed}}'
	number=$(podman logs one | tail -n 1)
	d container restore one >/dev/null
	wait_until 20 has_logged one "^$((number + 5))$"
	podman logs one | grep -c '^1$'
	remove one
}

# --- rules of egress without root, which hold in a network that leads nowhere alone ---

# under_rules ARGUMENT...: of run
under_rules() {
	local rules=('api.default.svc.cluster.test:80,443' 10.96.0.30:80 private)
	with_status podman --runtime "$(runtime_name)" "${rules[@]/#/--runtime-flag=egress=}" run --rm "$@"
}

# in_a_network NAME: what is said, and that the network works for who has no rules
in_a_network() {
	under_rules --network "$1" busybox:1 echo ran 2>&1 |
		grep -o 'ran\|egress rules cannot be enforced here\|--network none\|status .*'
	drun --network "$1" busybox:1 wget -qO- http://10.96.0.20/
}

feature_rules_with_slirp4netns() {
	in_a_network slirp4netns
}

feature_rules_with_pasta() {
	in_a_network pasta
}

# podman brings the network of a container with a user namespace of its own once that is made.
feature_rules_before_the_network() {
	under_rules --userns keep-id busybox:1 echo ran 2>&1 |
		grep -o 'ran\|route.*: Permission denied\|status .*' | sed 's/route[^:]*/route/'
	under_rules --userns keep-id --network none busybox:1 wget -qO- http://10.96.0.30/
}

feature_rules_without_a_network() {
	under_rules --network none busybox:1 /names {api,other}.default.svc.cluster.test
	under_rules --network none busybox:1 wget -qO- http://10.96.0.30/
}

feature_explained() {
	detached one busybox:1 sleep 100
	nacre explain "$(field one '{{.Id}}')" | grep -o '^container [0-9a-f]*'
	remove one
}

feature_nothing_is_left() {
	find /run/runc /run/nacre /run/crun -mindepth 1 -maxdepth 1 2>/dev/null | grep -E '/[0-9a-f]{64}$'
	find /sys/fs/cgroup -name 'libpod-*'
	grep -c '/overlay/[^ ]*/merged' /proc/mounts
	ip -o link | grep -c veth
}

for feature in rules_with_slirp4netns rules_with_pasta; do
	prints "$feature" $'egress rules cannot be enforced here\n--network none\nstatus 126\nhello'
	differs strict "$feature" landlock $'--network none\nstatus 126\n.*Permission denied'
done
prints rules_before_the_network $'route: Permission denied\nstatus 126\nhello'
prints rules_without_a_network "$(reached {api,other}.default.svc.cluster.test | sed 's/Operation not permitted/Permission denied/')"$'\nhello'
needs_criu checkpoint
differs strict checkpoint landlock 'criu knows nothing of Landlock'
prints explained 'container ID'
prints granted_by_a_flag written
prints no_cgroup ran
prints kube $'3\nuid=1000(user) gid=1000(user) groups=1000(user)\nfile\n1'
for profile in agent strict; do
	differs "$profile" system_container kernel-mounts 'refused.*written.*asked'
	differs "$profile" copy read-only-root 'read-only file system'
	differs "$profile" build read-only-root 'Read-only file system|mount-sources'
done
# The podman of a user binds nodes and, for the host's pids, its /proc.
if ((EUID)); then
	for profile in agent strict; do
		differs "$profile" device mount-flags "can't create /dev/other: Permission denied"
		differs "$profile" pid_of_the_host mount-sources "mount-sources: mounts.*/proc is the host's"
	done
	differs strict privileged writable-binds 'device /dev/null: .*Read-only file system'
	differs strict user_namespace egress 'route.*: Permission denied'
	# buildah of Debian 13 brings its network as late, and fails before the file is written.
	differs strict build read-only-root 'Read-only file system|mount-sources|route.*: Permission denied'
	differs strict network_of_a_container landlock "can't connect.*Permission denied"
	differs strict pod landlock "can't connect.*Permission denied"
fi
# The network namespace is podman's, and so the right to its ports below 1024, which Docker gives to all by a sysctl.
differs shifted two_on_a_bridge user-namespace "can't connect.*Connection refused"
differs agent no_cgroup resources 'pids.limit needs a cgroup'
differs strict no_cgroup resources 'pids.limit needs a cgroup'
differs strict overlay_volume writable-binds 'touch: /v/file: Read-only'
differs strict kube writable-binds 'touch: /workspace/file: Read-only'

if ((EUID == 0)); then
	configure
	[[ ${1:-} != --rootless ]] || become_user "${@:2}"
fi
serve
make_image
make_python_image
# podman refuses both to users: one wants /dev/mqueue, which not every host has, the other "podman unshare".
((EUID == 0)) || unset -f feature_ipc_of_the_host feature_mounted_from_outside feature_checkpoint
# Rules hold for root in every network.
((EUID)) || unset -f $(declare -F | grep -o 'feature_rules_.*')
[[ $(podman --version) != *' 4.3.'* ]] || unset -f feature_rules_with_pasta
run_suite "$@"
