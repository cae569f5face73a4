/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_cgroup(void);

Suite *suite_cgroup(void)
{
	return suite_create("cgroup");
}
