/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_fdpass(void);

Suite *suite_fdpass(void)
{
	return suite_create("fdpass");
}
