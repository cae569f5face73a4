/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_scheduling(void);

Suite *suite_scheduling(void)
{
	return suite_create("scheduling");
}
