/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What library.t asks of libnacre beyond contrib/example: a program of its own, compiled against
 * what is installed. As C and as C++.
 *
 *	library ROOT create BUNDLE ID	creates, inspects, starts, waits; prints what it saw
 *	library ROOT start ID		starts what another process created, and waits
 *	library ROOT start-short ID	tries to start it with ever more fds, until there are enough
 *	library ROOT run BUNDLE ID	runs and deletes it, without a cgroup if need be
 *	library ROOT kill ID		starts it, gives it half a second, and kills all of it
 *	library ROOT threads BUNDLE ID	starts one with traced denials while there is a second
 *thread, and then without library ROOT exec BUNDLE ID ID	runs the first, execs in it, deletes
 *it, runs the second; children of its own are born where they were library ROOT list
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nacre/container.h>

enum {
	WAIT_MS = 20000,
};

static struct nacre_error err;

static void must(int r)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "library: %s\n", err.text);
	exit(1);
}

static void print(const struct nacre_container *container)
{
	(void)printf("%s %s pid=%d bundle=%s rootfs=%s created=%s owner=%s profile=%s",
		container->id, nacre_status_name(container->status), container->pid > 0,
		container->bundle, container->rootfs, *container->created ? "set" : "",
		container->owner, container->profile);
	for (size_t i = 0; container->annotations[i]; i += 2)
		(void)printf(" %s=%s", container->annotations[i], container->annotations[i + 1]);
	(void)printf("\n");
}

static void inspect(struct nacre *nacre, const char *id)
{
	struct nacre_container *container;

	must(nacre_inspect(nacre, id, &container, &err));
	print(container);
	nacre_container_free(container);
}

static void start(struct nacre *nacre, const char *id)
{
	struct nacre_process *process;
	int status;

	must(nacre_start(nacre, id, &process, &err));
	must(nacre_wait(process, WAIT_MS, &status, &err));
	if (status == NACRE_WAIT_UNKNOWN)
		(void)printf("ended\n");
	else
		(void)printf("exit code %d\n", WEXITSTATUS(status));
	nacre_process_release(process);
	inspect(nacre, id);
}

static void start_and_kill(struct nacre *nacre, const char *id)
{
	struct nacre_process *process;
	int status;

	must(nacre_start(nacre, id, &process, &err));
	if (nacre_wait(process, 500, &status, &err) != -ETIMEDOUT)
		exit(3);
	must(nacre_process_kill(process, &err));
	must(nacre_wait(process, WAIT_MS, &status, &err));
	nacre_process_release(process);
}

static int lowest_free_fd(void)
{
	const int fd = dup(STDIN_FILENO);

	(void)close(fd);
	return fd;
}

static void run(struct nacre *nacre, const char *bundle, const char *id)
{
	const int free_before = lowest_free_fd();
	struct nacre_create_options options;
	struct nacre_process *process;
	int status;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.bundle = bundle;
	options.profile = "oci";
	options.rootless = "true";
	must(nacre_run(nacre, id, &options, &process, &err));
	must(nacre_wait(process, WAIT_MS, &status, &err));
	nacre_process_release(process);
	must(nacre_delete(nacre, id, 1, &err));
	(void)printf("fds leaked: %d\n", lowest_free_fd() - free_before);
}

/* What fails leaves a container that can be started: it is tried again on the same one. */
static void start_short_of_fds(struct nacre *nacre, const char *id)
{
	const int first = lowest_free_fd();
	struct nacre_process *process = NULL;
	struct nacre_container *container;
	struct rlimit before, few;
	unsigned failed = 0;
	int r = -1;

	if (first < 0 || getrlimit(RLIMIT_NOFILE, &before) < 0)
		exit(2);
	few = before;
	for (few.rlim_cur = (rlim_t)first; r < 0 && few.rlim_cur < (rlim_t)first + 50;
		few.rlim_cur++) {
		if (setrlimit(RLIMIT_NOFILE, &few) < 0)
			exit(2);
		r = nacre_start(nacre, id, &process, &err);
		if (setrlimit(RLIMIT_NOFILE, &before) < 0)
			exit(2);
		failed += r < 0;
		if (r == 0)
			break;
		must(nacre_inspect(nacre, id, &container, &err));
		if (container->status != NACRE_CREATED) {
			(void)printf(
				"%s after: %s\n", nacre_status_name(container->status), err.text);
			exit(3);
		}
		nacre_container_free(container);
	}
	must(r);
	nacre_process_release(process);
	(void)printf("%s\n", failed > 3 ? "started after errors" : "it never failed");
}

static void create(struct nacre *nacre, const char *bundle, const char *id)
{
	struct nacre_create_options options;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.bundle = bundle;
	options.profile = "oci";
	must(nacre_create(nacre, id, &options, &err));
	inspect(nacre, id);
	(void)fflush(stdout);
	start(nacre, id);
}

static void *wait_for_lock(void *lock)
{
	(void)pthread_mutex_lock((pthread_mutex_t *)lock);
	(void)pthread_mutex_unlock((pthread_mutex_t *)lock);
	return NULL;
}

static void start_with_threads(struct nacre *nacre, const char *bundle, const char *id)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct nacre_create_options options;
	pthread_t thread;
	int r;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.bundle = bundle;
	options.trace_denials = true;
	must(nacre_create(nacre, id, &options, &err));
	(void)pthread_mutex_lock(&lock);
	if (pthread_create(&thread, NULL, wait_for_lock, &lock) != 0)
		exit(6);
	r = nacre_start(nacre, id, NULL, &err);
	(void)printf("%s\n", r == -EBUSY ? err.text : "not refused");
	(void)pthread_mutex_unlock(&lock);
	(void)pthread_join(thread, NULL);
	must(nacre_start(nacre, id, NULL, &err));
	must(nacre_delete(nacre, id, true, &err));
}

/* What decides where a child of this process is born. */
static void children_ns(char ret_text[2][64])
{
	static const char *const names[] = {
		"/proc/self/ns/pid_for_children", "/proc/self/ns/time_for_children"};

	for (int i = 0; i < 2; i++) {
		memset(ret_text[i], 0, sizeof(ret_text[i]));
		if (readlink(names[i], ret_text[i], sizeof(ret_text[i]) - 1) < 0)
			exit(4);
	}
}

static void run_sleeper(struct nacre *nacre, const char *bundle, const char *id)
{
	struct nacre_create_options options;
	struct nacre_process *process;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.bundle = bundle;
	options.profile = "oci";
	must(nacre_run(nacre, id, &options, &process, &err));
	nacre_process_release(process);
}

static int exec_payload(struct nacre *nacre, const char *id, const char *program)
{
	const char *args[] = {program, "exit", "7", NULL};
	struct nacre_exec_options options;
	struct nacre_process *process;
	int status, r;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.args = args;
	r = nacre_exec(nacre, id, &options, &process, &err);
	if (r < 0)
		return r;
	must(nacre_wait(process, WAIT_MS, &status, &err));
	nacre_process_release(process);
	(void)printf("exit code %d\n", WEXITSTATUS(status));
	return 0;
}

static void run_and_exec(
	struct nacre *nacre, const char *bundle, const char *first, const char *second)
{
	char before[2][64], after[2][64];

	children_ns(before);
	run_sleeper(nacre, bundle, first);
	must(exec_payload(nacre, first, "/payload"));
	children_ns(after);
	if (memcmp(before, after, sizeof(before)) != 0)
		(void)printf("after exec: %s %s\n", after[0], after[1]);
	if (exec_payload(nacre, first, "/no/such/program") == 0)
		exit(5);
	children_ns(after);
	if (memcmp(before, after, sizeof(before)) != 0)
		(void)printf("after a failed exec: %s %s\n", after[0], after[1]);
	must(nacre_delete(nacre, first, true, &err));
	run_sleeper(nacre, bundle, second);
	must(nacre_delete(nacre, second, true, &err));
}

static void list(struct nacre *nacre)
{
	struct nacre_containers *containers, *ids;
	size_t i;
	char *json;

	must(nacre_list(nacre, &containers, &err));
	must(nacre_list_ids(nacre, &ids, &err));
	for (i = 0; i < nacre_containers_size(ids); i++)
		if (strcmp(nacre_containers_get(ids, i)->id,
			    nacre_containers_get(containers, i)->id) != 0)
			exit(1);
	if (i != nacre_containers_size(containers) ||
		nacre_containers_json(ids, &json, &err) != -EINVAL)
		exit(1);
	nacre_containers_free(ids);
	for (i = 0; i < nacre_containers_size(containers); i++)
		print(nacre_containers_get(containers, i));
	if (nacre_containers_get(containers, nacre_containers_size(containers)))
		exit(1);
	must(nacre_containers_json(containers, &json, &err));
	(void)printf("%s\n", json);
	free(json);
	nacre_containers_free(containers);
}

int main(int argc, char *argv[])
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct nacre_options options;
	struct nacre *nacre;

	must(nacre_self_protect(argv, &err));
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.root = argv[1];
	must(nacre_open(&options, &nacre, &err));
	if (strcmp(verb, "create") == 0 && argc == 5)
		create(nacre, argv[3], argv[4]);
	else if (strcmp(verb, "start") == 0 && argc == 4)
		start(nacre, argv[3]);
	else if (strcmp(verb, "start-short") == 0 && argc == 4)
		start_short_of_fds(nacre, argv[3]);
	else if (strcmp(verb, "run") == 0 && argc == 5)
		run(nacre, argv[3], argv[4]);
	else if (strcmp(verb, "kill") == 0 && argc == 4)
		start_and_kill(nacre, argv[3]);
	else if (strcmp(verb, "threads") == 0 && argc == 5)
		start_with_threads(nacre, argv[3], argv[4]);
	else if (strcmp(verb, "exec") == 0 && argc == 6)
		run_and_exec(nacre, argv[3], argv[4], argv[5]);
	else if (strcmp(verb, "list") == 0)
		list(nacre);
	else
		exit(2);
	nacre_close(nacre);
	return 0;
}
