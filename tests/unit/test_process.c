/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_process(void);

Suite *suite_process(void)
{
	return suite_create("process");
}
