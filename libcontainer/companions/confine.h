/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONFINE_H
#define NACRE_CONFINE_H

#include "specs/error.h"

/* Permanently drops the privileges of this process: its capabilities, and if it is root, its ids,
 * which become nobody's. A user's process keeps its id. NAME: of the companion, for error texts. */
int confine_drop_ids(const char *name, struct nacre_error *err);

#endif
