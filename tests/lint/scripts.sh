#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every shell script passes shellcheck.
set -u
cd "$SOURCE" || exit 1
command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(
	find contrib tests .ci -type f \( -name '*.sh' -o -name '*.t' \)
	find contrib tests .ci -type f ! -name '*.*' -exec \
		awk 'FNR == 1 && (/^#!.*sh$/ || /shellcheck shell=/) { print FILENAME }' {} +
)
shellcheck -x -P SCRIPTDIR "${scripts[@]}"
