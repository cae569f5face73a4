/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A program of the build: writes seccomp_own_built to stdout, for both architectures, of which the
 * compiler takes the target's. It runs on the build machine, with the code that compiles the
 * programs with grants at run time.
 */

static const struct {
	const char *name; /* the compiler's macro */
	const char *archs[2];
} targets[] = {
	{"__x86_64__", {"SCMP_ARCH_X86_64", NULL}},
	{"__aarch64__", {"SCMP_ARCH_AARCH64", NULL}},
};

static const unsigned profiles[] = {FILTER_AGENT, FILTER_STRICT, FILTER_NESTED,
	FILTER_AGENT | FILTER_SETUID, FILTER_STRICT | FILTER_SETUID};

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ARENA_BYTES (8u << 20)

static void write_program(unsigned profile, const struct seccomp_program *program)
{
	(void)fprintf(stdout, "static const struct sock_filter filter_%u[] = {", profile);
	for (unsigned i = 0; i < program->n; i++) {
		const struct sock_filter *f = &program->filter[i];

		(void)fprintf(stdout, "%s{0x%02x, %u, %u, 0x%08" PRIx32 "},", i % 4 ? " " : "\n\t",
			f->code, f->jt, f->jf, f->k);
	}
	(void)fputs("\n};\n", stdout);
}

static int write_target(const char *const *archs)
{
	const struct oci_strings none = {.n = 0};
	struct seccomp_program *program = calloc(1, sizeof(*program));
	struct nacre_error err;
	int r = program ? 0 : -1;

	for (size_t i = 0; i < N(profiles) && r == 0; i++) {
		struct arena *arena = arena_new(ARENA_BYTES);

		r = arena ? seccomp_own_compile(arena, profiles[i], &none, archs, program, &err)
			  : -1;
		if (r == 0)
			write_program(profiles[i], program);
		else if (arena)
			(void)fprintf(stderr, "%s: %s\n", archs[0], err.text);
		arena_free(arena);
	}
	free(program);
	return r;
}

int main(void)
{
	(void)fputs("#include \"libcontainer/seccomp/seccomp_own.h\"\n", stdout);
	for (size_t i = 0; i < N(targets); i++) {
		(void)fprintf(stdout, "#%s defined(%s)\n", i ? "elif" : "if", targets[i].name);
		if (write_target(targets[i].archs) < 0)
			return 1;
	}
	(void)fputs("#endif\nconst struct seccomp_own seccomp_own_built[] = {\n", stdout);
	(void)fputs("#if defined(__x86_64__) || defined(__aarch64__)\n", stdout);
	for (size_t i = 0; i < N(profiles); i++)
		(void)fprintf(stdout,
			"\t{%u, filter_%u, sizeof(filter_%u) / sizeof(filter_%u[0])},\n",
			profiles[i], profiles[i], profiles[i], profiles[i]);
	(void)fputs("#endif\n\t{0, 0, 0},\n};\n", stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
