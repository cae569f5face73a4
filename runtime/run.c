/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "runtime/console.h"
#include "runtime/foreground.h"
#include "runtime/notify.h"
#include "specs/error.h"

const struct option_row run_rows[] = {
	/* clang-format off */
	{"detach", 'd', FLAG(create.detach), NULL, "return once the program runs"},
	{"timeout", 0, DURATION(timeout_ms), "TIME", "kill the container after TIME, 30s or 1h30m, and exit with 124"},
	{"keep", 0, FLAG(keep), NULL, "do not delete the container when it has ended"},
	{"keep-report", 0, TEXT(keep_report), "FILE", "write what was refused to FILE when it has ended, as explain --format json"},
	{NULL},
	/* clang-format on */
};

/* Logs failures only: the exit status is the program's, also if its container could not be
 * deleted. */
static void delete_after_run(struct invocation *in)
{
	struct nacre_error err;

	if (nacre_delete(in->nacre, in->id, true, &err) < 0) {
		(void)fail_prefix(&err, "delete %s after it ended", in->id);
		log_line(&in->log, LOG_WARNING, err.text);
	}
}

void run_record_exit(const struct invocation *in, const struct nacre_process *process, int status)
{
	struct nacre_error err;

	if (status >= 0 && nacre_process_audited(process) &&
		nacre_exited(in->nacre, in->id, nacre_process_pid(process), status, &err) < 0)
		log_line(&in->log, LOG_WARNING, err.text);
}

void run_explain_end(const struct invocation *in, const struct foreground *fg)
{
	struct nacre_error why = fg->why;

	if (!fg->explained)
		return;
	(void)fail_prefix(&why, "container %s", in->id);
	log_line(&in->log, LOG_ERROR, why.text);
}

bool run_shows_refusals(const struct invocation *in)
{
	return in->create.trace_denials || isatty(STDERR_FILENO);
}

/* Prints refusals in short form. */
static void tell_refusals(const struct invocation *in, bool failed)
{
	const enum nacre_explain_format format = failed ? NACRE_EXPLAIN_FAILURE
							: NACRE_EXPLAIN_SUMMARY;
	struct nacre_error err;
	char *text;

	if (!run_shows_refusals(in))
		return;
	if (nacre_explain(in->nacre, in->id, format, &text, &err) < 0) {
		(void)fail_prefix(&err, "cannot report what was refused");
		log_line(&in->log, LOG_WARNING, err.text);
		return;
	}
	log_text(text);
	free(text);
}

static int write_report(const struct invocation *in, int fd, struct nacre_error *err)
{
	char *text;
	int r = nacre_explain(in->nacre, in->id, NACRE_EXPLAIN_JSON, &text, err);

	if (r < 0)
		return r;
	if (dprintf(fd, "%s", text) < 0)
		r = -errno;
	free(text);
	return r < 0 ? fail_errno(err, r, "write") : 0;
}

/* Reports the end while the container still exists: its deletion takes the facts away. REPORT: -1:
 * no report is wanted. FAILED: the program has failed. */
static void report_end(const struct invocation *in, int report, bool failed)
{
	struct nacre_error err;

	tell_refusals(in, failed);
	if (report >= 0 && write_report(in, report, &err) < 0) {
		(void)fail_prefix(&err, "--keep-report: %s", in->keep_report);
		log_line(&in->log, LOG_WARNING, err.text);
	}
}

/* Opens the report before anything runs, so that a wrong path is reported then. Returns -1 if no
 * report is wanted. */
static int open_report(const struct invocation *in, struct nacre_error *err)
{
	int fd;

	if (!in->keep_report)
		return -1;
	fd = open(in->keep_report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	return fd < 0 ? fail_errno(err, errno, "--keep-report: open %s", in->keep_report) : fd;
}

static int begin_detached(struct invocation *in, begin_fn *begin, struct nacre_error *err)
{
	struct nacre_process *process;
	int r = begin(in, &process, err);

	if (r < 0)
		return r;
	r = notify_wait(process, err);
	nacre_process_release(process);
	return r;
}

/* Serves the first process until its end, and then deletes the container, unless it is to be
 * kept. */
static int begin_foreground(
	struct invocation *in, struct foreground *fg, begin_fn *begin, struct nacre_error *err)
{
	struct nacre_process *process;
	struct nacre_error why;
	int report = open_report(in, err), r;

	if (report < 0 && in->keep_report)
		return report;
	fg->signals_end = in->signals_end;
	in->create.window = console_window();
	r = in->own_stdin ? stdin_pipe_open(&fg->input, &why) : 0;
	if (r == 0)
		r = begin(in, &process, &why);
	stdin_pipe_restore(&fg->input);
	if (r < 0) {
		r = foreground_not_begun(fg, r, &why, err);
		run_explain_end(in, fg);
	} else {
		r = foreground_serve(fg, process, err);
		in->ended_by = fg->ended_by;
		run_record_exit(in, process, r);
		nacre_process_release(process);
		run_explain_end(in, fg);
		report_end(in, report, r > 0);
		/* Deletes the container also if it could not be served: it must not go on alone. */
		if (r < 0 || !in->keep)
			delete_after_run(in);
	}
	if (report >= 0)
		(void)close(report);
	return r;
}

int run_begin_container(struct invocation *in, begin_fn *begin, struct nacre_error *err)
{
	struct foreground fg;
	int r = create_choose_cgroup_driver(in, err);

	if (r < 0)
		return r;
	if (in->create.detach && in->timeout_ms)
		return fail(err, EINVAL, "run: --timeout excludes --detach: no process would wait");
	if (in->create.detach && in->keep_report)
		return fail(
			err, EINVAL, "run: --keep-report excludes --detach: no process would wait");
	if (in->create.detach)
		return begin_detached(in, begin, err);
	r = foreground_begin(&fg, in->timeout_ms, err);
	if (r >= 0)
		r = begin_foreground(in, &fg, begin, err);
	foreground_end(&fg);
	return r;
}

int run_new(struct invocation *in, struct nacre_process **ret_process, struct nacre_error *err)
{
	return nacre_run(in->nacre, in->id, &in->create, ret_process, err);
}

int run_make_up_id(struct invocation *in, const char *word, struct nacre_error *err)
{
	static char id[32];
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail_errno(err, errno, "getrandom");
	(void)snprintf(id, sizeof(id), "%s-%08x", word, number);
	in->id = id;
	return 0;
}

int command_run(struct invocation *in, struct nacre_error *err)
{
	in->id = in->operands[0];
	return run_begin_container(in, run_new, err);
}
