/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_harden(void);

Suite *suite_harden(void)
{
	return suite_create("harden");
}
