/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_masks(void);

Suite *suite_masks(void)
{
	return suite_create("masks");
}
