#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What containerd.t does with runc and nacre below containerd's own shim, with runc and with
# containerd-shim-nacre-v2: each feature prints the same.
# shellcheck source=SCRIPTDIR/containerd.t
. "$(dirname "$0")/containerd.t"
