#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# README.md is short, each block in it can be pasted, each file that it names exists, and its table of
# quickstart has the rows of contrib/agent.py. tests/integration/readme.t pastes the blocks.
# shellcheck disable=SC2013,SC2016 # names without blanks; backquotes of Markdown
set -u
cd "$SOURCE" || exit 1
failed=0

complain() {
	echo "readme: $1" >&2
	failed=1
}

(($(wc -l <README.md) <= 220)) || complain "README.md has more than 220 lines"

# A block is to be pasted (sh), is a policy (json, see policy.t), or shows what is printed (text).
blocks=$(awk '/^```/ { inside = !inside; if (inside) print }' README.md | sort -u | tr '\n' ' ')
[[ $blocks == '```json ```sh ```text ' ]] || complain "the blocks are: $blocks"
# A further one is one more for readme.t, or is run by another test.
headings=$(awk '/^## / { heading = substr($0, 4) } /^```sh$/ { print heading }' README.md | uniq -c | sed 's/^ *//')
[[ $headings == "1 Quick start
1 Sandbox a command
1 Run a container
3 Using nacre with Docker, Podman and Kubernetes
1 My program fails" ]] || complain "the blocks to be pasted are others: $headings"
pasted=$(awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md)
bash -n <<<"$pasted" || complain "a block cannot be pasted"
for word in $(grep -oE '(contrib|tests)/[a-z0-9_./-]+' <<<"$pasted" | sort -u); do
	[[ -e $word ]] || complain "a block names $word, which does not exist"
done

for link in $(grep -oE '\]\([^)#]+\)' README.md | sed 's/^](//; s/)$//' | sort -u); do
	[[ -e $link ]] || complain "a link leads to $link, which does not exist"
done
for page in $(grep -oE '(lib)?nacre(-[a-z]+)?\([1-8]\)' README.md | sort -u); do
	file=runtime/${page%(*}.${page: -2:1}
	[[ -e $file ]] || complain "there is no $file"
done
for file in $(grep -oE '`(contrib|tests|libcontainer|specs)/[a-z0-9_./-]+' README.md | tr -d '`' | sort -u); do
	[[ -e $file ]] || complain "README.md names $file, which does not exist"
done

# In the order in which agent.py tries them.
order=$(sed -n '/^TRIES = (/,/)/p' contrib/agent.py | grep -oE '[a-z]+' )
expected=$(for try in $order; do
	sed -n "/^def $try():/{n; s/^    \"\"\"\(.*\)\"\"\"$/\1/p}" contrib/agent.py
done; echo "the same on the host's network")
found=$(awk '/^AN AGENT/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md | cut -c1-34 | sed 's/ *$//')
difference=$(diff <(echo "$expected") <(echo "$found")) || complain "the table of quickstart is another: $difference"

exit $failed
