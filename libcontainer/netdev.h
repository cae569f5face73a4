/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NETDEV_H
#define NACRE_NETDEV_H

#include "specs/error.h"

/* Brings the loopback device of the caller's network namespace up. */
int netdev_loopback_up(struct nacre_error *err);

#endif
