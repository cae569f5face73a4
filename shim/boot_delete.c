/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/container.h"
#include "shim/boot.h"
#include "shim/command.h"
#include "shim/options.h"
#include "shim/task.h"
#include "shim/task_nacre.h"

/* Leaves the socket of a killed shim: the next shim of the group takes it. */
int boot_delete(const struct boot *boot)
{
	Wire__DeleteResponse response = WIRE__DELETE_RESPONSE__INIT;
	Wire__Time now = task_now();
	struct options options;
	char cwd[PATH_MAX], file[PATH_MAX + 16], text[JOB_TEXT] = "";
	const char *bundle = boot->bundle[0] ? boot->bundle : getcwd(cwd, sizeof(cwd));
	pid_t pid;
	int r;

	if (!bundle) {
		(void)fprintf(stderr, "the bundle: %s\n", strerror(errno));
		return -1;
	}
	(void)snprintf(file, sizeof(file), "%s/init.pid", bundle);
	pid = command_read_pid(file);
	r = options_kept(bundle, &options, text);
	if (r == 0)
		r = task_undo_create(options.root, boot->id, bundle, text);
	if (text[0])
		(void)fprintf(stderr, "%s\n", text);
	if (r < 0)
		return -1;
	response.pid = pid > 0 ? (uint32_t)pid : 0;
	response.exit_status = 128 + 9;
	response.exited_at = &now;
	return boot_answer(&response);
}

int boot_info(void)
{
	Wire__RuntimeInfo info = WIRE__RUNTIME_INFO__INIT;
	Wire__RuntimeVersion version = WIRE__RUNTIME_VERSION__INIT;
	Wire__Any features = WIRE__ANY__INIT;
	struct nacre_error err;
	char *json = NULL;
	int r;

	version.version = (char *)nacre_version();
	info.name = (char *)"io.containerd.nacre.v2";
	info.version = &version;
	if (nacre_features(&json, &err) == 0) {
		features.type_url = (char *)"types.containerd.io/opencontainers/runtime-spec/1/"
					    "features/Features";
		features.value.data = (uint8_t *)json;
		features.value.len = strlen(json);
		info.features = &features;
	} else {
		(void)fprintf(stderr, "features: %s\n", err.text);
	}
	r = boot_answer(&info);
	free(json);
	return r;
}
