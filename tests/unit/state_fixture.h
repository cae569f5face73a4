/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_STATE_FIXTURE_H
#define NACRE_TEST_STATE_FIXTURE_H

#include "specs/state.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct nacre_error err;

static struct oci_pair annotations[] = {{"com.example.a", "1"}, {"com.example.b", ""}};

static inline void set_up(void)
{
	arena = arena_new(1 << 20);
}

static inline void tear_down(void)
{
	arena_free(arena);
}

#endif
