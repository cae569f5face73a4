/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_mount_options(void);

Suite *suite_mount_options(void)
{
	return suite_create("mount_options");
}
