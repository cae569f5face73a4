#compdef nacre nacre-oci nacre-agent nacre-strict nacre-nested
# SPDX-License-Identifier: Apache-2.0
# zsh completion for nacre. Commands, options and their words come from "nacre help", which prints the
# tables that the parser reads: there is no second list to keep.

# _nacre_words rules|grants: prints one word per line.
_nacre_words() {
	nacre help $1 2>/dev/null | sed -n 's/^  \([^ ]*\).*/\1/p'
}

# Prints name, value and help of each option of a command, or without one of nacre itself, with tabs between.
_nacre_rows() {
	nacre help "$@" 2>/dev/null | awk '
		function put() { if (name != "") printf "%s\t%s\t%s\n", name, value, help; name = "" }
		/^ +(-[a-z], )?--[a-z]/ {
			put()
			sub(/^ +/, "")
			sub(/^-[a-z], /, "")
			name = $1
			value = $0 ~ /^--[a-z0-9-]+ [^ ]/ ? $2 : "-"
			help = $0
			sub(/^--[a-z0-9-]+( [^ ]+)? */, "", help)
			next
		}
		name != "" && /^ +[^ ]/ { sub(/^ +/, ""); help = help $0; next }
		{ put() }
		END { put() }'
}

_nacre_complete_grants() {
	local kind=${PREFIX%%:*}
	local -a grants
	grants=(${(f)"$(_nacre_words grants)"})
	if ! compset -P '*:'; then
		compadd -S '' -- ${(u)${(M)grants:#*:*}/:*/:}
		compadd -- ${grants:#*:*}
		return
	fi
	case $kind in
	device | mount | workspace) _files ;;
	*) compadd -- ${${(M)grants:#$kind:*}#*:} ;;
	esac
}

# Sets specs, for _arguments.
_nacre_specs() {
	local name value help action
	specs=()
	while IFS=$'\t' read -r name value help; do
		help=${${help//\[/\\[}//\]/\\]}
		case $value in
		-) specs+=("*${name}[$help]"); continue ;;
		*'|'*) action="(${value//|/ })" ;;
		DESTINATION) action="(none open private)" ;;
		RULE) action="(${(j: :)${(f)$(_nacre_words rules)}})" ;;
		GRANT) action=_nacre_complete_grants ;;
		DIR) action='_files -/' ;;
		FILE | PATH) action=_files ;;
		*) action=' ' ;;
		esac
		specs+=("*${name}=[$help]:${value//|/ or }:$action")
	done < <(_nacre_rows "$@")
}

_nacre_commands() {
	local -a commands
	commands=(${(f)"$(nacre help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) *\(.*\)/\1:\2/p')"})
	_describe command commands
}

_nacre_containers() {
	local -a ids
	ids=(${(f)"$(nacre list --quiet 2>/dev/null)"})
	_describe container ids
}

_nacre() {
	local curcontext=$curcontext state line operand=_nacre_containers
	local -a specs

	_nacre_specs
	_arguments -C $specs '1:command:_nacre_commands' '*::argument:->argument'
	[[ $state == argument ]] || return
	[[ $words[1] == help ]] && operand=_nacre_commands
	_nacre_specs $words[1]
	_arguments $specs "*:operand:$operand"
}

[[ $funcstack[1] != _nacre ]] || _nacre "$@"
