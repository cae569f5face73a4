/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_cgroup_limits(void);

Suite *suite_cgroup_limits(void)
{
	return suite_create("cgroup_limits");
}
