#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What cri.t does, with runc and with containerd-shim-nacre-v2: each feature prints the same, and one shim
# serves a pod.
# shellcheck source=SCRIPTDIR/cri.t
. "$(dirname "$0")/cri.t"
