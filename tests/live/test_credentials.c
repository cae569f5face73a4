/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_credentials(void);

Suite *suite_credentials(void)
{
	return suite_create("credentials");
}
