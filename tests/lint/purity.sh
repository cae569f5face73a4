#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# specs/ opens no file and makes no system call: what its objects need from outside stands in purity.txt,
# by the name that the C source has; the C library's headers may make __NAME_chk or __isoc23_NAME of it.
set -u
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }
# A sanitizer's build calls the sanitizer.
found=$(comm -23 <(nm -u "$SPECS" | awk 'NF == 2 { print $2 }' | sort -u) \
	<(nm --defined-only "$SPECS" | awk 'NF == 3 { print $3 }' | sort -u) |
	grep -vE '^__(asan|ubsan|sanitizer|gcov|llvm)_' |
	sed 's/^__isoc[0-9]*_//; s/^__\(.*\)_chk$/\1/' |
	grep -vxFf <(grep -v '^#' "$SOURCE/tests/lint/purity.txt"))
[[ -z $found ]] && exit
echo "purity: specs/ calls what is not in tests/lint/purity.txt:" >&2
echo "$found" >&2
exit 1
