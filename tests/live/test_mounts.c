/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_mounts(void);

Suite *suite_mounts(void)
{
	return suite_create("mounts");
}
