#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An exported name begins with its module's name: the first word of its file's. symbols.txt has the
# modules whose names have another prefix. And what a .c file exports is declared in two headers of its
# folder at most: that of its name or topic, and one that the folder's files share.
set -u
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }
cd "$SOURCE" || exit 1
list=tests/lint/symbols.txt
failed=0
file_globs=() file_prefixes=() by_macro=' '
declare -A home

complain() {
	echo "symbols: $1" >&2
	failed=1
}

while IFS=$'\t' read -r file words; do
	[[ $file == '' || $file == '#'* ]] && continue
	[[ $file != macro ]] || { by_macro+="$words "; continue; }
	compgen -G "$file" >/dev/null || complain "$list: no file $file"
	file_globs+=("$file")
	file_prefixes+=("$words")
done <"$list"

# carries NAME PREFIX...
carries() {
	local name=$1 prefix
	shift
	for prefix; do
		[[ $name == "$prefix" || $name == "${prefix}_"* ]] && return 0
	done
	return 1
}

# The name of an object is the path of its source below its library's, with _ for /.
source_of() {
	local object=${1##*/} folder
	object=${object%.o}
	case $2 in
	*/libspecs.a) echo "specs/$object" ;;
	*/libfrontend.a) echo "runtime/$object" ;;
	*)
		for folder in libcontainer/*/; do
			folder=${folder%/}
			[[ $object == "${folder##*/}"_* ]] || continue
			echo "$folder/${object#"${folder##*/}"_}"
		done
		;;
	esac
}

# The headers that declare NAME among FILE...
declares() {
	local name=$1
	shift
	grep -lE "^[a-z_].*[ *]${name}[([;]|^	.*\b${name}\(" "$@" 2>/dev/null
}

# The prefixes that symbols.txt allows FILE.
allowed() {
	local i
	for i in "${!file_globs[@]}"; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $1 == ${file_globs[i]} ]] && echo "${file_prefixes[i]}"
	done
}

check_symbol() {
	local file=$1 name=$2 first=${1##*/} headers
	first=${first%.c}
	first=${first%%_*}
	# shellcheck disable=SC2046 # a list of words
	carries "$name" "$first" "${first%s}" $(allowed "$file") ||
		complain "$file exports $name, which does not begin with ${first}_"
	[[ $file == libcontainer/api/* && $name == nacre_* || $by_macro == *" ${name%%_*} "* ]] && return
	mapfile -t headers < <(declares "$name" "${file%/*}"/*.h)
	((${#headers[@]} == 1)) ||
		complain "$file: ${#headers[@]} headers of its folder declare $name"
	home[$file]+=${headers[0]:-}$'\n'
}

for library in $LIBRARIES; do
	[[ -f $library ]] || { complain "no library $library"; continue; }
	while read -r object name; do
		file=$(source_of "$object" "$library")
		[[ -f $file ]] || continue # made by the build
		check_symbol "$file" "$name"
	done < <(nm --defined-only --extern-only "$library" |
		awk '/:$/ { object = substr($1, 1, length($1) - 1) } NF == 3 && $2 ~ /[TRDBC]/ { print object, $3 }')
done
for file in "${!home[@]}"; do
	n=$(sort -u <<<"${home[$file]%$'\n'}" | wc -l)
	((n <= 2)) || complain "$file: its names stand in $n headers"
done
exit $failed
