/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_terminal(void);

Suite *suite_terminal(void)
{
	return suite_create("terminal");
}
