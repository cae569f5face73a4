/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_netdev(void);

Suite *suite_netdev(void)
{
	return suite_create("netdev");
}
