/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_process_live(void);

Suite *suite_process_live(void)
{
	return suite_create("process_live");
}
