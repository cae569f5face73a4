/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NACRE_ERROR_H
#define NACRE_NACRE_ERROR_H

/*
 * The one error type of the project; container.h says how the library's calls use it.
 *
 * A value, never on the heap: it survives ENOMEM, and it crosses the socket between the runtime and
 * the container's init in one piece. Callers make it, so it never changes its size. It need not be
 * initialised: it is untouched on success, and whole after a failure.
 *
 * TEXT is one line in lower case without a full stop, reads outside in and holds the offending
 * value: "mounts: mount /proc: Operation not permitted". What does not fit is cut off.
 */
struct nacre_error {
	int code; /* a positive errno value */
	char text[1020]; /* NUL-terminated */
};

#endif
