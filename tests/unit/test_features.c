/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_features(void);

Suite *suite_features(void)
{
	return suite_create("features");
}
