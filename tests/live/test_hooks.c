/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_hooks(void);

Suite *suite_hooks(void)
{
	return suite_create("hooks");
}
