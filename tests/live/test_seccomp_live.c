/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_seccomp_live(void);

Suite *suite_seccomp_live(void)
{
	return suite_create("seccomp_live");
}
