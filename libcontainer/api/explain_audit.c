/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/explain.h"
#include "libcontainer/life/audit.h"

/* Writes what egress rules refused to the audit record: one line per destination with its count, so
 * that a program that repeats at once does not fill the disk. */

static int record(struct explanation *e, struct nacre_error *err)
{
	struct audit_event *events = arena_array(e->c->arena, e->n_denied, sizeof(*events));

	if (!events)
		return arena_fail(e->c->arena, "audit", err);
	for (size_t i = 0; i < e->n_denied; i++) {
		const struct explained *x = &e->denied[i];

		events[i] = (struct audit_event){
			.event = "denied",
			.rule = x->rule,
			.reason = x->what,
			.allowed_by = *x->grant ? x->grant : NULL,
			.destination = x->destination,
			.count = x->count,
		};
		if (x->egress)
			events[i].allowed_by = arena_printf(e->c->arena, "egress:%s", x->egress);
		if (x->egress && !events[i].allowed_by)
			return arena_fail(e->c->arena, "audit", err);
	}
	audit_facts(e->c, events, e->n_denied);
	return 0;
}

void explain_audit(struct container *c)
{
	struct explanation *e;
	struct nacre_error err;
	int r = 0;

	if (c->record.audit.n == 0 || c->record.pid == 0)
		return;
	/* Not on the stack: each page of a function's frame is touched when it is called. */
	e = arena_alloc(c->arena, sizeof(*e));
	if (!e)
		r = arena_fail(c->arena, "explanation", &err);
	else
		e->c = c;
	if (r == 0 && !c->config)
		r = container_load_config(c, &err);
	if (r == 0)
		r = explain_egress(e, &err);
	if (r == 0)
		r = explain_relay(e, &err);
	if (r == 0 && e->n_denied)
		r = record(e, &err);
	if (r == 0)
		return;
	(void)fail_prefix(&err, "audit: what was refused");
	container_warn(c, err.text);
}
