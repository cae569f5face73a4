#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the commit that the source is of, for `nacre --version`; nothing if that is not known.
set -eu

# `git archive` puts the commit here, see .gitattributes.
# shellcheck disable=SC2016 # not the shell's
archived='$Format:%H$'
top=$(cd "$(dirname "$0")/.." && pwd)
case $archived in
[0-9a-f]*) echo "$archived" ;;
*)
	# The repository must be this one, and not one that the source was unpacked in.
	[ ! -e "$top/.git" ] || git -C "$top" describe --always --abbrev=40 --exclude='*' --dirty
	;;
esac
