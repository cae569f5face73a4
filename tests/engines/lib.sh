# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A suite defines functions feature_NAME, each of which does one thing that users of the engine do
# and prints what came of it. They are run with the engine's own runc and with nacre under each
# profile, and what they print is compared:
#
#	nacre-oci	prints what runc prints
#	agent, strict	prints that too, or the suite said beforehand, by differs, which rule is the
#			reason and what is printed instead
#	shifted		is agent with ids of its own, and prints what agent prints, or the suite said
#			so. Not without root, who has none to give.
#
# Before it sources this, a suite sets engine to the name of its client, and socket to its socket.
# The output is TAP, with the matrix of features and profiles as comments at the end.

set -u
export LC_ALL=C

NACRE=/nacre/build/nacre
suite=$(basename "$0" .t)
profiles=(runc oci agent shifted strict)
((EUID == 0)) || profiles=(runc oci agent strict)
seconds=120 # for a feature
late='did not end in [0-9]+ s$'
declare -A path_of=(
	[runc]=/usr/sbin/runc
	[oci]=/usr/local/bin/nacre-oci
	[agent]=/usr/local/bin/nacre
	[shifted]=/usr/local/bin/nacre-shifted
	[strict]=/usr/local/bin/nacre-strict
)
declare -A differs_by=() differs_text=() said=() skipped=() printed=() cell=()
tests=0 failed=0

for name in nacre nacre-oci nacre-strict nacre-nested; do
	[[ -e /usr/local/bin/$name ]] || ln -s "$NACRE" "/usr/local/bin/$name"
done
[[ -e /usr/local/bin/nacre-shifted ]] ||
	install /dev/stdin /usr/local/bin/nacre-shifted <<<$'#!/bin/sh\nexec /usr/local/bin/nacre --userns shifted "$@"'

rules=$("$NACRE" check --profile strict | awk 'found {print $1} $1 == "RULE" {found = 1}')

# differs PROFILE FEATURE RULE REGEX: under PROFILE the feature prints what matches REGEX, because of
# the RULE of that name. The profile oci has no rules.
differs() {
	if [[ $1 == oci ]] || ! grep -qx "$3" <<<"$rules"; then
		say "$1 has no rule $3"
		exit 2
	fi
	differs_by[$1:$2]=$3
	differs_text[$1:$2]=$4
}

# prints FEATURE TEXT: this is wanted of all profiles; runc, which has nothing of the kind, is not asked.
prints() {
	said[$1]='as said'
	printed[$1:runc]=$2
}

# needs_criu FEATURE...: they are skipped where no criu works with this kernel
needs_criu() {
	local feature why
	why=$(criu check --no-default-config 2>&1) && return
	why=$(grep -v 'exited' <<<"$why" | sed 's/.*Error ([^)]*): //' | head -n 1)
	for feature; do
		skipped[$feature]="criu: $why"
	done
}

say() {
	printf '%s\n' "$*" >&2
}

# wait_until SECONDS COMMAND...: looks again every tenth of a second, as there is nothing to wait on
# but what the engine's client prints. Where that takes long by itself, step is more.
wait_until() {
	local left=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		((left--)) || { echo "waited in vain for: $*"; return 1; }
		sleep "${step:-0.1}"
	done
}

is_gone() {
	[[ ! -e /proc/$1/exe ]]
}

# with_status COMMAND...: a status other than 0 is printed.
with_status() {
	"$@"
	local status=$?
	((status == 0)) || echo "status $status"
}

# on_terminal COMMAND...: on one of script(1)
on_terminal() {
	script -qec "$*" /dev/null
	echo "status $?"
}

# make_rootfs DIR: a root filesystem with busybox, as there is no registry
make_rootfs() {
	mkdir -p "$1"/{bin,dev,etc,proc,root,run,sys,tmp,var}
	cp /bin/busybox "$1/bin/busybox"
	chroot "$1" /bin/busybox --install -s /bin
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
	chmod 1777 "$1/tmp"
}

# make_python_rootfs DIR [PACKAGES...]: the same with Python, of packages of such names, and an agent's script
# in /app
make_python_rootfs() {
	local dir=$1
	shift
	(($#)) || set -- '*python3*-minimal'
	make_rootfs "$dir"
	# shellcheck disable=SC2046 # packages' names have no blanks
	{
		dpkg -L $(dpkg-query -Wf '${db:Status-Abbrev}${Package}\n' "$@" | sed -n 's/^ii *//p')
		ldd /usr/bin/python3 | grep -o '/[^ ]*'
	} | sort -u | tar -C / -c --no-recursion --dereference --files-from - --exclude '*/__pycache__*' \
		2>/dev/null | tar -C "$dir" -x
	ln -s python3 "$dir/usr/bin/python"
	install -D /nacre/tests/engines/agent_script.py "$dir/app/agent_script.py"
}

# Podman as contrib has it, with what these namespaces lack: journald, systemd, limits of processes and files.
# A list of a later file replaces the earlier one: contrib's own lists are what is tried.
install_podman() {
	local dir=/etc/containers/containers.conf.d
	mkdir -p "$dir"
	/nacre/contrib/install-engine podman >/dev/null
	cat >"$dir/90-suite.conf" <<-CONF
		[containers]
		pids_limit = 0
		default_ulimits = ["nofile=20000:20000", "nproc=8192:8192"]
		init_path = "/usr/bin/catatonit"
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		$(sed -n '/^runtime_supports/s/"nacre"/&, "nacre-shifted"/p' "$dir/50-nacre.conf")
		[engine.runtimes]
		nacre-shifted = ["/usr/local/bin/nacre-shifted"]
	CONF
}

# For a suite that tries nacre's own shim, or is skipped.
use_shim() {
	[[ -x /nacre/build/shim/containerd-shim-nacre-v2 ]] || { echo "1..0 # SKIP the shim is not built"; exit; }
	ln -s /nacre/build/shim/containerd-shim-nacre-v2 /usr/local/bin/
	ln -s containerd-shim-nacre-v2 /usr/local/bin/containerd-shim-nacre-oci-v2
	profiles=(runc shim)
}

# Identifiers and times differ from run to run. Docker's client complains at times of its own end,
# aardvark-dns of a syslog that is not there, and kubectl of a watch that it ended itself. containerd's
# last word of an error that has no code depends on its version and the shim's. Older versions of runc convert
# the shares of a CPU on a straight line: 256, 307, 512 and 716 of them.
normalise() {
	local weight weights=()
	[[ $runtime != runc ]] || for weight in 10:35 12:40 20:59 28:76; do
		weights+=(-e "s/^cpu\.weight:${weight%:*}\$/cpu.weight:${weight#*:}/")
	done
	tr -d '\000' | sed -E "${weights[@]}" -e '/error waiting for container: context canceled/d' -e '/^failed to connect to syslog: /d' -e '/^[EW][0-9]+ .* reflector\.go:.*context canceled/d' -e 's/^time="[^"]*" //' -e 's/\b[0-9a-f]{64}\b/ID/g' -e 's/\b[0-9a-f]{12}\b/ID/g' -e 's/\^@//' -e 's/\r$//' -e 's/: unknown$//'
}

# what the engines' files in contrib call the runtime that is being tried
runtime_name() {
	echo "${path_of[$runtime]##*/}"
}

# run_feature NAME PROFILE: what it printed, and whether it took too long
run_feature() {
	runtime=$2
	# shellcheck disable=SC2154 # the suites' own
	timeout -k 5 "$seconds" bash -c "$(declare -f); $(declare -p runtime path_of suite engine socket image count 2>/dev/null)
		feature_$1" </dev/null 2>&1 | normalise
	case ${PIPESTATUS[0]} in
	124 | 137) echo "did not end in $seconds s" ;;
	esac
}

result() {
	tests=$((tests + 1))
	if [[ $1 == ok ]]; then
		echo "ok $tests - $2"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $2"
		printf '# %s\n' "${3//$'\n'/$'\n'# }"
	fi
}

skip() {
	local profile
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP ${skipped[$1]}"
	for profile in "${profiles[@]}"; do
		cell[$1:$profile]=skipped
	done
}

compare() {
	local feature=$1 profile=$2
	local expected=${printed[$feature:runc]} found=${printed[$feature:$profile]}
	local key=$profile:$feature

	if [[ -n ${differs_by[$key]:-} ]]; then
		cell[$feature:$profile]=${differs_by[$key]}
		if [[ $found =~ ${differs_text[$key]} && ! $found =~ $late ]]; then
			result ok "$feature under $profile: ${differs_by[$key]}"
		else
			result not "$feature under $profile: ${differs_by[$key]}" \
				"wanted: ${differs_text[$key]}"$'\n'"found: $found"
		fi
	elif [[ $found == "$expected" ]]; then
		cell[$feature:$profile]=${said[$feature]:-as runc}
		result ok "$feature under $profile"
	else
		cell[$feature:$profile]=FAILED
		result not "$feature under $profile" \
			"runc: $expected"$'\n'"nacre: $found"
	fi
}

matrix() {
	local feature profile
	printf '# %-32s' "$suite"
	printf ' %-18s' "${profiles[@]:1}"
	echo
	for feature in "$@"; do
		printf '# %-32s' "$feature"
		for profile in "${profiles[@]:1}"; do
			printf ' %-18s' "${cell[$feature:$profile]}"
		done
		echo
	done
}

# run_suite [FEATURE...]: all of them, or these
run_suite() {
	local features=("$@") feature profile

	for feature in "${!differs_by[@]}"; do
		[[ $feature == agent:* && -z ${differs_by[shifted:${feature#*:}]:-} ]] || continue
		differs_by[shifted:${feature#*:}]=${differs_by[$feature]}
		differs_text[shifted:${feature#*:}]=${differs_text[$feature]}
	done
	(($#)) || mapfile -t features < <(declare -F | sed -n 's/^declare -f feature_//p')
	for feature in "${features[@]}"; do
		if [[ -n ${skipped[$feature]:-} ]]; then
			skip "$feature"
			continue
		fi
		declare -F "feature_$feature" >/dev/null || { say "no feature \"$feature\""; exit 2; }
		for profile in "${profiles[@]}"; do
			[[ -n ${printed[$feature:$profile]:-} ]] ||
				printed[$feature:$profile]=$(run_feature "$feature" "$profile")
			if [[ $profile != runc ]]; then
				compare "$feature" "$profile"
			elif [[ $'\n'${printed[$feature:runc]} =~ $'\n'(Error|docker: Error|status 125|waited in vain|$late) ]]; then
				result not "$feature cannot be tried here" "runc: ${printed[$feature:runc]}"
			fi
		done
	done
	matrix "${features[@]}"
	echo "1..$tests"
	exit $((failed > 0))
}
