# shellcheck shell=bash disable=SC2317
# shellcheck disable=SC2016 # what is in single quotes is for the container's shell
# shellcheck disable=SC2046 # of words
# shellcheck disable=SC2154 # engine and socket are the suite's
# SPDX-License-Identifier: Apache-2.0
#
# What users of Docker do; podman has the same command line. The suite says in words what stands
# before the arguments of run and build, in remove how a container is ended, and where the engine's
# socket is.

make_image() {
	[[ -d /run/image ]] || make_rootfs /run/image
	tar -C /run/image -c . | "$engine" import - busybox:1 >/dev/null 2>&1
}

make_python_image() {
	[[ -d /run/python ]] || make_python_rootfs /run/python
	tar -C /run/python -c . | "$engine" import --change 'WORKDIR /app' - python:1 >/dev/null 2>&1
}

# the client
d() {
	with_status "$engine" "$@"
}

# run with the runtime that is being tried
drun() {
	with_status $(words run) --rm "$@"
}

# NAME ARGUMENT...: a container in the background. The feature removes it.
detached() {
	remove "$1" >/dev/null 2>&1
	$(words run) --detach --name "$@" >/dev/null || echo "status $?"
}

field() {
	"$engine" inspect --format "$2" "$1"
}

is_field() {
	[[ $(field "$1" "$2") == "$3" ]]
}

has_logged() {
	"$engine" logs "$1" 2>&1 | grep -q "$2"
}

# --- the life of a container ---

feature_run() {
	drun busybox:1 sh -c 'echo out; id; hostname -i | wc -l'
	drun busybox:1 sh -c 'echo err >&2' 2>&1
}

feature_exit_codes() {
	for status in 0 1 126 127 137 143; do
		drun busybox:1 sh -c "exit $status"
	done
}

feature_killed_by_itself() {
	drun busybox:1 sh -c 'kill -9 $$'
}

feature_stdin() {
	echo through | drun -i busybox:1 cat
}

feature_large_output() {
	drun busybox:1 sh -c 'yes line | head -n 200000' | md5sum
}

feature_terminal() {
	on_terminal "$(words run) --rm -t busybox:1 sh -c 'tty; stty -a | grep -c rows; exit 4'"
}

feature_detached() {
	detached one busybox:1 sh -c 'echo begun; echo wrong >&2; exit 42'
	"$engine" wait one
	d logs one 2>/dev/null
	{ d logs one >/dev/null; } 2>&1
	field one '{{.State.Status}} {{.State.ExitCode}}'
	remove one
}

feature_missing_program() {
	drun busybox:1 /missing 2>&1 | grep -o 'status .*\|no such file or directory.*'
	drun busybox:1 missing 2>&1 | grep -o 'status .*\|executable file not found in \$PATH.*'
}

feature_not_executable() {
	drun busybox:1 /etc/passwd 2>&1 | grep -o 'status .*\|permission denied.*'
	drun busybox:1 /etc 2>&1 | grep -o 'status .*'
}

feature_stop() {
	detached one busybox:1 sh -c 'trap "echo asked; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until 10 has_logged one ready
	"$engine" stop --time 20 one
	"$engine" logs one | tail -n 1
	field one '{{.State.Status}} {{.State.ExitCode}}'
	remove one
}

feature_stop_that_kills() {
	detached one busybox:1 sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until 10 has_logged one ready
	"$engine" stop --time 1 one
	field one '{{.State.Status}} {{.State.ExitCode}}'
	remove one
}

feature_kill() {
	detached one busybox:1 sh -c 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.1; done'
	wait_until 10 has_logged one ready
	"$engine" kill --signal USR1 one
	wait_until 10 has_logged one usr1
	"$engine" kill one
	"$engine" wait one
	remove one
}

feature_pause() {
	detached one busybox:1 sleep 100
	"$engine" pause one 2>/dev/null
	field one '{{.State.Status}}'
	d exec one true 2>&1 | grep -o 'is paused\|status .*'
	"$engine" unpause one 2>/dev/null
	field one '{{.State.Status}}'
	d exec one echo lives
	remove one
}

feature_start_again() {
	detached one busybox:1 sh -c 'echo x >>/tmp/count; wc -l </tmp/count; sleep 100'
	wait_until 10 has_logged one 1
	"$engine" restart --time 0 one
	wait_until 10 has_logged one '[12]'
	field one '{{.State.Status}}'
	remove one
}

feature_restart_policy() {
	detached one --restart on-failure:2 busybox:1 sh -c 'exit 3'
	wait_until 20 is_field one '{{.RestartCount}} {{.State.Status}}' '2 exited'
	field one '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}'
	remove one
}

# attached KEYS COMMAND...: it gets a word, and when the container has answered it is left by KEYS, or killed
attached() {
	local keys=$1 client
	shift
	rm -f /tmp/typed /tmp/shown
	mkfifo /tmp/typed
	"$@" </tmp/typed >/tmp/shown 2>&1 &
	client=$!
	exec 3>/tmp/typed
	echo word >&3
	wait_until 30 grep 'got word' /tmp/shown
	[[ -n $keys ]] || kill "$client"
	printf %s "$keys" >&3
	wait "$client"
	exec 3>&-
	field one '{{.State.Status}}'
}

feature_attach() {
	detached one -i busybox:1 sh -c 'read line; echo got $line; sleep 100'
	attached '' "$engine" attach --sig-proxy=false one
	remove one
}

# --- exec ---

feature_exec() {
	detached one -e A=1 busybox:1 sleep 100
	d exec one sh -c 'echo in $A; exit 5'
	d exec -u 1000:1000 -w /tmp -e B=2 one sh -c 'id -u; pwd; echo $A$B'
	echo through | d exec -i one cat
	d exec -d one sh -c 'echo later >/tmp/later'
	wait_until 10 "$engine" exec one test -e /tmp/later
	d exec one cat /tmp/later
	d exec one /missing 2>&1 | grep -o 'no such file or directory\|status .*'
	remove one
}

feature_exec_on_a_terminal() {
	detached one busybox:1 sleep 100
	on_terminal "$engine" exec -it one tty
	remove one
}

feature_top() {
	detached one busybox:1 sleep 100
	"$engine" top one | awk '{print $NF}'
	remove one
}

feature_stats() {
	detached one busybox:1 sleep 100
	"$engine" stats --no-stream --format '{{.Name}}' one 2>/dev/null
	remove one
}

# --- files ---

feature_copy() {
	detached one busybox:1 sleep 100
	echo data >/tmp/file
	d cp /tmp/file one:/root/file
	d exec one cat /root/file
	d cp one:/etc/passwd - | tar -t
	remove one
}

feature_diff_and_commit() {
	$(words run) --name one busybox:1 touch /var/new
	"$engine" diff one | sort
	"$engine" commit one changed:1 >/dev/null
	drun changed:1 ls /var
	remove one
	"$engine" rmi changed:1 >/dev/null
}

feature_volumes() {
	mkdir -p /tmp/volume
	echo data >/tmp/volume/file
	drun -v /tmp/volume:/v:ro busybox:1 sh -c 'cat /v/file; touch /v/new 2>&1'
	drun -v /tmp/volume:/v busybox:1 sh -c 'touch /v/new && ls /v'
	drun -v named:/v busybox:1 sh -c 'echo kept >/v/file'
	drun -v named:/v busybox:1 cat /v/file
	drun --mount type=bind,src=/tmp/volume,dst=/v,bind-propagation=rshared busybox:1 ls /v
	"$engine" volume rm named >/dev/null
	rm -r /tmp/volume
}

feature_tmpfs() {
	drun --tmpfs /t:rw,noexec,nosuid,size=1m busybox:1 sh -c 'touch /t/file && grep " /t " /proc/mounts | grep -o "noexec\|nosuid\|size=[0-9]*k"'
}

feature_read_only() {
	drun --read-only busybox:1 touch /root/file
	drun --read-only --tmpfs /run busybox:1 sh -c 'touch /run/file && echo written'
}

command_of_the_field() {
	on_terminal "$(words run) --rm -it $* python:1 python agent_script.py"
}

feature_command_of_the_field() {
	command_of_the_field --security-opt no-new-privileges:true --read-only \
		--tmpfs /tmp:rw,noexec,nosuid,size=64m
}

# Where the profile is the config's own, what is wanted is what these options make.
feature_as_tight_without_options() {
	case $(runtime_name) in
	runc | nacre-oci) feature_command_of_the_field ;;
	*) command_of_the_field ;;
	esac
}

feature_root_is_writable() {
	drun busybox:1 sh -c 'touch /root/file && echo written'
}

feature_program_in_tmp() {
	drun busybox:1 sh -c 'cp /bin/busybox /tmp/true && /tmp/true && echo ran'
}

feature_device() {
	drun --device /dev/full:/dev/other busybox:1 sh -c 'echo x >/dev/other'
}

feature_device_that_was_not_given() {
	drun --cap-add MKNOD busybox:1 sh -c 'mknod /dev/other b 7 1 && dd if=/dev/other of=/dev/null count=1' 2>&1 |
		grep -o "Operation not permitted\|status .*"
}

# --- who it is ---

feature_user() {
	drun --user 1000:1000 --group-add 5 busybox:1 sh -c 'id; touch /root/file 2>&1'
}

feature_ids_of_the_host() {
	drun busybox:1 sh -c 'tr -s " " </proc/self/uid_map'
}

feature_capabilities() {
	drun --cap-drop ALL busybox:1 grep Cap /proc/self/status
	drun --cap-drop ALL --cap-add CHOWN busybox:1 grep CapEff /proc/self/status
}

feature_default_capabilities() {
	drun busybox:1 grep Cap /proc/self/status
}

feature_added_capability() {
	drun --cap-drop ALL --cap-add NET_ADMIN busybox:1 grep CapEff /proc/self/status
}

feature_no_new_privileges() {
	drun --security-opt no-new-privileges busybox:1 grep NoNewPrivs /proc/self/status
}

feature_new_privileges() {
	drun busybox:1 grep NoNewPrivs /proc/self/status
}

feature_seccomp_profile() {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' >/tmp/seccomp.json
	drun --security-opt seccomp=/tmp/seccomp.json busybox:1 mkdir /tmp/x
}

feature_seccomp_unconfined() {
	drun --security-opt seccomp=unconfined busybox:1 grep Seccomp: /proc/self/status
}

feature_ulimit() {
	drun --ulimit nofile=100:200 --ulimit nproc=8192:8192 busybox:1 sh -c 'ulimit -n; ulimit -Hn'
}

feature_sysctl() {
	drun --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=9000 busybox:1 cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
}

feature_init() {
	drun --init busybox:1 sh -c 'cat /proc/1/comm; exit 3'
}

# Where root itself lacks a capability (CAP_SYS_RESOURCE in a virtual machine of a CI), runc refuses and
# nacre leaves it out.
feature_privileged() {
	$(words run) --rm --privileged busybox:1 mount -t tmpfs tmpfs /tmp 2>&1 |
		grep -v 'unable to apply caps\|level=error'
}

# --- namespaces and networks ---

feature_network_none() {
	drun --network none busybox:1 sh -c 'ip -o addr | grep -c inet'
}

feature_network_host() {
	drun --network host busybox:1 hostname
}

feature_network_of_a_container() {
	detached one busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -p 8080 -h /tmp; sleep 100'
	drun --network container:one busybox:1 sh -c 'for i in 1 2 3 4 5; do wget -qO- http://127.0.0.1:8080/ && break; sleep 0.2; done'
	remove one
}

feature_two_on_a_bridge() {
	"$engine" network create together >/dev/null 2>&1
	detached server --network together busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -p 80 -h /tmp; sleep 100'
	drun --network together busybox:1 sh -c 'for i in 1 2 3 4 5; do wget -qO- "http://$0/" && break; sleep 0.2; done' \
		"$(field server '{{.NetworkSettings.Networks.together.IPAddress}}')"
	remove server
	"$engine" network rm together >/dev/null
}

feature_published_port() {
	detached one -p 127.0.0.1:8099:8080 busybox:1 sh -c 'echo hello >/tmp/index.html; httpd -p 8080 -h /tmp; sleep 100'
	wait_until 3 timeout 1 busybox wget -qO /tmp/page http://127.0.0.1:8099/
	cat /tmp/page
	rm -f /tmp/page
	remove one
}

feature_pid_of_a_container() {
	detached one busybox:1 sleep 12345
	drun --pid container:one busybox:1 sh -c 'ps | grep -c "[1]2345"'
	remove one
}

feature_pid_of_the_host() {
	drun --pid host busybox:1 sh -c 'ps | grep -q "[/]nacre/suite" && echo seen || echo unseen'
}

feature_ipc_of_the_host() {
	drun --ipc host busybox:1 echo ran
}

feature_engine_socket() {
	drun -v "$socket:/run/engine.sock" busybox:1 ls /run/engine.sock
}

feature_hostname() {
	drun --hostname box busybox:1 sh -c 'hostname; cat /etc/hostname'
}

# --- images, the engine itself ---

feature_build() {
	mkdir -p /tmp/build
	printf 'FROM busybox:1\nRUN echo built >/built\nCMD ["cat", "/built"]\n' >/tmp/build/Dockerfile
	$(words build) --quiet --tag built:1 /tmp/build >/tmp/built 2>&1 || { cat /tmp/built; echo "status $?"; }
	drun built:1
	"$engine" rmi built:1 >/dev/null
	rm -r /tmp/build
}

# podman loses the output of one in fifty, whatever the runtime.
feature_twenty_at_once() {
	for _ in {1..20}; do
		{ $(words run) --rm busybox:1 true; echo "ended with $?"; } &
	done | sort | uniq -c
	wait
}

# --- what the profiles of nacre make different, whichever the engine ---

for profile in agent strict; do
	differs "$profile" network_host host-network 'rule host-network.*status 12[56]'
	differs "$profile" engine_socket mount-sources 'mount-sources.*status 12[56]'
	differs "$profile" ipc_of_the_host mount-sources 'mount-sources.*status 12[56]'
	# whose /tmp is half of the memory limit
	differs "$profile" as_tight_without_options read-only-root \
		'^work directory /app.terminal .True, True, True..root Read-only file system./usr Read-only file system./tmp works.program in /tmp Permission denied./tmp holds (511 MiB|too much).setuid in /tmp is nothing.NoNewPrivs 1.status 3$'
	differs "$profile" root_is_writable read-only-root 'Read-only file system'
	differs "$profile" diff_and_commit read-only-root 'Read-only file system'
	differs "$profile" user read-only-root 'Read-only file system'
	differs "$profile" program_in_tmp mount-flags 'Permission denied'
	differs "$profile" new_privileges no-new-privileges 'NoNewPrivs:.1'
	differs "$profile" seccomp_unconfined own-seccomp-filter 'Seccomp:.2'
	differs "$profile" added_capability capability-ceiling 'CapEff:.0000000000000000'
	differs "$profile" pid_of_the_host namespaces '^unseen'
	differs "$profile" privileged capability-ceiling 'are you root'
done
for profile in shifted strict; do
	((EUID)) || differs "$profile" ids_of_the_host user-namespace '^ 0 2[0-9]{9} 65536$'
done
differs agent default_capabilities capability-ceiling 'CapEff:.00000000000005fb'
differs strict default_capabilities capability-ceiling 'CapEff:.0000000000000000'
differs strict capabilities capability-ceiling 'CapEff:.0000000000000000$'
differs strict volumes writable-binds "can't create /v/file: Read-only"
# Without root Landlock alone is to be had, which knows no address.
if ((EUID)); then
	differs strict two_on_a_bridge landlock "can't connect.*Permission denied"
	differs strict published_port landlock 'waited in vain'
else
	differs strict two_on_a_bridge egress "can't connect.*Operation not permitted"
	differs strict published_port egress 'waited in vain'
fi
