#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	tests/distributions/package.t DIR
#
# In a new tree of a distribution, as root, with the packages in DIR, which are .deb, .rpm or .tar.xz: what
# is installed is used as root and as a user, upgraded under a container that runs, and removed. Called by
# tests/distributions/run.
# shellcheck disable=SC2317 # check calls them
set -u
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

dir=$1
prefix=/usr
archives=("$dir"/*)
kind=${archives[0]##*.}
[[ $kind != sha256 && $kind != xz ]] || kind=tar prefix=/usr/local
number=0
failed=0

# check NAME COMMAND...
check() {
	local output
	number=$((number + 1))
	if output=$("${@:2}" 2>&1 </dev/null); then
		echo "ok $number - $1"
	else
		failed=1
		printf 'not ok %s - %s\n# %s\n' "$number" "$1" "${output//$'\n'/$'\n'# }"
	fi
}

apt() {
	apt-get -qq -y --no-install-recommends "$@"
}

# On Debian, rpm knows of no package that another one could need.
install() {
	case $kind in
	deb) apt install "$@" "$dir"/*.deb ;;
	rpm) rpm --upgrade --nodeps ${1:+--force} "$dir"/*.rpm && ldconfig ;;
	tar)
		(cd "$dir" && sha256sum --check ./*.sha256) && chmod 2775 /usr/local &&
			tar -C /usr/local -xf "$dir"/*.tar.xz && ldconfig &&
			[[ $(stat -c %a /usr/local) == 2775 && -s /usr/local/share/doc/nacre/COPYING ]]
		;;
	esac
}

remove() {
	case $kind in
	deb) apt purge nacre libnacre0 libnacre-dev ;;
	rpm) rpm --erase --nodeps nacre libnacre libnacre-devel && ldconfig ;;
	esac
}

# What belongs to no package afterwards, but for what apt, rpm and ld.so keep.
files() {
	find / \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /home -o -path /srv \
		-o -path /root -o -path /packages -o -path /nacre -o -path /var/cache -o -path /var/lib/apt \
		-o -path /var/lib/dpkg -o -path /var/lib/rpm -o -path /var/log -o -path /etc/ld.so.cache \) -prune -o -print |
		sort
}

as_user() {
	env -i PATH="$PATH" HOME=/home/someone setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

it_is_installed() {
	local page
	nacre --version | grep -xE 'commit: [0-9a-f]{40}' && nacre features && nacre-strict --version &&
		[[ -x $prefix/libexec/nacre/nacre-egress ]] && ! ldd "$prefix"/libexec/nacre/* | grep 'not found' &&
		grep -xF 'x /tmp/nacre-[0-9]*' "$prefix/lib/tmpfiles.d/nacre.conf" || return
	for page in nacre-{bwrap,sandbox}.1 libnacre.3 nacre-policy.5 nacre-profiles.7 nacre.8 \
		nacre-{receipt,workspace}.8; do
		page=$prefix/share/man/man${page##*.}/$page
		[[ -s $page ]] || gzip -t "$page.gz" || return
	done
}

# After su and in cron no login has made a place: the states are in /tmp.
a_user_needs_no_login() {
	[[ ! -e /run/user/1000 && ! -e /tmp/nacre-1000 ]] && as_user nacre sandbox -w /srv -- /bin/true &&
		[[ $(stat -c '%U %a' /tmp/nacre-1000) == 'someone 700' ]]
}

# reviewed COMMAND...: three commands with COMMAND before each: sandbox, look, apply.
reviewed() {
	local id=reviewed-$1 directory
	directory=$(mktemp -d --tmpdir=/srv) || return
	chmod 755 "$directory"
	[[ $1 != as_user ]] || chown 1000:1000 "$directory"
	cd "$directory" || return
	"$@" nacre sandbox --name "$id" --apply never -- \
		/usr/bin/python3 -c 'open("made by", "w").write("the sandbox\n")' || return
	[[ -z $(ls "$directory") ]] || { echo "it is there before it was applied"; return 1; }
	"$@" nacre workspace diff "$id" | grep -F 'made by' || return
	"$@" nacre workspace apply "$id" || return
	[[ $(<"made by") == "the sandbox" ]] || return
	"$@" nacre workspace discard "$id" || return
	cd / && rm -r "$directory"
}

no_secret_is_shown() {
	as_user nacre sandbox --apply never -w /srv -- /bin/sh -c '! ls /home/someone/.ssh && ! cat /etc/shadow'
}

a_program_links_the_library() {
	local flags
	read -ra flags < <(pkg-config --cflags --libs libnacre) &&
		gcc -o /tmp/example /nacre/contrib/example/run-bundle.c "${flags[@]}" &&
		ldd /tmp/example | grep libnacre.so.0
}

an_engine_is_told() {
	"$prefix/share/nacre/install-engine" podman --root /tmp/engine &&
		grep -r "$prefix/bin/nacre" /tmp/engine
}

# Where the package has a profile for AppArmor: for each name of the program.
apparmor_takes_the_profile() {
	local profile=/etc/apparmor.d/nacre path paths
	. /etc/os-release
	if [[ $kind != deb || $ID != ubuntu ]] || dpkg --compare-versions "$VERSION_ID" lt 24.04; then
		[[ ! -e $profile ]]
		return
	fi
	apparmor_parser -Q -K "$profile" && [[ $(apparmor_parser --names "$profile") == nacre ]] || return
	# Alternatives in braces are the shell's, too.
	eval "paths=($(sed -n 's/^profile nacre \(.*\) flags=.*/\1/p' "$profile"))"
	for path in /usr/bin/nacre /usr/libexec/nacre/bwrap; do
		[[ -x $path && ! -L $path && " ${paths[*]} " == *" $path "* ]] || { echo "not for $path"; return 1; }
	done
}

bundle() {
	mkdir -p /tmp/bundle/rootfs/bin && cp /bin/busybox /tmp/bundle/rootfs/bin/sleep && cd /tmp/bundle &&
		nacre spec && jq '.process.args = ["/bin/sleep", "1000"] | .process.terminal = false' \
		config.json >new && mv new config.json
}

an_upgrade_keeps_what_runs() {
	bundle && nacre create running && nacre start running && install --reinstall &&
		[[ $(nacre state running | jq -r .status) == running ]] &&
		nacre exec running /bin/sleep 0 && nacre kill running KILL && nacre delete --force running
}

nothing_is_left_of_it() {
	remove && files >/tmp/after && diff /tmp/before /tmp/after
}

if ! { apt update && apt install busybox-static ca-certificates gcc jq libc6-dev pkg-config python3-minimal \
	libcap-dev libseccomp-dev libyajl-dev libc-ares-dev libmnl0 libssl3 libsystemd0 apparmor rpm \
	xz-utils; } >/tmp/log 2>&1; then
	tail /tmp/log
	exit 1
fi
# The tree is an overlay, and cannot be the upper layer of another.
for place in home srv var/lib; do
	cp -a "/$place" "/run/${place//\//-}" && mount --bind "/run/${place//\//-}" "/$place"
done
groupadd -g 1000 someone 2>/dev/null
useradd -u 1000 -g 1000 -m someone 2>/dev/null || usermod -l someone -d /home/someone -m "$(id -nu 1000)"
mkdir -p /home/someone/.ssh && chown 1000:1000 /home/someone/.ssh
# The place of licenses is of a package that Fedora always has.
mkdir -p /var/lib/nacre /usr/share/licenses && rmdir /var/lib/nacre
# What dh_apparmor adds to a purge removes this directory of the package apparmor, if it is empty.
[[ ! -d /etc/apparmor.d/disable ]] || rmdir --ignore-fail-on-non-empty /etc/apparmor.d/disable
# Distributions of .rpm have these in their package filesystem.
[[ $kind != rpm ]] || mkdir -p /usr/lib/debug/usr/bin
files >/tmp/before
check "the packages are installed" install
check "what is in them is there and loads" it_is_installed
check "root reviews what a sandbox changed" reviewed env
check "a user needs no login" a_user_needs_no_login
check "a user does" reviewed as_user
check "a user's secrets are not in it" no_secret_is_shown
check "a program links the library" a_program_links_the_library
check "an engine is told of it" an_engine_is_told
check "an upgrade keeps what runs" an_upgrade_keeps_what_runs
check "AppArmor's parser takes the profile" apparmor_takes_the_profile
[[ $kind == tar ]] || check "removed, it leaves nothing" nothing_is_left_of_it
echo "1..$number"
exit "$failed"
