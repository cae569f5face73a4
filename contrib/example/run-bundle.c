/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a bundle as container ID, kills it after SECONDS (0: never), and ends as its program did.
 *
 *	cc -o run-bundle run-bundle.c $(pkg-config --cflags --libs libnacre)
 *
 * The same file is C++: c++ -x c++. To link libnacre statically, but not the libraries that it
 * needs, or all of them and libc:
 *
 *	cc -o run-bundle run-bundle.c $(pkg-config --static --cflags --libs libnacre |
 *		sed 's/-lnacre/-l:libnacre.a/')
 *	cc -static -o run-bundle run-bundle.c $(pkg-config --static --cflags --libs libnacre)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <nacre/container.h>

enum {
	EXIT_USAGE = 2,
	EXIT_OURS = 125, /* what went wrong is not the program's doing: as podman and timeout(1) */
};

static int fail(const struct nacre_error *err)
{
	(void)fprintf(stderr, "run-bundle: %s\n", err->text);
	return EXIT_OURS;
}

static void warn(void *data, const char *text)
{
	(void)fprintf(stderr, "%s: %s\n", (const char *)data, text);
}

static void introduce(struct nacre *nacre, const char *id)
{
	struct nacre_container *container;
	struct nacre_error err;

	if (nacre_inspect(nacre, id, &container, &err) < 0) {
		(void)fail(&err);
		return;
	}
	(void)fprintf(stderr, "%s: %s, pid %d, profile %s\n", container->id,
		nacre_status_name(container->status), (int)container->pid, container->profile);
	nacre_container_free(container);
}

/* Returns the exit status of the program, or 128 plus the number of the signal that ended it. */
static int wait_for(struct nacre_process *process, int seconds, struct nacre_error *err)
{
	struct nacre_error why;
	int status;
	int r = nacre_wait(process, seconds ? seconds * 1000 : -1, &status, err);

	if (r == -ETIMEDOUT) {
		(void)fail(err);
		r = nacre_process_kill(process, err);
		if (r == 0)
			r = nacre_wait(process, 10000, &status, err);
	}
	if (r < 0)
		return fail(err);
	if (status == NACRE_WAIT_UNKNOWN) {
		/* SIGCHLD is ignored, as whoever started this program may have set it. */
		(void)fprintf(
			stderr, "run-bundle: the program has ended, its status is not known\n");
		return EXIT_OURS;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (WTERMSIG(status) == SIGKILL && nacre_process_explain(process, &why))
		(void)fail(&why);
	return 128 + WTERMSIG(status);
}

static int run(struct nacre *nacre, const char *bundle, const char *id, int seconds)
{
	struct nacre_create_options options;
	struct nacre_process *process;
	struct nacre_error err;
	int status;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.bundle = bundle;
	if (nacre_run(nacre, id, &options, &process, &err) < 0)
		return fail(&err);
	introduce(nacre, id);
	status = wait_for(process, seconds, &err);
	nacre_process_release(process);
	return nacre_delete(nacre, id, true, &err) < 0 ? fail(&err) : status;
}

int main(int argc, char *argv[])
{
	struct nacre_options options;
	struct nacre_error err;
	struct nacre *nacre;
	int status;

	/* Before anything else: it runs the program again. */
	if (nacre_self_protect(argv, &err) < 0)
		return fail(&err);
	if (argc != 5) {
		(void)fprintf(stderr, "usage: run-bundle ROOT BUNDLE ID SECONDS\n");
		return EXIT_USAGE;
	}
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.root = argv[1];
	options.warn = warn;
	options.data = argv[0];
	if (nacre_open(&options, &nacre, &err) < 0)
		return fail(&err);
	status = run(nacre, argv[2], argv[3], atoi(argv[4]));
	nacre_close(nacre);
	return status;
}
