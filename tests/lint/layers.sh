#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No file includes a header of a folder above its own: layers.txt is the list.
set -u
cd "$SOURCE" || exit 1
list=tests/lint/layers.txt
failed=0
declare -A rank public
folders=0 library_names=() library_globs=()

complain() {
	echo "layers: $1" >&2
	failed=1
}

while IFS=$'\t' read -r kind first second; do
	case $kind in
	'' | '#'*) ;;
	folder) rank[$first]=$((folders++)) ;;
	public) public[$first]=1 ;;
	library) library_names+=("$first") library_globs+=("$second") ;;
	*) complain "$list: unknown word \"$kind\"" ;;
	esac
done <"$list"

calls=libcontainer/base/sys.h # system calls that libc has no function for; nothing of a container

check_header() {
	local file=$1 header=$2
	local from=${file%/*} to=${header%/*}
	if [[ $from == libcontainer ]]; then
		[[ $header == specs/nacre_error.h ]] || complain "$file includes $header: it is the public header"
	elif [[ -n ${public[$header]:-} ]]; then
		return
	elif [[ $header == shim/wire.pb-c.h ]]; then # made by the build
		[[ $file == shim/message.h ]] || complain "$file includes $header: shim/message.h has it"
	elif [[ -z ${rank[$to]:-} ]]; then
		complain "$file includes $header, which is in no folder of $list"
	elif [[ $from == runtime && $to != runtime ]]; then
		complain "$file includes $header: the command sees ${!public[*]} alone"
	elif [[ $from == shim && $to != shim && $to != specs && $header != "$calls" ]]; then
		complain "$file includes $header: the shim sees ${!public[*]}, specs/ and $calls alone"
	elif ((rank[$to] > rank[$from])); then
		complain "$file includes $header, a folder above its own"
	fi
}

check_library() {
	local file=$1 header=$2 i
	for i in "${!library_names[@]}"; do
		[[ $header == "${library_names[i]}"* ]] || continue
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $file == ${library_globs[i]} ]] || complain "$file includes <$header>"
	done
}

while read -r file; do
	[[ -n ${public[$file]:-} || -n ${rank[${file%/*}]:-} ]] || { complain "$file is in no folder of $list"; continue; }
	while read -r header; do
		case $header in
		\"*) check_header "$file" "${header//\"/}" ;;
		\<*) header=${header#<}; check_library "$file" "${header%>}" ;;
		esac
	done < <(sed -n 's/^#[ \t]*include[ \t]*\(["<][^">]*[">]\).*/\1/p' "$file")
done < <(find specs libcontainer runtime shim -name '*.[ch]' | sort)
exit $failed
