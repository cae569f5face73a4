/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_devices(void);

Suite *suite_devices(void)
{
	return suite_create("devices");
}
