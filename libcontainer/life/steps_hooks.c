/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/process/hooks.h"
#include "specs/defaults.h"

/* The rows that run hooks, of both sides, in the order of life.c. */

/* Opens the output of the hooks that INIT runs, before the fork: the paths are the host's. Later
 * commands open it for their own hooks. */
int step_open_hook_output(struct life *l, struct nacre_error *err)
{
	const struct run_annotations *annotations = &l->container.annotations;

	if (!l->container.config->hooks || l->hook_output.stdout_fd >= 0 ||
		l->hook_output.stderr_fd >= 0)
		return 0;
	return hooks_open_output(
		annotations->hooks_stdout, annotations->hooks_stderr, &l->hook_output, err);
}

struct oci_state step_hook_state(const struct life *l, int64_t pid, const char *status)
{
	return (struct oci_state){
		.oci_version = OCI_VERSION,
		.id = l->container.id,
		.pid = pid,
		.status = status,
		.bundle = l->container.record.bundle,
		.annotations = l->container.record.annotations,
	};
}

static int run_hooks(struct life *l, const char *kind, const struct oci_hook_list *hooks,
	const char *status, int64_t pid, const struct oci_strings *env, struct nacre_error *err)
{
	const struct oci_state state = step_hook_state(l, pid, status);
	cleanup_free char *json = NULL;
	int r;

	l->hook_output.deadline = l->container.deadline;
	r = oci_state_encode(&state, false, &json, err);
	if (r < 0)
		return r;
	return hooks_run(kind, hooks, json, env, &l->hook_output, err);
}

static int run_host_hooks(struct life *l, const char *kind, const struct oci_hook_list *hooks,
	const char *status, int64_t pid, struct nacre_error *err)
{
	int r;

	if (hooks->n == 0)
		return 0;
	r = step_open_hook_output(l, err);
	if (r < 0)
		return r;
	/* A hook of RUNTIME is killed when RUNTIME ends; the hooks that INIT runs end with the
	 * container. */
	l->hook_output.tied = true;
	return run_hooks(l, kind, hooks, status, pid, NULL, err);
}

/* A failed poststop hook is a warning, and the others still run: config.md, Poststop. They run only
 * for a container that is gone: not if create refused an ID that is in use, nor while a record
 * still exists, which the next delete removes. */
int step_run_poststop(struct life *l, struct nacre_error *err)
{
	const struct oci_hook_list *hooks = &l->container.config->hooks->poststop;

	if (!l->state_owned)
		return 0;
	for (size_t i = 0; i < hooks->n; i++) {
		const struct oci_hook_list one = {&hooks->items[i], 1};

		if (run_host_hooks(l, "poststop", &one, "stopped", 0, err) < 0)
			container_warn(&l->container, err->text);
	}
	return 0;
}

int step_hooks_create_runtime(struct life *l, struct nacre_error *err)
{
	const struct oci_hooks *hooks = l->container.config->hooks;
	int r;

	r = run_host_hooks(l, "prestart", &hooks->prestart, "creating", l->container.pid, err);
	if (r < 0)
		return r;
	return run_host_hooks(
		l, "createRuntime", &hooks->create_runtime, "creating", l->container.pid, err);
}

/* config.md, CreateContainer Hooks: they run in the container's namespaces, and their path is in
 * the host's filesystem. */
int step_hooks_create_container(struct life *l, struct nacre_error *err)
{
	const struct oci_hooks *hooks = l->container.config->hooks;

	if (!hooks || !hooks->create_container.n)
		return 0;
	if (fchdir(l->rootfs_fd) < 0)
		return fail_errno(err, errno, "enter the rootfs");
	return run_hooks(
		l, "createContainer", &hooks->create_container, "creating", getpid(), NULL, err);
}

/* config.md, StartContainer Hooks: they run entirely in the container, before its program, with its
 * environment. The hook is a file of the image, so it gets no more rights than the program. */
int step_hooks_start_container(struct life *l, struct nacre_error *err)
{
	struct oci_strings env = {.items = (const char **)l->program.envp};

	/* RUNTIME has taken the listener. If INIT held it too, INIT's own calls would wait for a
	 * tracer or agent that has ended. */
	fd_close(&l->listener);
	while (env.items[env.n])
		env.n++;
	return run_hooks(l, "startContainer", &l->container.config->hooks->start_container,
		"created", getpid(), &env, err);
}

int step_hooks_poststart(struct life *l, struct nacre_error *err)
{
	l->started = true;
	return run_host_hooks(l, "poststart", &l->container.config->hooks->poststart, "running",
		l->container.pid, err);
}
