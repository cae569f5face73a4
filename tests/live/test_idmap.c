/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_idmap(void);

Suite *suite_idmap(void)
{
	return suite_create("idmap");
}
