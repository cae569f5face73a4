/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_life(void);

Suite *suite_life(void)
{
	return suite_create("life");
}
