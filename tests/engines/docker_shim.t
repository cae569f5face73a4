#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What docker.t does, with runc and with containerd-shim-nacre-v2: each feature prints the same. Docker 23 and
# later.
# shellcheck source=SCRIPTDIR/docker.t
. "$(dirname "$0")/docker.t"
