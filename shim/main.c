/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "libcontainer/container.h"
#include "shim/boot.h"
#include "shim/call.h"
#include "shim/job.h"
#include "shim/log.h"
#include "shim/loop.h"
#include "shim/publish.h"
#include "shim/service.h"
#include "shim/task.h"

/* The name of the program selects the profile: containerd runs containerd-shim-nacre-strict-v2 for
 * the runtime io.containerd.nacre-strict.v2. */
static const struct {
	const char *program, *profile, *nacre;
} profiles[] = {
	{"containerd-shim-nacre-oci-v2", "oci", NACRE_BINARY "-oci"},
	{"containerd-shim-nacre-nested-v2", "nested", NACRE_BINARY "-nested"},
	{"containerd-shim-nacre-strict-v2", "strict", NACRE_BINARY "-strict"},
};

struct flag {
	const char *name;
	const char **value; /* NULL: the flag takes no value */
	bool *given;
};

/* Reads flags as Go's package flag does: -name value or -name=value, with one dash or two, up to
 * the first word that is not a flag, which is returned. */
static const char *read_flags(char **argv, const struct flag *flags)
{
	for (char **at = argv + 1; *at; at++) {
		const char *word = *at + 1 + ((*at)[1] == '-');
		const struct flag *flag = flags;
		size_t n = strcspn(word, "=");

		if ((*at)[0] != '-')
			return *at;
		while (flag->name && (strlen(flag->name) != n || strncmp(flag->name, word, n) != 0))
			flag++;
		if (!flag->name || (flag->value && !word[n] && !at[1])) {
			(void)fprintf(stderr, "containerd-shim-nacre-v2: unknown flag %s\n", *at);
			return NULL;
		}
		if (flag->given)
			*flag->given = true;
		if (flag->value)
			*flag->value = word[n] ? word + n + 1 : *++at;
	}
	return "";
}

static void child_ended(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info[8];

	(void)events;
	if (read(source->fd, info, sizeof(info)) > 0)
		task_reap();
}

static int serve(const struct boot *boot)
{
	static struct source signals = {.ready = child_ended};
	sigset_t set;

	/* Returns large blocks to the kernel: the memory that this process keeps is the cost of a
	 * pod. */
	(void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	job_raise_files();
	log_open();
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.fd < 0 || loop_open() < 0 || loop_watch(&signals, EPOLLIN) < 0 ||
		call_serve(boot->listener_fd, boot->socket) < 0)
		return EXIT_FAILURE;
	publish_open(boot->ttrpc_address);
	service_unused();
	(void)loop_run();
	call_stop_serving();
	return EXIT_SUCCESS;
}

static void find_profile(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(slash ? slash + 1 : path, profiles[i].program) != 0)
			continue;
		task_profile = profiles[i].profile;
		task_nacre = profiles[i].nacre;
	}
}

int main(int argc, char **argv)
{
	struct boot boot = {
		.namespace = "", .id = "", .bundle = "", .address = "", .listener_fd = -1};
	const char *unused, *action;
	bool info = false, version = false;
	const struct flag flags[] = {{"namespace", &boot.namespace, NULL}, {"id", &boot.id, NULL},
		{"bundle", &boot.bundle, NULL}, {"address", &boot.address, NULL},
		{"publish-binary", &unused, NULL}, {"socket", &unused, NULL},
		{"debug-socket", &unused, NULL}, {"debug", NULL, NULL}, {"info", NULL, &info},
		{"v", NULL, &version}, {"version", NULL, &version}, {NULL, NULL, NULL}};
	int r;

	action = argc > 0 ? read_flags(argv, flags) : NULL;
	if (!action)
		return EXIT_FAILURE;
	if (version)
		return printf("%s: version %s\n", argv[0], nacre_version()) < 0;
	if (info)
		return boot_info() < 0;
	find_profile(argv[0]);
	task_namespace = boot.namespace;
	boot.ttrpc_address = getenv("TTRPC_ADDRESS");
	if (!boot.namespace[0] || !boot.id[0] || strchr(boot.id, '/')) {
		(void)fprintf(stderr, "containerd-shim-nacre-v2: the flags -namespace and -id are "
				      "missing: containerd runs this program, not a user\n");
		return EXIT_FAILURE;
	}
	if (strcmp(action, "delete") == 0)
		return boot_delete(&boot) < 0;
	if (strcmp(action, "start") != 0) {
		(void)fprintf(stderr,
			"containerd-shim-nacre-v2: unknown action %s; expected start or delete\n",
			action);
		return EXIT_FAILURE;
	}
	r = boot_start(&boot);
	return r > 0 ? serve(&boot) : r < 0;
}
