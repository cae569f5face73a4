/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_seal(void);

Suite *suite_seal(void)
{
	return suite_create("seal");
}
