# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for nacre. Commands, options and their words come from "nacre help", which prints the
# tables that the parser reads: there is no second list to keep.

# A row of the help: "  -f, --format table|json   ..." gives the option, and what it takes.
_nacre_options() {
	nacre help "$@" 2>/dev/null | sed -n 's/^ \{2,6\}\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p'
}

_nacre_value() {
	local option=$1
	shift
	nacre help "$@" 2>/dev/null |
		sed -n 's/^ \{2,6\}\(-[a-z], \)\{0,1\}'"$option"' \([^ ]*\).*/\2/p' | head -n 1
}

_nacre_commands() {
	nacre help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

# The command is the first word that is neither an option nor the value of one.
_nacre_command() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		=) i=$((i + 1)) ;;
		-*) [[ ${COMP_WORDS[i + 1]} != "=" && -n $(_nacre_value "${COMP_WORDS[i]}") ]] &&
			i=$((i + 1)) ;;
		*)
			printf '%s' "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

_nacre_complete_value() {
	case $1 in
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

_nacre() {
	local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command value
	command=$(_nacre_command)

	if [[ $word == "=" ]]; then
		word=
	elif [[ $option == "=" ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ $option == --* ]]; then
		value=$(_nacre_value "$option" ${command:+"$command"})
		if [[ -n $value ]]; then
			_nacre_complete_value "$value" "$word"
			return
		fi
	fi
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_nacre_options ${command:+"$command"})" -- "$word")
	elif [[ -z $command || $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_nacre_commands)" -- "$word")
	elif [[ $(nacre help "$command" 2>/dev/null | head -n 1) == *" ID"* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(nacre list --quiet 2>/dev/null)" -- "$word")
	fi
}

complete -o filenames -F _nacre nacre
