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

# _nacre_words rules|grants: prints one word per line.
_nacre_words() {
	nacre help "$1" 2>/dev/null | sed -n 's/^  \([^ ]*\).*/\1/p'
}

# What follows KIND: in a grant.
_nacre_complete_item() {
	case $1 in
	device | mount | workspace) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_nacre_words grants | sed -n "s/^$1://p")" -- "$2") ;;
	esac
}

_nacre_complete_value() {
	case $1 in
	DESTINATION) mapfile -t COMPREPLY < <(compgen -W "none open private" -- "$2") ;;
	RULE) mapfile -t COMPREPLY < <(compgen -W "$(_nacre_words rules)" -- "$2") ;;
	GRANT)
		mapfile -t COMPREPLY < <(compgen -W "$(_nacre_words grants | sed 's/:.*/:/' | uniq)" -- "$2")
		[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null
		;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

_nacre() {
	local word=${COMP_WORDS[COMP_CWORD]} i=$((COMP_CWORD - 1)) kind='' option command value
	command=$(_nacre_command)

	# bash makes words of "=" and ":" as well.
	if [[ $word == ":" ]]; then
		word='' kind=${COMP_WORDS[i]} i=$((i - 1))
	elif [[ ${COMP_WORDS[i]} == ":" ]]; then
		kind=${COMP_WORDS[i - 1]} i=$((i - 2))
	fi
	if [[ $word == "=" ]]; then
		word=
	elif [[ ${COMP_WORDS[i]} == "=" ]]; then
		i=$((i - 1))
	fi
	option=${COMP_WORDS[i]}
	if [[ $option == --* ]]; then
		value=$(_nacre_value "$option" ${command:+"$command"})
		if [[ $value == GRANT && -n $kind ]]; then
			_nacre_complete_item "$kind" "$word"
			return
		fi
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
