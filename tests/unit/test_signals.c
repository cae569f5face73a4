/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_signals(void);

Suite *suite_signals(void)
{
	return suite_create("signals");
}
