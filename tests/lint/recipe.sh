#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The recipe "A profile rule" of CONTRIBUTING.md is followed in a copy of the tree, with a rule that takes
# linux.personality out: it must build and pass, in the files that the recipe names, and in no more than it
# promises.
set -u
cd "$SOURCE" || exit 1
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
tree=$work/tree

die() {
	echo "recipe: $1" >&2
	[[ -z ${2:-} ]] || tail -40 "$2" >&2
	exit 1
}

# before LINE-REGEX FILE: puts stdin in front of the one line that matches.
before() {
	cat >"$work/text"
	[[ $(grep -c -- "$1" "$tree/$2") == 1 ]] || die "$2 has not one line like: $1"
	sed "/$1/{
		e cat '$work/text'
	}" "$tree/$2" >"$work/new" && cat "$work/new" >"$tree/$2"
}

follow() {
	before '^	RULE(annotations,' specs/rules.h <<'END'
	RULE(personality, "personality", STRICT, EDITS, CONFIG, \
		"code of the kernel for other personalities is old and hardly used") \
END
	cat >>"$tree/specs/harden_linux.c" <<'END'

int rule_personality(struct hardening *h)
{
	struct oci_linux *linux_ = h->config->linux_;

	if (!linux_ || !linux_->personality)
		return 0;
	harden_note(h, "linux.personality.domain", harden_json_of_string(h, linux_->personality->domain), NULL);
	linux_->personality = NULL;
	return 0;
}
END
	echo '{"config": {"linux": {"personality": {"domain": "LINUX32"}}}}' \
		>"$tree/tests/data/harden/personality.json"
	before '^	c->linux_->rootfs_propagation = NULL;' tests/order.c <<'END'
	c->linux_->personality = NULL; /* to have none is tighter */
END
	before '^\.It Cm annotations Pq' runtime/nacre-profiles.7 <<'END'
.It Cm personality Pq strict
Removes
.Va linux.personality .
END
}

# Every file that a recipe names is there.
# shellcheck disable=SC2013,SC2016 # names without blanks; backquotes of Markdown
for file in $(sed -n '/^## Recipes/,/^## Style/ { /^[0-9]\. / { s/[^`]*`\([^`]*\)`[^`]*/\1 /g; p } }' CONTRIBUTING.md); do
	[[ $file != */* ]] || compgen -G "${file//COMMAND/*}" >/dev/null ||
		die "CONTRIBUTING.md names $file, which is not there"
done

# What CONTRIBUTING.md promises: the files between backquotes at the head of a line, and their number.
recipe=$(awk '/^### / { inside = $0 ~ /^### A profile rule/ } inside' CONTRIBUTING.md)
promised=$(sed -n '1s/.*, at most \([0-9]*\) files$/\1/p' <<<"$recipe")
# shellcheck disable=SC2016 # backquotes of Markdown
mapfile -t named < <(sed -n 's/^[0-9]\. `\([^`]*\)`.*/\1/p' <<<"$recipe")
[[ -n $promised && ${#named[@]} -gt 0 ]] || die "CONTRIBUTING.md has no recipe for a profile rule"

mkdir "$tree"
tar -c --exclude=./.git --exclude='./build*' . | tar -x -C "$tree" || die "no copy"
follow
touched=$(diff -rq -x .git -x 'build*' "$SOURCE" "$tree" |
	sed -n "s,^Files $SOURCE/\([^ ]*\) and .*,\1,p; s,^Only in $tree/\([^:]*\): ,\1/,p")
(($(wc -l <<<"$touched") <= promised)) || die "more than $promised files:"$'\n'"$touched"
while read -r file; do
	for pattern in "${named[@]}"; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $file == $pattern ]] && continue 2
	done
	die "$file is in no line of the recipe"
done <<<"$touched"

# Quick to build: how fast it runs does not matter.
meson setup "$work/build" "$tree" -Dtests=enabled -Doptimization=0 -Ddebug=false >"$work/log" 2>&1 ||
	die "meson setup" "$work/log"
ninja -C "$work/build" tests/unit-specs >"$work/log" 2>&1 || die "it does not build" "$work/log"
export NACRE_TEST_DATA=$tree/tests/data CK_TIMEOUT_MULTIPLIER=10
CK_RUN_SUITE=harden_golden UPDATE_GOLDEN=1 "$work/build/tests/unit-specs" >"$work/log" 2>&1
grep -q '"linux.personality: removed {\\"domain\\":\\"LINUX32\\"}"' "$tree/tests/data/harden/personality.json" ||
	die "the golden file was not written" "$work/log"
"$work/build/tests/unit-specs" >"$work/log" 2>&1
grep '^not ok' "$work/log" >&2 && die "unit tests fail"
grep -q '^ok' "$work/log" || die "no unit test ran" "$work/log"
SOURCE=$tree bash "$tree/tests/lint/map.sh" || die "the documents do not fit"
