/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_rootfs(void);

Suite *suite_rootfs(void)
{
	return suite_create("rootfs");
}
