/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/process.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/audit.h"

static int run(struct nacre *nacre, const char *id, const struct nacre_create_options *options,
	struct nacre_process *process, struct nacre_error *err)
{
	const struct life_options life_options = prepare_life_options(options, false);
	struct life l;
	int r;

	life_init(&l);
	r = container_begin(nacre, id, &l.container, err);

	l.options = &life_options;
	if (r == 0 && !process)
		r = fail_errno(err, ENOMEM, "run");
	if (r == 0)
		r = prepare_container(&l, options, err);
	if (r == 0)
		r = create_audit(&l, "create", life_run(&l, err), err);
	if (r == 0)
		r = audit_result(&l,
			&(struct audit_event){.event = "start", .pid = l.container.pid}, 0,
			life_delete, err);
	if (r == 0)
		process_take(process, &l, true);
	life_done(&l);
	return r;
}

int nacre_run(struct nacre *nacre, const char *id, const struct nacre_create_options *given,
	struct nacre_process **ret_process, struct nacre_error *err)
{
	cleanup_free struct nacre_process *process = process_new();
	struct nacre_create_options options;
	int r = options_take_create(given, &options, err);

	if (r == 0 && options.late)
		r = fail(err, EINVAL, "a container that runs at once is not late");
	if (r == 0)
		r = run(nacre, id, &options, process, err);
	if (r == 0)
		*ret_process = steal_ptr(process);
	return r;
}
