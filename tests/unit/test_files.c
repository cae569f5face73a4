/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_files(void);

Suite *suite_files(void)
{
	return suite_create("files");
}
