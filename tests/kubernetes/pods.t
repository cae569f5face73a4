#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317 # other shells expand; run_suite calls every feature_ by its name
# shellcheck disable=SC2154 # runtime, image and suite are lib.sh's and containerd.sh's
# shellcheck source=SCRIPTDIR/../engines/lib.sh
. /nacre/tests/engines/lib.sh
# shellcheck source=SCRIPTDIR/../engines/containerd.sh
. /nacre/tests/engines/containerd.sh
# shellcheck source=SCRIPTDIR/node.sh
. "$(dirname "$0")/node.sh"

# What pods use of Kubernetes, by the runtime of a RuntimeClass each.

export sleeping='trap "exit 0" TERM; while :; do sleep 0.2; done'

# --- the life of a pod ---

feature_running() {
	pod p "$(containers "echo started; $sleeping")"
	until_phase p Running || return
	wait_until 10 has_logged p started && k logs p
	field p .status.podIP | cut -d . -f 1,2
	echo
	gone pod/p
	k get pods --no-headers 2>/dev/null
}

# The standard's words, and what of them holds in the container
feature_restricted_pod() {
	kubectl label namespace "$runtime" pod-security.kubernetes.io/enforce=restricted >/dev/null
	pod p "securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000,
		seccompProfile: {type: RuntimeDefault}}, $(containers \
		"id; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; touch /x; $sleeping" \
		'securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}')"
	until_phase p Running && wait_until 10 has_logged p touch && k logs p | sort
	kubectl label namespace "$runtime" pod-security.kubernetes.io/enforce- >/dev/null
	gone pod/p
}

feature_exit_and_restart() {
	local name
	pod never "restartPolicy: Never, $(containers 'echo ran; exit 3')"
	pod ends "restartPolicy: OnFailure, $(containers 'echo done')"
	pod fails "restartPolicy: OnFailure, $(containers 'exit 1')"
	pod always "$(containers 'exit 0')"
	until_phase never Failed && k logs never
	field never '.status.containerStatuses[0].state.terminated.exitCode'
	echo
	until_phase ends Succeeded && k logs ends
	for name in fails always; do
		wait_until 60 has_restarted "$name" && echo "$name again"
	done
	gone pod/{never,ends,fails,always}
}

has_restarted() {
	(($(field "$1" '.status.containerStatuses[0].restartCount') > 0))
}

feature_missing_program() {
	pod p "restartPolicy: Never, containers: [{name: main, image: '$image', command: [/missing]}]"
	until_phase p Failed
	field p '.status.containerStatuses[0].state.terminated.reason'
	echo
	field p '.status.containerStatuses[0].state.terminated.message' | grep -o 'exec.*: no such file or directory' |
		sed 's/.*: //'
	gone pod/p
}

feature_prestop_and_termination() {
	pod p "terminationGracePeriodSeconds: 60, $(containers \
		'trap "cat /tmp/hooks; echo asked; exit 0" TERM; echo ready; while :; do sleep 0.1; done' \
		"lifecycle: {preStop: {exec: {command: $(shell 'echo before >>/tmp/hooks')}}, postStart: {exec: {command: $(shell 'echo after >>/tmp/hooks')}}}")"
	until_phase p Running && wait_until 10 has_logged p ready
	k logs --follow p >"/run/$runtime.log" &
	k delete pod p >/dev/null
	wait
	sort "/run/$runtime.log"
}

feature_init_and_sidecar_containers() {
	pod p "restartPolicy: Never, initContainers: [$(container first 'echo 1'),
		$(container side "echo side; $sleeping" 'restartPolicy: Always')], $(containers 'echo main')"
	until_phase p Succeeded
	k logs p -c first
	k logs p -c side
	k logs p -c main
	field p '.status.initContainerStatuses[*].state.terminated.exitCode'
	echo
	gone pod/p
}

feature_ephemeral_container() {
	pod p "$(containers "$sleeping")"
	until_phase p Running || return
	k debug p --quiet --image "$image" --container debugger --target main -- sh -c 'cat /proc/1/comm; id -u' >/dev/null
	wait_until 30 is_field p '.status.ephemeralContainerStatuses[0].state.terminated.exitCode' 0
	k logs p -c debugger
	field p '.status.ephemeralContainerStatuses[0].state.*.message'
	gone pod/p
}

feature_job_of_50_pods() {
	k apply -f - >/dev/null <<-YAML
		apiVersion: batch/v1
		kind: Job
		metadata: {name: j}
		spec: {completions: 50, parallelism: 15, template: {spec: {runtimeClassName: $(runtime_name),
		  restartPolicy: Never, $(containers 'exit 0')}}}
	YAML
	k wait job/j --for=condition=Complete --timeout=400s
	k get job j -o 'jsonpath={.status.succeeded} {.status.failed}{"\n"}'
	gone job/j
}

feature_deployment_rolled_over() {
	local version
	for version in one two; do
		k apply -f - >/dev/null <<-YAML
			apiVersion: apps/v1
			kind: Deployment
			metadata: {name: d}
			spec: {replicas: 3, selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}},
			  spec: {runtimeClassName: $(runtime_name), terminationGracePeriodSeconds: 1, $(containers "echo $version; $sleeping")}}}
		YAML
		k rollout status deployment/d --timeout="${patience}s" | tail -n 1
	done
	wait_until 20 eval '[[ $(k get pods -l app=d --no-headers | wc -l) == 3 ]]'
	k logs -l app=d --prefix=false
	gone deployment/d
}

# --- exec and streams ---

feature_exec() {
	pod p "$(containers "$sleeping")"
	until_phase p Running || return
	with_status k exec p -- sh -c 'echo out; echo err >&2; exit 5' 2>&1 | sort
	echo typed | k exec -i p -- cat
	# The kernel's hangup at the end of a session throws away what nobody has read from the terminal.
	on_terminal "kubectl --namespace $runtime exec -it p -- sh -c 'tty; sleep 2; exit 4'" | grep -v 'command terminated'
	with_status k exec p -- /missing 2>&1 | grep -o 'no such file or directory' | sort -u
	k exec p -- sh -c 'head -c 5000000 /dev/zero' | wc -c
	gone pod/p
}

feature_attach() {
	pod p "$(containers 'while read -r line; do echo "got $line"; done; echo end' 'stdin: true, stdinOnce: true'), restartPolicy: Never"
	until_phase p Running || return
	printf 'one\ntwo\n' | k attach -qi p >/dev/null
	until_phase p Succeeded
	k logs p
	gone pod/p
}

feature_port_forward() {
	local forward
	pod p "$(containers 'echo hello >/tmp/index.html; exec httpd -f -p 8080 -h /tmp')"
	until_phase p Running || return
	k port-forward pod/p :8080 >"/run/forward-$runtime" 2>&1 &
	forward=$!
	wait_until 15 grep -q '^Forwarding from 127' "/run/forward-$runtime"
	busybox wget -qO- "http://127.0.0.1:$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\).*/\1/p' "/run/forward-$runtime")/"
	kill "$forward"
	gone pod/p
}

feature_cp() {
	pod p "$(containers "$sleeping")"
	until_phase p Running || return
	echo data >"/run/in-$runtime"
	k cp "/run/in-$runtime" p:/tmp/file
	k exec p -- cat /tmp/file
	k cp p:/tmp/file "/run/out-$runtime" >/dev/null
	cat "/run/out-$runtime"
	gone pod/p
}

# --- probes ---

feature_exec_probes() {
	pod p "$(containers "sleep 1; touch /tmp/up; $sleeping" "startupProbe: {exec: {command: $(shell 'test -e /tmp/up')}, timeoutSeconds: 20, periodSeconds: 1, failureThreshold: 30},
		readinessProbe: {exec: {command: $(shell 'test -e /tmp/up')}, timeoutSeconds: 20, periodSeconds: 1},
		livenessProbe: {exec: {command: $(shell 'test ! -e /tmp/down')}, timeoutSeconds: 20, periodSeconds: 1, failureThreshold: 1}")"
	until_ready p || return
	k exec p -- touch /tmp/down
	wait_until 30 is_field p '.status.containerStatuses[0].restartCount' 1
	has_message p 'Liveness probe failed' && echo 'liveness failed'
	gone pod/p
}

feature_http_probe() {
	pod p "$(containers 'touch /tmp/ok; exec httpd -f -p 8080 -h /tmp' 'readinessProbe: {httpGet: {path: /ok, port: 8080}, timeoutSeconds: 5, periodSeconds: 1}')"
	until_phase p Running || return
	k wait pod/p --for=condition=Ready --timeout=40s
	gone pod/p
}

feature_tcp_probe() {
	pod p "$(containers 'exec httpd -f -p 8080 -h /tmp' 'readinessProbe: {tcpSocket: {port: 8080}, timeoutSeconds: 5, periodSeconds: 1}')"
	until_phase p Running || return
	k wait pod/p --for=condition=Ready --timeout=40s
	gone pod/p
}

# --- volumes ---

feature_config_map_and_secret_updated() {
	k create configmap c --from-literal key=one >/dev/null
	k create secret generic s --from-literal key=uno >/dev/null
	pod p "$(containers "$sleeping" 'volumeMounts: [{name: c, mountPath: /c}, {name: s, mountPath: /s},
		{name: c, mountPath: /sub, subPath: key}], env: [{name: KEY, valueFrom: {configMapKeyRef: {name: c, key: key}}}]'),
		volumes: [{name: c, configMap: {name: c}}, {name: s, secret: {secretName: s}}]"
	until_phase p Running || return
	k exec p -- sh -c 'cat /c/key /s/key /sub; echo " $KEY"'
	k patch configmap c --patch '{"data": {"key": "two"}}' >/dev/null
	k patch secret s --patch '{"stringData": {"key": "due"}}' >/dev/null
	wait_until 30 eval '[[ $(k exec p -- cat /c/key /s/key) == twodue ]]' && k exec p -- cat /c/key /s/key /sub
	echo
	k exec p -- touch /c/x 2>&1 | grep -v '^command'
	gone pod/p configmap/c secret/s
}

feature_empty_dirs() {
	pod p "securityContext: {fsGroup: 2000}, containers: [$(container main "$sleeping" \
		'volumeMounts: [{name: m, mountPath: /m}, {name: d, mountPath: /d}, {name: d, mountPath: /sub, subPath: a/b}]'),
		$(container other "$sleeping" 'volumeMounts: [{name: d, mountPath: /d}]')],
		volumes: [{name: m, emptyDir: {medium: Memory, sizeLimit: 16Mi}}, {name: d, emptyDir: {}}]"
	until_phase p Running || return
	k exec p -c main -- sh -c 'awk "\$2 == \"/m\" {print \$3}" /proc/mounts; echo x >/m/x; echo y >/sub/y; stat -c "%a %g" /m' 2>&1 |
		grep -v '^command'
	k exec p -c other -- cat /d/a/b/y 2>&1 | grep -v '^command'
	gone pod/p
}

feature_projected_token() {
	pod p "$(containers "$sleeping" 'volumeMounts: [{name: t, mountPath: /t}]'),
		volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}, {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}}]"
	until_phase p Running || return
	k exec p -- sh -c 'cat /t/name; echo; cut -c 1-3 /t/token; ls /var/run/secrets/kubernetes.io/serviceaccount'
	gone pod/p
	pod p "automountServiceAccountToken: false, enableServiceLinks: false, $(containers "$sleeping")"
	until_phase p Running || return
	k exec p -- sh -c 'ls /var/run/secrets' 2>&1 | grep -o 'No such file or directory'
	gone pod/p
}

# --- namespaces and identities ---

feature_shared_processes() {
	pod p "shareProcessNamespace: true, containers: [$(container main "$sleeping"), $(container other 'exec sleep 9999')]"
	until_phase p Running || return
	k exec p -c main -- sh -c 'ps -o args | grep -c "^sleep [9]999"; cat /proc/1/comm'
	k exec p -c main -- sh -c 'kill -0 $(pgrep -f "^sleep 9999") && echo signalled'
	gone pod/p
}

# Of containers with ids of their own, those of a pod have the same.
feature_shared_namespaces() {
	local container
	pod p "containers: [$(container main "echo hello >/tmp/index.html; exec httpd -f -p 8080 -h /tmp"), $(container other "$sleeping")]"
	until_phase p Running || return
	for container in main other; do
		k exec p -c "$container" -- awk '{print "ids", $1, ($2 > 65535)}' /proc/self/uid_map
	done
	for container in main other; do
		k exec p -c "$container" -- sh -c 'hostname; stat -L -c %i /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts'
	done | sort | uniq -c | awk '{print $1, "the same"}'
	wait_until 10 k exec p -c other -- wget -qO- http://127.0.0.1:8080/
	k exec p -c other -- wget -qO- http://127.0.0.1:8080/
	k exec p -c main -- sh -c 'echo shared >/dev/shm/x' 2>&1 | grep -v '^command'
	k exec p -c other -- cat /dev/shm/x 2>&1 | grep -v '^command'
	gone pod/p
}

feature_user_namespace() {
	pod p "hostUsers: false, $(containers "$sleeping" 'volumeMounts: [{name: v, mountPath: /v}]'), volumes: [{name: v, emptyDir: {}}]"
	until_phase p Running || return
	k exec p -- awk '{print $1, ($2 > 65535), $3}' /proc/self/uid_map
	k exec p -- sh -c 'touch /v/x; stat -c %u /v/x' 2>&1 | grep -v '^command'
	gone pod/p
}

# Kubernetes takes Unmasked with a user namespace alone.
feature_proc_mount() {
	local container
	pod p "hostUsers: false, containers: [$(container main "$sleeping" 'securityContext: {procMount: Default}'),
		$(container other "$sleeping" 'securityContext: {procMount: Unmasked}')]"
	until_phase p Running || return
	for container in main other; do
		k exec p -c "$container" -- sh -c 'grep -q " /proc/" /proc/mounts && echo masked || echo unmasked'
	done
	gone pod/p
}

feature_users_and_groups() {
	pod p "securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000]}, $(containers "id; $sleeping")"
	until_phase p Running && wait_until 10 has_logged p uid && k logs p
	gone pod/p
}

export capabilities="grep -E '^CapEff:' /proc/self/status; $sleeping"

feature_added_capability() {
	pod p "$(containers "$capabilities" 'securityContext: {capabilities: {add: [SYS_TIME]}}')"
	until_phase p Running && wait_until 10 has_logged p CapEff && k logs p
	gone pod/p
}

feature_dropped_capabilities() {
	pod p "$(containers "$capabilities" 'securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}')"
	until_phase p Running && wait_until 10 has_logged p CapEff && k logs p
	gone pod/p
}

feature_no_new_privileges_and_read_only_root() {
	pod p "$(containers "grep NoNewPrivs /proc/self/status; touch /x; $sleeping" \
		'securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}')"
	until_phase p Running && wait_until 10 has_logged p touch && k logs p | sort
	gone pod/p
}

feature_root_is_writable() {
	pod p "$(containers "touch /x && echo written; echo end; $sleeping")"
	until_phase p Running && wait_until 10 has_logged p end && k logs p | sort
	gone pod/p
}

feature_seccomp_of_the_node() {
	mkdir -p /var/lib/kubelet/seccomp
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' \
		>/var/lib/kubelet/seccomp/no-mkdir.json
	pod p "securityContext: {seccompProfile: {type: Localhost, localhostProfile: no-mkdir.json}}, $(containers "mkdir /tmp/x; grep Seccomp: /proc/self/status; $sleeping")"
	until_phase p Running && wait_until 10 has_logged p Seccomp && k logs p | sort
	gone pod/p
}

feature_privileged() {
	pod p "$(containers "grep NoNewPrivs: /proc/self/status; touch /proc/sys/kernel/hostname && echo written; echo end; $sleeping" \
		'securityContext: {privileged: true}')"
	until_phase p Running && wait_until 10 has_logged p end && k logs p | sort
	gone pod/p
}

feature_host_network() {
	pod p "hostNetwork: true, $(containers "ls /sys/class/net | grep -c cni0; $sleeping")"
	wait_until 30 eval 'has_message p rule || is_field p .status.phase Running'
	messages p | head -n 1 | cut -c 1-700
	k logs p 2>/dev/null
	gone pod/p
}

feature_host_path_of_a_socket() {
	pod p "$(containers "ls /c; $sleeping" 'volumeMounts: [{name: c, mountPath: /c}]'),
		volumes: [{name: c, hostPath: {path: /run/containerd/containerd.sock}}]"
	wait_until 30 eval 'has_message p rule || is_field p .status.phase Running'
	messages p | grep -o 'profile .*' | head -n 1
	k logs p 2>/dev/null
	gone pod/p
}

# --- the network ---

# server_address: of a pod that answers at ports 80 and 81
server_address() {
	kubectl --namespace default apply -f - >/dev/null 2>&1 <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: server}
		spec: {runtimeClassName: runc, terminationGracePeriodSeconds: 1, $(containers 'echo hello >/tmp/index.html; httpd -p 80 -h /tmp; exec httpd -f -p 81 -h /tmp')}
	YAML
	kubectl --namespace default wait pod/server --for=condition=Ready --timeout="${patience}s" >/dev/null
	kubectl --namespace default get pod server -o 'jsonpath={.status.podIP}'
}

# Of one pod by another
feature_connections() {
	local ip
	ip=$(server_address)
	pod p "$(containers "$sleeping")"
	until_phase p Running || return
	k exec p -- sh -c "httpd -p 8000 -h /etc; wget -qO- http://127.0.0.1:8000/passwd | head -n 1; wget -qO- http://$ip/" 2>&1 |
		sed "s/$ip/SERVER/; /^command/d"
	gone pod/p
}

# The annotation allows one port of the server. nacre-oci would leave raw packets to the container.
feature_egress_by_an_annotation() {
	local ip port
	ip=$(server_address)
	pod p "$(containers "$sleeping" 'securityContext: {capabilities: {drop: [NET_RAW]}}')" "annotations: {run.nacre.egress: '$ip/32:81'}"
	wait_until 30 eval 'has_message p annotation || is_field p .status.phase Running'
	is_field p .status.phase Running || { give_up p; return; }
	for port in 80 81; do
		k exec p -- wget -qO- "http://$ip:$port/" 2>&1 | sed "s/$ip/SERVER/; /^command/d"
	done
	gone pod/p
}

# Each container has rules of its name. Among them 127.0.0.1 is free.
feature_egress_by_container() {
	local ip container port without_raw='securityContext: {capabilities: {drop: [NET_RAW]}}'
	ip=$(server_address)
	pod p "containers: [$(container main "echo hello of main >/tmp/index.html; exec httpd -f -p 8080 -h /tmp" "$without_raw"),
		$(container other "$sleeping" "$without_raw")]" \
		"annotations: {run.nacre.egress.main: '$ip/32:81', run.nacre.egress.other: '$ip/32:80'}"
	wait_until 30 eval 'has_message p annotation || is_field p .status.phase Running'
	! has_message p annotation || { messages p | grep -m 1 annotation; gone pod/p; return; }
	for container in main other; do
		for port in 80 81; do
			k exec p -c "$container" -- wget -qO- "http://$ip:$port/" 2>&1 | sed "s/$ip/SERVER/; /^command/d"
		done
	done
	wait_until 10 k exec p -c other -- wget -qO- http://127.0.0.1:8080/
	k exec p -c other -- wget -qO- http://127.0.0.1:8080/
	gone pod/p
}

# A container that no rule names, where another has some, is none that may do as it likes.
feature_egress_of_no_container() {
	pod p "$(containers "$sleeping")" 'annotations: {run.nacre.egress.mian: none}'
	wait_until 30 eval 'has_message p annotation || is_field p .status.phase Running'
	messages p | grep -o 'annotation .*' | head -n 1
	gone pod/p
}

# --- contrib's pods of agents ---

# what contrib/agent.py is told of the host
of_the_host() {
	printf '%s\n' HOST_SECRET=/etc/kubernetes-secret HOST_LOOPBACK=127.0.0.1:6443 HOST_NETWORK=192.0.2.129:10250
}

# tries: what it printed, in brief
tries() {
	jq -r '[.try, if .result == "allowed" then .result else .detail end] | join(" ")'
}

# As it stands, but for the image and the runtime
feature_agent_pod() {
	local file=/nacre/contrib/engines/agent-pod.yaml
	sed -e "s,image: python:3-slim,image: $image," -e "s,runtimeClassName: nacre\$,runtimeClassName: $(runtime_name)," \
		"$file" | kubectl apply -f - >/dev/null
	of_the_host | kubectl --namespace agents create configmap agent-environment --from-env-file /dev/stdin >/dev/null
	kubectl --namespace agents create configmap agent --from-file /nacre/contrib/agent.py >/dev/null
	kubectl --namespace agents wait pod/agent --for='jsonpath={.status.phase}=Succeeded' --timeout="${patience}s" >/dev/null ||
		runtime=agents messages agent
	kubectl --namespace agents logs agent | tries
	kubectl delete namespace agents >/dev/null
}

# What the controller of agent-sandbox makes of the template: a pod in which sleep runs, for exec
feature_agent_sandbox() {
	local environment file=/nacre/contrib/engines/agent-sandbox.yaml
	mapfile -t environment < <(of_the_host)
	kubectl annotate --local -f "$file" -o json read=yes | jq -s . >"/run/sandbox-$runtime.json"
	jq -r '(map({(.kind): .}) | add) as $all | $all | keys[], .SandboxWarmPool.spec.sandboxTemplateRef.name == .SandboxTemplate.metadata.name,
		.SandboxClaim.spec.warmPoolRef.name == .SandboxWarmPool.metadata.name' "/run/sandbox-$runtime.json"
	kubectl label namespace "$runtime" pod-security.kubernetes.io/enforce=restricted >/dev/null
	jq --arg image "$image" --arg class "$(runtime_name)" '.[] | select(.kind == "SandboxTemplate").spec.podTemplate |
		.apiVersion = "v1" | .kind = "Pod" | .metadata.name = "p" | .spec.containers[0].image = $image | .spec.runtimeClassName = $class' \
		"/run/sandbox-$runtime.json" | k apply -f - >/dev/null
	until_phase p Running &&
		k exec -i p -- env "${environment[@]}" python3 - </nacre/contrib/agent.py | tries
	kubectl label namespace "$runtime" pod-security.kubernetes.io/enforce- >/dev/null
	gone pod/p
}

# --- what happens to the node ---

feature_kubelet_and_containerd_restarted() {
	local before after
	pod p "$(containers "echo started; $sleeping")"
	until_ready p || return
	before=$(field p '.status.containerStatuses[0].containerID')
	restart_node
	wait_until 30 eval '[[ $(k exec p -- echo alive) == alive ]]' && k exec p -- echo alive
	after=$(field p '.status.containerStatuses[0].containerID')
	[[ -n $after && $after == "$before" ]] && echo 'the same container'
	field p '.status.containerStatuses[0].restartCount'
	echo
	k logs p
	gone pod/p
	k get pods --no-headers 2>/dev/null
}

# The kubelet removes what has ended once a minute.
feature_nothing_is_left() {
	k delete pods --all --grace-period=0 --force >/dev/null 2>&1
	kubectl --namespace default delete pod server --grace-period=1 >/dev/null 2>&1
	wait_until 100 eval '[[ -z $(ctr --namespace k8s.io containers list --quiet) ]]'
	left_overs
}

# --- one feature by all profiles at once, which mostly wait ---

seconds=600
# of the whole node, or heavy
alone=' agent_pod agent_sandbox job_of_50_pods kubelet_and_containerd_restarted nothing_is_left seccomp_of_the_node '
eval "one_$(declare -f run_feature)"

run_feature() {
	local dir=/run/printed/$1 profile

	[[ $alone != *" $1 "* ]] || { one_run_feature "$1" "$2"; return; }
	if mkdir -p /run/printed && mkdir "$dir" 2>/dev/null; then
		for profile in "${profiles[@]}"; do
			[[ -n ${printed[$1:$profile]:-} ]] || {
				one_run_feature "$1" "$profile" >"$dir/$profile.partial"
				mv "$dir/$profile.partial" "$dir/$profile"
			} &
		done >/dev/null
	fi
	wait_until $((seconds + 10)) test -e "$dir/$2" && cat "$dir/$2"
}

prints egress_by_an_annotation $'wget: can\'t connect to remote host (SERVER): Operation not permitted\nhello'
prints egress_by_container "${printed[egress_by_an_annotation:runc]}"$'\nhello\n'"${printed[egress_by_an_annotation:runc]%hello}hello of main"
prints egress_of_no_container 'annotation "run.nacre.egress.mian" names another container, and "main" has no annotation: use run.nacre.egress.main, or run.nacre.egress for every container without one of its own'
# Debian 12's runc has no mounts with other ids.
prints user_namespace $'0 1 65536\n0'
prints proc_mount $'masked\nunmasked'
for profile in agent strict nested; do
	differs "$profile" host_network host-network 'rule host-network: .*run.nacre.allow: host-network'
	differs "$profile" host_path_of_a_socket mount-sources 'rule mount-sources: .*run.nacre.allow: engine-socket'
	differs "$profile" privileged no-new-privileges 'NoNewPrivs:.1'
done
# What the pod's own filter left to the file's mode is refused by that of the profile.
for profile in agent nested; do
	differs "$profile" agent_sandbox own-seccomp-filter $'workspace allowed\n.*device EPERM'
	differs "$profile" agent_pod own-seccomp-filter $'workspace allowed\n.*device EPERM'
done
for profile in agent strict; do
	differs "$profile" proc_mount hidden-paths $'^masked\nmasked$'
done
differs agent root_is_writable read-only-root 'Read-only file system'
differs strict root_is_writable read-only-root 'Read-only file system'
differs agent added_capability capability-ceiling 'CapEff:.00000000000005fb'
differs nested added_capability capability-ceiling 'CapEff:.00000000800005fb'
differs strict added_capability capability-ceiling 'CapEff:.0000000000000000'
differs strict dropped_capabilities capability-ceiling 'CapEff:.0000000000000000'
differs strict agent_sandbox writable-binds $'workspace EROFS\n.*network EPERM'
differs strict agent_pod writable-binds $'workspace EROFS\n.*network EPERM'
differs strict egress_by_an_annotation egress 'allows more than the rules in force'
differs strict egress_by_container egress 'allows more than the rules in force'
differs strict empty_dirs writable-binds 'Read-only file system'
differs strict connections egress 'Operation not permitted'
differs strict http_probe egress 'timed out waiting'
differs strict tcp_probe egress 'timed out waiting'
differs strict shared_namespaces user-namespace $'^ids 0 1\nids 0 1\n2 the same\n2 the same\n2 the same\n2 the same\nhello\n.*Read-only file system'
differs strict user_namespace writable-binds $'^0 1 65536\n.*Read-only file system'

if [[ $suite == pods_shim ]]; then
	use_shim
	path_of[shim]=nacre-shim
else
	profiles=(runc oci agent strict nested)
	path_of[nested]=/usr/local/bin/nacre-nested
fi
make_python_rootfs /run/image '*python3*' 'libffi*' 'zlib*'
start_node
run_suite "$@"
