/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_seccomp(void);

Suite *suite_seccomp(void)
{
	return suite_create("seccomp");
}
