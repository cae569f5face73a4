/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_MESSAGE_H
#define NACRE_SYSTEMD_MESSAGE_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "specs/error.h"

/* Part of nacre-systemd. Appends the properties of TEXT (systemd_property.h) as a(sv), the optional
 * ones only if OPTIONAL. RET_OPTIONAL: whether TEXT has any. */
int message_append_properties(sd_bus_message *message, const char *text, bool optional,
	bool *ret_optional, struct nacre_error *err);

#endif
