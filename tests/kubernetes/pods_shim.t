#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What pods.t does, with runc and with containerd-shim-nacre-v2: each feature prints the same.
# shellcheck source=SCRIPTDIR/pods.t
. "$(dirname "$0")/pods.t"
