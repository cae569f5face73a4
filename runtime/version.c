/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/commands.h"

/* Prints what engines look for: lines that begin with "NAME version ", "commit: " and "spec: ";
 * Docker takes the version from any line with that word. The rest is as runc and crun print it. */
int command_version(struct invocation *in, struct nacre_error *err)
{
	(void)in;
	(void)err;
	printf("nacre version %s\n", nacre_version());
	if (command_commit[0])
		printf("commit: %s\n", command_commit);
	printf("spec: %s\nlibseccomp: %s\n%s\n", nacre_spec_version(), NACRE_LIBSECCOMP,
		NACRE_FEATURES);
	return 0;
}
