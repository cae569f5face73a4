#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No file includes a header of a layer above its own: layers.txt is the list.
set -u
cd "$SOURCE" || exit 1
list=tests/lint/layers.txt
failed=0
declare -A pair
layer_names=() layer_globs=() library_names=() library_globs=() public=''

complain() {
	echo "layers: $1" >&2
	failed=1
}

# expand {a,b}* to an extended pattern
pattern() {
	local text=${1//\{/@(}
	text=${text//,/|}
	echo "${text//\}/)}"
}

while IFS=$'\t' read -r name first second; do
	case $name in
	'' | '#'*) ;;
	pair) pair["$first $second"]=1 ;;
	public) public=$first ;;
	library)
		library_names+=("$first")
		library_globs+=("$(pattern "$second")")
		;;
	*)
		layer_names+=("$name")
		layer_globs+=("$(pattern "$first")")
		;;
	esac
done <"$list"

shopt -s extglob

# The number of the layer of a file, in $found, and its name in $layer.
layer_of() {
	local i
	for i in "${!layer_globs[@]}"; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $1 == ${layer_globs[i]} ]] || continue
		found=$i layer=${layer_names[i]}
		return 0
	done
	complain "$1 belongs to no layer: add it to $list"
	return 1
}

topic() {
	local name=${1##*/}
	name=${name%.[ch]}
	name=${name%%_*}
	echo "${name%s}"
}

check_header() {
	local file=$1 header=$2 own own_layer
	layer_of "$file" || return
	own=$found own_layer=$layer
	[[ $header == tests/* ]] && complain "$file includes $header"
	layer_of "$header" || return
	if [[ $own_layer == cli && $layer != cli && $header != "$public" ]]; then
		complain "$file includes $header: the command sees $public alone"
	elif [[ $own_layer == "$layer" ]]; then
		[[ $layer == mechanism && $(topic "$file") != "$(topic "$header")" &&
			-z ${pair["${file##*/} ${header##*/}"]:-} ]] &&
			complain "$file includes $header: a mechanism of another topic"
	elif ((found > own)); then
		complain "$file ($own_layer) includes $header ($layer)"
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

for file in specs/*.[ch] libcontainer/companions/*.[ch] libcontainer/*.[ch] runtime/*.[ch]; do
	while read -r header; do
		case $header in
		\"*) check_header "$file" "${header//\"/}" ;;
		\<*) header=${header#<}; check_library "$file" "${header%>}" ;;
		esac
	done < <(sed -n 's/^#[ \t]*include[ \t]*\(["<][^">]*[">]\).*/\1/p' "$file")
done
exit $failed
