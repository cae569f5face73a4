/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/bwrap.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "runtime/inherit.h"
#include "specs/error.h"

enum {
	FAILURE = 1, /* bubblewrap's exit status for a failure of its own */
};

bool bwrap_is_name(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *base = slash ? slash + 1 : name;

	return base && (strcmp(base, "bwrap") == 0 || strcmp(base, "nacre-bwrap") == 0);
}

/* Makes the process die with its caller. PARENT: the caller when the process began. */
static int end_with(pid_t parent, struct nacre_error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_PDEATHSIG");
	if (getppid() != parent)
		(void)raise(SIGKILL);
	return 0;
}

static int open_state(
	struct invocation *in, const struct nacre_bwrap *bwrap, struct nacre_error *err)
{
	const char *const *root = nacre_bwrap_roots(bwrap);
	struct nacre_options options = {
		.size = sizeof(options),
		.warn = log_warn,
		.data = &in->log,
		.expendable = true,
		.untrusted = true,
	};
	struct nacre_error why;
	int r;

	do {
		options.root = *root;
		r = nacre_open(&options, &in->nacre, &why);
		/* In another sandbox the directory may exist and be read-only. */
		if (r == 0 && access(*root, W_OK) < 0) {
			r = fail_errno(&why, errno, "%s", *root);
			nacre_close(in->nacre);
			in->nacre = NULL;
		}
	} while (r < 0 && *++root);
	return r < 0 ? fail(err, why.code, "no place for the state: %s", why.text) : 0;
}

/* Deletes sandboxes that have ended and still have a state, because their nacre was killed with
 * SIGKILL, as agents do. Such a state is only files, and a sandbox may have forged it. A sandbox
 * that ends just now may be deleted by either process. */
static void sweep(struct invocation *in)
{
	struct nacre_containers *list;
	const struct nacre_container *container;
	struct nacre_error err;

	if (nacre_list(in->nacre, &list, &err) < 0)
		return;
	for (size_t i = 0; (container = nacre_containers_get(list, i)); i++)
		if (container->status == NACRE_STOPPED)
			(void)nacre_delete(in->nacre, container->id, false, &err);
	nacre_containers_free(list);
}

/* Removes the last of the roots, if it is empty. Mostly it does not exist. */
static void remove_last(const char *const *roots)
{
	while (roots[1])
		roots++;
	(void)rmdir(*roots);
}

static int serve(struct invocation *in, const struct nacre_bwrap *bwrap, struct nacre_error *err)
{
	int r = run_make_up_id(in, "bwrap", err);

	in->cgroup_manager = "disabled";
	in->signals_end = true;
	in->create.profile = "oci";
	in->create.kill_on_exit = true;
	nacre_bwrap_options(bwrap, &in->create);
	if (r == 0)
		r = inherit_only(in->create.preserve_fds, err);
	if (r == 0)
		r = open_state(in, bwrap, err);
	if (r < 0)
		return r;
	sweep(in);
	r = run_begin_container(in, run_new, err);
	remove_last(nacre_bwrap_roots(bwrap));
	return r;
}

static int act(struct invocation *in, char *const argv[], pid_t parent, struct nacre_error *err)
{
	const char *const *words = (const char *const *)argv + 1;
	struct nacre_bwrap *bwrap;
	int r = inherit_sane_process(err);

	/* Comes first because it may run the program again, and fds that nacre_bwrap_read reads can
	 * be read only once. */
	if (r == 0)
		r = nacre_self_protect(argv, err);
	if (r == 0)
		r = nacre_bwrap_read(words, &bwrap, err);
	if (r < 0)
		return r;
	if (nacre_bwrap_print(bwrap)) {
		if (fputs(nacre_bwrap_print(bwrap), stdout) < 0 || fflush(stdout) != 0)
			r = fail_errno(err, errno, "write to stdout");
	} else {
		r = nacre_bwrap_dies_with_parent(bwrap) ? end_with(parent, err) : 0;
		if (r == 0)
			r = serve(in, bwrap, err);
	}
	nacre_bwrap_release(bwrap);
	return r;
}

/* Ends by signal SIG, as the caller would see bubblewrap end. */
static void end_by(int sig)
{
	sigset_t set;

	(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, sig);
	(void)raise(sig);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Repeats the error in bubblewrap's words: Codex looks for them, and then tries again without
 * --proc, as it may need to inside a container. */
static void say_as_bubblewrap(const struct nacre_error *err)
{
	if (strstr(err->text, ": proc: mount the filesystem: "))
		fprintf(stderr, "bwrap: Can't mount proc on /newroot/proc: %s\n",
			strerror(err->code));
}

int bwrap_main(char *const argv[])
{
	struct invocation in = {.create.size = sizeof(in.create)};
	const pid_t parent = getppid();
	struct nacre_error err;
	int r;

	/* Makes malloc(3) take no mmap(2) blocks: see wipe.h. */
	(void)mallopt(M_MMAP_MAX, 0);
	r = log_open(&in.log, NULL, NULL, "error", &err);
	if (r >= 0)
		r = act(&in, argv, parent, &err);
	if (r < 0) {
		log_line(&in.log, LOG_ERROR, err.text);
		say_as_bubblewrap(&err);
		r = FAILURE;
	}
	nacre_close(in.nacre);
	log_close(&in.log);
	if (in.ended_by)
		end_by(in.ended_by);
	return r;
}
