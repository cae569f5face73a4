/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/container.h"
#include "shim/boot.h"
#include "shim/command.h"
#include "shim/options.h"
#include "shim/rootfs.h"
#include "shim/task.h"

/* This process does nothing else: it may wait. */
static int run_delete(const char *root, const char *id)
{
	const char *const argv[] = {NACRE_BINARY, "--root", root, "delete", "--force", id, NULL};
	char state[PATH_MAX + 256];
	pid_t pid;
	int status;

	/* nacre's state goes last: without it nothing is left. The usual end of a container. */
	(void)snprintf(state, sizeof(state), "%s/%s", root, id);
	if (access(state, F_OK) < 0 && errno == ENOENT)
		return 0;
	pid = fork();
	if (pid == 0) {
		(void)execv(argv[0], (char *const *)argv);
		(void)fprintf(stderr, "run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return status == 0 ? 0 : -1;
}

/* The socket of a killed shim stays: the next of the group takes it. */
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
		r = run_delete(options.root, boot->id);
	if (rootfs_unmount(bundle, text) < 0)
		r = -1;
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
