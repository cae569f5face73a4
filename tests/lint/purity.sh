#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# specs/ opens no file and makes no system call: what its objects need from outside stands in purity.txt.
set -u
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }
# A sanitizer's build calls the sanitizer.
found=$(comm -23 <(nm -u "$SPECS" | awk 'NF == 2 { print $2 }' | sort -u) \
	<(nm --defined-only "$SPECS" | awk 'NF == 3 { print $3 }' | sort -u) |
	grep -vE '^__(asan|ubsan|sanitizer|gcov|llvm)_' |
	grep -vxFf <(grep -v '^#' "$SOURCE/tests/lint/purity.txt"))
[[ -z $found ]] && exit
echo "purity: specs/ calls what is not in tests/lint/purity.txt:" >&2
echo "$found" >&2
exit 1
