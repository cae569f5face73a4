/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_sysctl(void);

Suite *suite_sysctl(void)
{
	return suite_create("sysctl");
}
