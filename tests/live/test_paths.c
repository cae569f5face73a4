/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_paths(void);

Suite *suite_paths(void)
{
	return suite_create("paths");
}
