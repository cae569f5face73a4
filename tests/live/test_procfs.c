/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_procfs(void);

Suite *suite_procfs(void)
{
	return suite_create("procfs");
}
