/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/own_filter.h" /* first: check.h has a macro fail */

#include <sys/mman.h>
#include <unistd.h>

Suite *suite_seccomp_verdicts(void);

/* What the rows compare with, their neighbours, and upper halves that must not count. */
static const uint64_t values[] = {0, 1, 2, 3, 4, 6, 8, 10, 15, 16, 17, 26, 31, 33, 34, 35, 36, 38,
	40, 41, 49, 50, 52, 53, 58, 63, 64, 65, 66, 100, 132, 262, 279, 0x803, 0x1000, 0x2000,
	0x5411, 0x5412, 0x541c, 0x5423, 0x61ff, 0x8180, 0x9ed, 0x441, 0x20000, 0x20008, 0x40000,
	0x400002, 0x02000000, 0x10000011, 0x20000000, 0x60000001, 0xffffffff};

static uint32_t verdict_of(int error)
{
	return error ? DENIED((uint32_t)error) : SECCOMP_RET_ALLOW;
}

#define HIGH 0x100000000ull

/* Calls EACH with every choice of values for the first three arguments, the fourth like the second;
 * with one choice where no row looks at arguments. */
static size_t with_choices(const struct call *call,
	void (*each)(void *data, const struct call *call, struct seccomp_data *sd), void *data,
	struct seccomp_data *sd)
{
	size_t last = call->by_arguments ? N(values) : 1, n = 0;

	for (size_t i = 0; i < last; i++)
		for (size_t k = 0; k < last; k++)
			for (size_t m = 0; m < last; m++, n++) {
				sd->args[0] = values[i];
				sd->args[1] = sd->args[3] = values[k];
				sd->args[2] = values[m];
				each(data, call, sd);
			}
	return n;
}

static void compare_with_table(void *data, const struct call *call, struct seccomp_data *sd)
{
	const struct seccomp_program *p = data;
	uint64_t args[6];
	uint32_t found, wanted;

	memcpy(args, sd->args, sizeof(args));
	/* Every other time with upper halves. */
	for (size_t i = 0; i < 4 && (args[0] + args[1] + args[2]) % 2; i++)
		sd->args[i] += HIGH;
	found = run_filter(p->filter, p->n, sd);
	wanted = verdict_of(expected(call, args));
	if (found != wanted)
		ck_abort_msg("%d %s(0x%llx, 0x%llx, 0x%llx): 0x%x, expected 0x%x", sd->nr,
			call->name, sd->args[0], sd->args[1], sd->args[2], found, wanted);
}

START_TEST(each_verdict_is_that_of_the_table)
{
	const unsigned profile = profiles[_i % (int)N(profiles)];
	const struct target *t = &targets[_i / (int)N(profiles)];
	struct seccomp_program *p = compiled(profile, "", t->names);

	for (uint32_t nr = 0; nr < NUMBERS; nr++) {
		struct seccomp_data sd = {.nr = (int)nr, .arch = t->audit};
		const struct call call = look_up(profile, name_of(t, nr));

		(void)with_choices(&call, compare_with_table, p, &sd);
	}
	ck_assert_uint_eq(run(p, t->audit, UINT32_MAX, 0, 0, 0, 0), DENIED(ENOSYS));
}
END_TEST

/* --- what libseccomp makes of the table --- */

/* Adds RULE for every choice of values, one an argument, of which its tests hold: libseccomp takes
 * an argument only once a rule, and knows no "not equal" under a mask. */
static void add_choices(scmp_filter_ctx ctx, const struct filter_rule *rule, int nr,
	struct scmp_arg_cmp *chosen, unsigned n, unsigned index)
{
	bool used = false;

	if (index == 4) {
		int r = seccomp_rule_add_array(
			ctx, SCMP_ACT_ERRNO((unsigned)rule->error), nr, n, chosen);

		ck_assert_msg(r == 0 || r == -EEXIST, "%d: %s", nr, strerror(-r));
		return;
	}
	for (size_t i = 0; i < FILTER_TESTS; i++)
		used |= rule->tests[i].op != FILTER_ANY && rule->tests[i].index == index;
	if (!used) {
		add_choices(ctx, rule, nr, chosen, n, index + 1);
		return;
	}
	for (size_t v = 0; v < N(values); v++) {
		uint64_t args[6] = {0};
		bool all = true;

		args[index] = values[v];
		for (size_t i = 0; i < FILTER_TESTS; i++)
			all &= rule->tests[i].index != index ||
			       filter_test_holds(&rule->tests[i], args);
		chosen[n] = SCMP_CMP64(index, SCMP_CMP_MASKED_EQ, UINT32_MAX, values[v]);
		if (all)
			add_choices(ctx, rule, nr, chosen, n + 1, index + 1);
	}
}

/* libseccomp takes numbers of the machine that it runs on and translates them by name. */
static int native_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	return nr >= 0 ? nr : -1;
}

static void add_row(scmp_filter_ctx ctx, const struct filter_rule *rule, uint32_t token)
{
	const char *list = rule->calls;
	struct scmp_arg_cmp chosen[6];
	char name[40];

	while (filter_next_name(&list, name)) {
		int nr = native_number(name);

		if (nr >= 0 && seccomp_syscall_resolve_name_arch(token, name) >= 0)
			add_choices(ctx, rule, nr, chosen, 0, 0);
	}
}

static size_t generate_with_libseccomp(
	unsigned profile, const struct target *t, struct sock_filter *filter, size_t room)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	ck_assert_ptr_nonnull(ctx);
	if (t->token != seccomp_arch_native()) {
		ck_assert_int_eq(seccomp_arch_add(ctx, t->token), 0);
		ck_assert_int_eq(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
	}
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++)
		if (rule->profiles & profile)
			add_row(ctx, rule, t->token);
	ck_assert_int_eq(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	size = pread(fd, filter, room, 0);
	ck_assert_int_gt(size, 0);
	ck_assert_uint_lt((size_t)size, room);
	(void)close(fd);
	return (size_t)size / sizeof(*filter);
}

struct pair {
	const struct seccomp_program *ours;
	const struct sock_filter *theirs;
	size_t n;
};

/* Where rows overlap, libseccomp takes the error of any of them. */
static void compare_with_libseccomp(void *data, const struct call *call, struct seccomp_data *sd)
{
	const struct pair *pair = data;
	uint32_t ours = run_filter(pair->ours->filter, pair->ours->n, sd);
	uint32_t theirs = run_filter(pair->theirs, pair->n, sd);
	uint64_t args[6];

	if (ours == theirs)
		return;
	memcpy(args, sd->args, sizeof(args));
	for (size_t i = 0; i < call->n_rows && ours != SECCOMP_RET_ALLOW; i++)
		if (row_holds(call->rows[i], args) &&
			theirs == DENIED((uint32_t)call->rows[i]->error))
			return;
	ck_abort_msg("%s(0x%llx, 0x%llx, 0x%llx): 0x%x, libseccomp 0x%x", call->name, sd->args[0],
		sd->args[1], sd->args[2], ours, theirs);
}

START_TEST(each_verdict_is_that_of_libseccomp)
{
	const unsigned profile = profiles[_i % (int)N(profiles)];
	const struct target *t = &targets[_i / (int)N(profiles)];
	const size_t room = 1 << 20;
	struct sock_filter *theirs = arena_alloc(arena, room);
	size_t n = generate_with_libseccomp(profile, t, theirs, room), compared = 0;
	struct pair pair = {compiled(profile, "", t->names), theirs, n};

	for (uint32_t nr = 0; nr <= 448; nr++) {
		struct seccomp_data sd = {.nr = (int)nr, .arch = t->audit};
		const struct call call = look_up(profile, name_of(t, nr));

		/* Calls in no row are ENOSYS by default here and allowed there. */
		if ((call.allowed || call.n_rows) && native_number(call.name) >= 0)
			compared += with_choices(&call, compare_with_libseccomp, &pair, &sd);
	}
	ck_assert_uint_gt(compared, 500000);
}
END_TEST

Suite *suite_seccomp_verdicts(void)
{
	Suite *s = suite_create("seccomp_verdicts");
	TCase *t = tcase_create("seccomp_verdicts");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_verdict_is_that_of_the_table, 0, N(targets) * (int)N(profiles));
	tcase_add_loop_test(
		t, each_verdict_is_that_of_libseccomp, 0, N(targets) * (int)N(profiles));
	suite_add_tcase(s, t);
	return s;
}
