/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_cgroup_devices_live(void);

Suite *suite_cgroup_devices_live(void)
{
	return suite_create("cgroup_devices_live");
}
