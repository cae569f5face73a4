#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The documents name what is there: the life table in libcontainer/README.md is the one of life.c, each
# function of its map stands in the file given, nacre-profiles(7) and nacre-policy(5) have the rules, grants and
# members of specs/, and SECURITY.md has the replayed CVEs. "map.sh life" prints the life table.
# shellcheck disable=SC2013,SC2016 # names without blanks; backquotes of Markdown
set -u
cd "$SOURCE" || exit 1
failed=0
tour=libcontainer/README.md

complain() {
	echo "map: $1" >&2
	failed=1
}

# A row of life.c as a line of README.md: who does it, what, when, and the function that undoes it.
life() {
	awk '
	function cell(text) {
		gsub(/^[ \t]+|[ \t]+$/, "", text)
		return text
	}
	/^const struct step life_[a-z]+_steps\[\]/ {
		table = $4
		sub(/^life_/, "", table)
		sub(/_steps.*/, "", table)
		n[table] = 0
		next
	}
	/^};/ { table = "" }
	table != "" && /^\t\{(RUNTIME|INIT),/ {
		split($0, quoted, "\"")
		owner = quoted[1] ~ /RUNTIME/ ? "runtime" : "init"
		fields = split(quoted[3], field, ",")
		when = tolower(cell(field[2]))
		gsub(/_/, " ", when)
		gsub(/ \| /, " + ", when)
		undo = cell(field[4])
		sub(/}$/, "", undo)
		sub(/^step_/, "", undo)
		if ($0 ~ /STEP_OVERLAP/)
			owner = owner "~"
		line = sprintf("%-9s%-33s%-36s%s", owner, quoted[2], when,
			undo == "NULL" ? "" : undo)
		sub(/ +$/, "", line)
		row[table, ++n[table]] = line
		name[table, n[table]] = quoted[2]
	}
	END {
		print "create"
		for (i = 1; i <= n["create"]; i++)
			print "  " row["create", i]
		print "  ... and process"
		print "process"
		for (i = 1; i <= n["process"]; i++)
			print "  " row["process", i]
		print "start"
		for (i = 1; i <= n["start"]; i++)
			print "  " row["start", i]
		print "exec"
		for (i = 1; i <= n["exec"]; i++)
			print "  " row["exec", i]
		print "  ... and process, and start without its hooks"
		print "restore"
		for (i = 1; i <= n["restore"]; i++)
			print "  " row["restore", i]
		if (!n["create"] || !n["process"] || !n["start"] || !n["exec"] || !n["restore"])
			exit 1
	}' libcontainer/life/life.c
}

if [ "${1:-}" = life ]; then
	life
	exit
fi

# section FILE HEADING: the lines up to the next heading.
section() {
	awk -v heading="## $2" '/^## / { inside = $0 == heading; next } inside' "$1"
}

expected=$(life) || complain "no tables found in libcontainer/life/life.c"
found=$(section "$tour" "A container's life" | awk '/^```/ { inside = !inside; next } inside')
difference=$(diff <(echo "$expected") <(echo "$found")) ||
	complain "$tour's life table is not that of libcontainer/life/life.c (map.sh life prints it):
$difference"

# | topic | `file` | `function`, `function` |
rows=0
while IFS='|' read -r _ topic file functions _; do
	file=$(tr -d '` ' <<<"$file")
	rows=$((rows + 1))
	[ -f "$file" ] || { complain "$tour's map:$topic: no file $file"; continue; }
	for function in $(tr -d '`,' <<<"$functions"); do
		grep -Eq "^[a-z].*\b$function(\(|\[.*=)" "$file" ||
			complain "$tour's map:$topic: $file has no $function"
	done
done < <(section "$tour" "Where it is done" | grep '^|.*`.*/.*\.[ch]`')
[ "$rows" -ge 30 ] || complain "$tour's map: $rows rows found"

# The names in specs/ against the items of two sections of nacre-profiles(7).
profiles=runtime/nacre-profiles.7
items() {
	awk -v heading=".Sh $1" '/^\.Sh / { inside = $0 == heading } inside && /^\.It Cm /' "$profiles"
}
for pair in "RULES:specs/rules.h:^	RULE([a-z_]*, \"\([a-z-]*\)\", .*" \
	"GRANTS:specs/harden_grants.c:^	{ \"\([a-z-]*\)\",.*"; do
	IFS=: read -r heading file pattern <<<"$pair"
	names=$(sed -n "s/$pattern/\1/p" "$file" | sort)
	[ -n "$names" ] || complain "$file: no ${heading,,} found"
	difference=$(diff <(echo "$names") <(items "$heading" | cut -d' ' -f3 | sort)) ||
		complain "$profiles, $heading, is not the list of $file:
$difference"
done

# A rule is listed with the profiles that have it, and is named as its function is.
while read -r id name loosest; do
	case $loosest in
	NESTED) expected='nested , agent , strict' ;;
	AGENT) expected='agent , strict' ;;
	STRICT) expected='strict' ;;
	*) complain "specs/rules.h: $name: no profile $loosest" && continue ;;
	esac
	items RULES | grep -qxF ".It Cm $name Pq $expected" ||
		complain "$profiles has no item $name ($expected), as specs/rules.h has it"
	[ "${id//_/-}" = "$name" ] || complain "specs/rules.h: rule_$id is called $name"
done < <(sed -n 's/^	RULE(\([a-z_]*\), "\([a-z-]*\)", \([A-Z]*\), .*/\1 \2 \3/p' specs/rules.h)

# The members that the policy's tables have, against the items of nacre-policy(5).
members=$(sed -n 's/^	FIELD_[A-Z0-9_]*("\([a-z_]*\)", policy\(_[a-z]*\)\{0,1\}, .*/\1/p' specs/policy*.c | sort -u)
[ "$(wc -l <<<"$members")" -ge 15 ] || complain "specs/policy*.c: no members found"
for member in $members; do
	awk '/^\.Sh / { inside = $0 == ".Sh POLICY FILE" } inside && /^\.It Va /' runtime/nacre-policy.5 |
		grep -q "[ .]$member\( \|$\|\.\)" || complain "runtime/nacre-policy.5 has no member $member"
done

tests=tests/integration/cve.t
for name in $(grep -o 'test_[a-z0-9_]*' SECURITY.md); do
	grep -q "^$name()" "$tests" || complain "SECURITY.md: $tests has no $name"
done
for number in $(sed -n 's/^test_cve_\([0-9]*\)_\([0-9]*\)_.*/CVE-\1-\2/p' "$tests" | sort -u); do
	grep -q "$number" SECURITY.md || complain "SECURITY.md does not name $number"
done

# A section of a manual that is named, as "nacre(8), CAVEATS".
references=$(grep -rhoE --include='*.[ch1-8]' --include='*.md' --include='*.t' --include='*.sh' \
	'(lib)?nacre(-[a-z]+)?\([1-8]\), [A-Z]{3}[A-Z ]*' specs libcontainer runtime contrib tests ./*.md | sed 's/ *$//' | sort -u)
[ "$(wc -l <<<"$references")" -ge 5 ] || complain "no references to the manuals found"
while IFS= read -r reference; do
	number=${reference#*(}
	page=runtime/${reference%%(*}.${number%%)*}
	grep -qxF ".Sh ${reference#*, }" "$page" || complain "$reference is named, which does not exist"
done <<<"$references"

# Any other file that is named, by its path or by its name alone.
for file in $(grep -o '`[a-z_/]*\.[ch]`' "$tour" | tr -d '`'); do
	[ -f "$file" ] || [ -f "libcontainer/$file" ] ||
		[ -n "$(find libcontainer specs -name "$file")" ] || complain "$tour: no file $file"
done

exit $failed
