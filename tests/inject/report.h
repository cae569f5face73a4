/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_REPORT_H
#define NACRE_TESTS_INJECT_REPORT_H

#include "tests/inject/cases.h"

/* Prints TAP, a test for each command and fault, of those cases that were WANTED, and one that sees
 * that most were reached. Returns whether all is well. */
bool report(const struct cases *cases, const bool *wanted);

#endif
