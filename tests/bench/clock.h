/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_BENCH_CLOCK_H
#define NACRE_TESTS_BENCH_CLOCK_H

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

/* Times in microseconds. */

#define MAX_SAMPLES 2000

struct samples {
	size_t n;
	double us[MAX_SAMPLES];
};

static inline double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline void samples_add(struct samples *s, double us)
{
	if (s->n < MAX_SAMPLES)
		s->us[s->n++] = us;
}

static inline int samples_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void samples_sort(struct samples *s)
{
	qsort(s->us, s->n, sizeof(s->us[0]), samples_compare);
}

/* Of a sorted set that is not empty. */
static inline double samples_at(const struct samples *s, unsigned percent)
{
	return s->us[(s->n - 1) * percent / 100];
}

#endif
