/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_defaults(void);

Suite *suite_defaults(void)
{
	return suite_create("defaults");
}
