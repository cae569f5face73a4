/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONFINE_H
#define NACRE_CONFINE_H

#include "specs/error.h"

/* Takes from this process what it can do by its ids and capabilities, for ever: root becomes
 * nobody, and a user stays who it is. NAME: of the companion, for error texts. */
int confine_drop_ids(const char *name, struct nacre_error *err);

#endif
