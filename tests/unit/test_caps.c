/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_caps(void);

Suite *suite_caps(void)
{
	return suite_create("caps");
}
