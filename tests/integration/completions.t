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
	for command in '' create run exec kill delete list ps update events spec harden; do
		bash_completes nacre ${command:+"$command"} --
		is "$(sort -u <<<"$out")" "$(options_of ${command:+"$command"})" "options of $command"
	done
	bash_completes nacre --log-format ""
	is "$out" $'text\njson' "formats"
	bash_completes nacre --root /x he
	is "$out" help "command"
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

all_tests "$@"
