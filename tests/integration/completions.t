#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the shells complete is what the option tables have.
. "$(dirname "$0")/lib.sh"

completions=$(readlink -f "$(dirname "$0")/../../contrib/completions")

# The shells run "nacre" by its name.
in_path() {
	mkdir -p "$T/out.bin"
	ln -sf "$(readlink -f "$NACRE")" "$T/out.bin/nacre"
	PATH=$T/out.bin:$PATH "$@"
}

# Every option of "nacre help COMMAND", one a line.
options_of() {
	nacre help "$@" | sed -n 's/^ *\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p' | sort -u
}

# bash_completes WORD...: the last one is to be completed.
bash_completes() {
	# shellcheck disable=SC2016 # for the other shell
	good in_path bash -c '. "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _nacre
		printf "%s\n" "${COMPREPLY[@]}"' - "$completions/nacre.bash" "$@"
}

fish_completes() {
	# shellcheck disable=SC2016
	good in_path env HOME="$T" fish -N -c 'source $argv[1]; complete -C $argv[2]' \
		"$completions/nacre.fish" "$1"
	out=$(cut -f1 <<<"$out")
}

test_bash_completes_every_option_of_every_command() {
	local command
	for command in '' create run sandbox exec kill delete list ps update events spec harden; do
		bash_completes nacre ${command:+"$command"} --
		is "$(sort -u <<<"$out")" "$(options_of ${command:+"$command"})" "options of $command"
	done
	bash_completes nacre --log-format ""
	is "$out" $'text\njson' "formats"
	bash_completes nacre --root /x he
	is "$out" help "command"
}

# Words of "nacre help" or of specs/; which ones there are is compared by tests/lint/map.sh.
test_bash_completes_profiles_rules_and_grants() {
	bash_completes nacre run --profile ""
	is "$out" $'oci\nnested\nagent\nstrict' "profiles"
	bash_completes nacre create --profile = st
	is "$out" strict "profile after ="
	bash_completes nacre --require land
	is "$out" landlock "rule"
	bash_completes nacre run --allow root
	is "$out" rootfs-write "grant"
	bash_completes nacre run --allow un
	is "$out" unlimited: "grant of an item"
	bash_completes nacre run --allow unlimited :
	is "$out" $'pids\nmemory\nswap\ncpu' "limits"
	bash_completes nacre run --allow = cap : CAP_NET_B
	is "$out" $'CAP_NET_BIND_SERVICE\nCAP_NET_BROADCAST' "capabilities"
	bash_completes nacre run --allow mount : /et
	is "$out" /etc "source"
}

test_fish_completes_every_option_of_every_command() {
	local command
	needs_program fish || return
	for command in '' create exec update harden; do
		fish_completes "nacre ${command:+$command }--"
		is "$(sort -u <<<"$out")" "$(options_of ${command:+"$command"})" "options of $command"
	done
	fish_completes "nacre --log-format "
	is "$(sort <<<"$out")" $'json\ntext' "formats"
	fish_completes "nacre harde"
	is "$out" harden "command"
}

test_fish_completes_profiles_rules_and_grants() {
	needs_program fish || return
	fish_completes "nacre run --profile "
	is "$(sort <<<"$out")" $'agent\nnested\noci\nstrict' "profiles"
	fish_completes "nacre --require land"
	is "$out" landlock "rule"
	fish_completes "nacre run --allow root"
	is "$out" rootfs-write "grant"
	fish_completes "nacre run --allow unlimited:p"
	is "$out" unlimited:pids "limit"
	fish_completes "nacre run --allow cap:CAP_NET_B"
	is "$out" $'cap:CAP_NET_BIND_SERVICE\ncap:CAP_NET_BROADCAST' "capabilities"
	fish_completes "nacre run --allow mount:/et"
	has "$out" mount:/etc/
}

test_zsh_completes_every_option_of_every_command() {
	local command
	needs_program zsh || return
	for command in '' create exec update harden; do
		# shellcheck disable=SC2016
		good in_path zsh -f -c 'source $1; _nacre_specs $2; print -l -- $specs' - \
			"$completions/nacre.zsh" ${command:+"$command"}
		is "$(sed -n 's/^\*\(--[a-z0-9-]*\).*/\1/p' <<<"$out" | sort -u)" \
			"$(options_of ${command:+"$command"})" "options of $command"
	done
	has "$(in_path zsh -f -c 'source $1; _nacre_specs; print -l -- $specs' - \
		"$completions/nacre.zsh")" ":text or json:(text json)"
}

# compset and compadd work at a terminal alone: these print what they are given.
zsh_completes_grant() {
	# shellcheck disable=SC2016
	good in_path zsh -f -c 'source $1; PREFIX=$2
		compset() { [[ $PREFIX == *:* ]] }
		compadd() { shift ${@[(i)--]}; print -l -- $@ }
		_files() { print files }
		_nacre_complete_grants' - "$completions/nacre.zsh" "$1"
}

test_zsh_completes_profiles_rules_and_grants() {
	local specs
	needs_program zsh || return
	# shellcheck disable=SC2016
	specs=$(in_path zsh -f -c 'source $1; _nacre_specs run; print -l -- $specs' - "$completions/nacre.zsh")
	has "$specs" ":(oci nested agent strict)"
	has "$specs" ":RULE:(host-network joined-network "
	has "$specs" ":GRANT:_nacre_complete_grants"
	zsh_completes_grant ""
	has "$out" rootfs-write
	has "$out" cap:
	zsh_completes_grant unlimited:
	is "$out" $'pids\nmemory\nswap\ncpu' "limits"
	zsh_completes_grant cap:
	has "$out" CAP_NET_RAW
	zsh_completes_grant device:
	is "$out" files "device"
}

all_tests "$@"
