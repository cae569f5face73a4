/* SPDX-License-Identifier: Apache-2.0 */

#include "libcontainer/api/nacre.h"
#include "specs/defaults.h"

const char *nacre_version(void)
{
	return NACRE_VERSION;
}

const char *nacre_spec_version(void)
{
	return OCI_VERSION;
}
