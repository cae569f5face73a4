/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_validate(void);

Suite *suite_validate(void)
{
	return suite_create("validate");
}
