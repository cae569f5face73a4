/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/filter_table.h"
#include "tests/probe/look.h"
#include "tests/probe/verdict.h"

#include <sys/syscall.h>

/*
 * Runs inside a container and asks the kernel:
 *
 *   probe check PROFILE [setuid]
 *   whether each verdict is that of nacre's own filter of PROFILE (with setuid-files): every call
 * of the table, and every row with values on both sides of its tests probe table          what can
 * be reached, as a column of README.md's table probe i386 NUMBER    what the kernel says to one
 * 32-bit call with all arguments 0
 */

#define MAX_VALUES 64

static uint32_t native;

/* Values for argument INDEX of CALL: each that a row compares with, and its neighbours. */
static size_t values_for(const char *name, unsigned index, uint64_t values[MAX_VALUES])
{
	size_t n = 0;

	values[n++] = 0;
	values[n++] = 40; /* AF_VSOCK: the family that Docker's filter refuses */
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		for (size_t i = 0; i < FILTER_TESTS && filter_names(rule->calls, name); i++) {
			const struct filter_test *test = &rule->tests[i];
			uint64_t value = test->value;

			if (test->op == FILTER_ANY || test->index != index || n + 3 > MAX_VALUES)
				continue;
			/* "has none of these bits" */
			if (test->op == FILTER_NE && test->mask != UINT32_MAX)
				value = test->mask & -test->mask;
			values[n++] = value;
			values[n++] = value + 1;
			values[n++] = value | 1ull << 32; /* the upper half must not count */
		}
	}
	return n;
}

/* Every call once, and those with conditions with all choices of values. Returns how many; A NULL:
 * counts only. */
static size_t fill(struct attempt *a)
{
	size_t n = 0;

	for (uint32_t nr = 0; nr <= NEWEST + 8; nr++) {
		uint64_t values[3][MAX_VALUES] = {{0}};
		size_t counts[3] = {1, 1, 1};
		char name[40];

		for (unsigned i = 0; i < 3 && call_name(native, nr, name); i++)
			counts[i] = values_for(name, i, values[i]);
		for (size_t i = 0; i < counts[0]; i++)
			for (size_t k = 0; k < counts[1]; k++)
				for (size_t m = 0; m < counts[2]; m++, n++)
					if (a)
						a[n] = (struct attempt){.nr = nr,
							.args = {values[0][i], values[1][k],
								values[2][m]}};
	}
	return n;
}

/* The flags of sendto(2) and sendmmsg(2), and the mode of openat(2), are the fourth argument. */
static size_t fill_fourth(struct attempt *a)
{
	static const long calls[] = {SYS_sendto, SYS_sendmmsg};
	static const uint64_t flags[] = {1, 0x4000, 0x20000000, 0x20004000, 1ull << 32};
	static const uint64_t opens[] = {0, 0x40, 0x400000};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		for (uint64_t mode = 0; mode <= 0x1000; mode += 0x400)
			a[n++] = (struct attempt){.nr = SYS_openat,
				.args = {UINT64_MAX, 0, opens[i] | 1ull << 32, mode}};

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 5; k++)
			a[n++] = (struct attempt){
				.nr = (uint32_t)calls[i], .args = {0, 0, 0, flags[k]}};
	return n;
}

static struct attempt *ask(size_t *ret_n)
{
	size_t n = fill(NULL);
	struct attempt *a = attempts_new(n + 25);

	if (!a)
		return NULL;
	(void)fill(a);
	n += fill_fourth(a + n);
	*ret_n = n;
	return verdicts(a, n) < 0 ? NULL : a;
}

static int wrong(const struct attempt *a, const char *name, int wanted)
{
	printf("wrong: %s(0x%llx, 0x%llx, 0x%llx, 0x%llx): %s, expected %s\n", name,
		(unsigned long long)a->args[0], (unsigned long long)a->args[1],
		(unsigned long long)a->args[2], (unsigned long long)a->args[3],
		a->error == DIED ? "it killed"
		: a->error	 ? strerrorname_np(a->error)
				 : "reached",
		wanted ? strerrorname_np(wanted) : "reached");
	return 1;
}

static int check(const char *profile, bool setuid)
{
	const unsigned bit = filter_profile_bit(profile) | (setuid ? FILTER_SETUID : 0);
	struct attempt *a;
	int failed = 0;
	size_t n = 0;

	a = bit ? ask(&n) : NULL;
	for (size_t i = 0; a && i < n; i++) {
		char name[40] = "(none)";
		bool known = call_name(native, a[i].nr, name);
		struct call call = look_up(bit, known ? name : NULL);
		int wanted = expected(&call, a[i].args);

		/* For its own trampolines the kernel asks no filter (Linux 6.14, 6.18). */
		if (a[i].error != wanted && !(a[i].error && filter_names("uretprobe uprobe", name)))
			failed |= wrong(&a[i], name, wanted);
	}
	if (a)
		printf("%zu verdicts of %s\n", n, profile);
	return !a || failed;
}

/* x86_64 alone: every call of i386 and of x32. */
static int check_foreign(void)
{
	const size_t numbers = 460;
	struct attempt *a = attempts_new(2 * numbers);
	int failed = !a;

	for (size_t i = 0; a && i < numbers; i++) {
		a[i] = (struct attempt){.nr = (uint32_t)i, .i386 = true};
		a[numbers + i] = (struct attempt){.nr = (uint32_t)i | 0x40000000};
	}
	if (!a || verdicts(a, 2 * numbers) < 0)
		return 1;
	for (size_t i = 0; i < 2 * numbers; i++)
		if (a[i].error != ENOSYS)
			failed |= wrong(&a[i], a[i].i386 ? "i386" : "x32", ENOSYS);
	printf("%zu foreign calls\n", 2 * numbers);
	return failed;
}

/* How many calls can be reached with some arguments, and which of them not with all. */
static int count(void)
{
	unsigned calls = 0, reachable = 0, filtered = 0;
	char names[1024] = "";
	size_t n = 0;
	struct attempt *a = ask(&n);

	for (uint32_t nr = 0; a && nr <= NEWEST; nr++) {
		unsigned yes = 0, no = 0;
		char name[40];

		if (!call_name(native, nr, name))
			continue;
		for (size_t i = 0; i < n; i++) {
			yes += a[i].nr == nr && a[i].error == 0;
			no += a[i].nr == nr && a[i].error != 0;
		}
		calls++;
		reachable += yes > 0;
		if (!yes || !no)
			continue;
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			filtered++ ? " " : "", name);
	}
	if (a)
		printf("system calls: %u of %u\nwith conditions: %u: %s\n", reachable, calls,
			filtered, names);
	return a == NULL;
}

static bool socket_reached(int family, int protocol)
{
	struct attempt *a = attempts_new(1);

	if (!a)
		return false;
	*a = (struct attempt){.nr = SYS_socket, .args = {(uint64_t)family, 1, (uint64_t)protocol}};
	return verdicts(a, 1) == 0 && a->error == 0;
}

static int table(void)
{
	if (count())
		return 1;
	print_families(socket_reached);
	print_capabilities();
	print_writable();
	return 0;
}

static int foreign(const char *number)
{
	struct attempt *a = attempts_new(1);

	if (!a)
		return 1;
	*a = (struct attempt){.nr = (uint32_t)strtoul(number, NULL, 10), .i386 = true};
	if (verdicts(a, 1) < 0)
		return 1;
	puts(a->error ? strerrorname_np(a->error) : "reached");
	return 0;
}

int main(int argc, char **argv)
{
	native = seccomp_arch_native();
	if (argc >= 3 && !strcmp(argv[1], "check"))
		return check(argv[2], argc > 3 && !strcmp(argv[3], "setuid")) |
		       (native == SCMP_ARCH_X86_64 && check_foreign());
	if (argc == 2 && !strcmp(argv[1], "table"))
		return table();
	if (argc == 3 && !strcmp(argv[1], "i386"))
		return foreign(argv[2]);
	puts("usage: probe check PROFILE [setuid] | probe table | probe i386 NUMBER");
	return 2;
}
