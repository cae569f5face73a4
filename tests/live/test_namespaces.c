/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_namespaces(void);

Suite *suite_namespaces(void)
{
	return suite_create("namespaces");
}
