/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_arena(void);

Suite *suite_arena(void)
{
	return suite_create("arena");
}
