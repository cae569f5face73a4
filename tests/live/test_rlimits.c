/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_rlimits(void);

Suite *suite_rlimits(void)
{
	return suite_create("rlimits");
}
