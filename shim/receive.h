/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_RECEIVE_H
#define NACRE_SHIM_RECEIVE_H

#include "shim/ttrpc.h"

/* Reads once from a socket. Returns 1 if a frame is whole (see ttrpc_input_take), 0 if it is not
 * yet, -errno if the connection must be closed; -EPIPE: the other end has closed it. */
int receive_frame(
	int fd, struct ttrpc_input *in, struct ttrpc_head *ret_head, const uint8_t **ret_message);

#endif
