/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/traced_threads.h"

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

void traced_threads_reap(pid_t pid)
{
	const struct dirent *entry;
	char path[64];
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads))) {
		const pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		siginfo_t info;

		if (thread > 0 && thread != pid) /* ECHILD: the shim does not trace it */
			(void)waitid(P_PID, (id_t)thread, &info, WEXITED | WNOHANG | __WALL);
	}
	if (threads)
		(void)closedir(threads);
}
