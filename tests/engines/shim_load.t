#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What containerd_load.t does, with containerd-shim-nacre-v2.
# shellcheck source=SCRIPTDIR/containerd_load.t
. "$(dirname "$0")/containerd_load.t"
