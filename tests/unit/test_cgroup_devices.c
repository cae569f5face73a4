/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_cgroup_devices(void);

Suite *suite_cgroup_devices(void)
{
	return suite_create("cgroup_devices");
}
