/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_limits.h"

/*
 * Converts the shares of cgroup v1 to weights of cgroup v2.
 */

/* The natural logarithm of X, 1 or more. No libm: it would be linked for this alone. */
static double logarithm(double x)
{
	const double log_2 = 0.69314718055994530942;
	double z, power, sum = 0;
	int twos = 0, n;

	for (; x >= 2; twos++)
		x /= 2;
	/* ln x = 2 artanh z, and z is below 1/3 */
	z = (x - 1) / (x + 1);
	power = z;
	for (n = 1; n < 40; n += 2) {
		sum += power / n;
		power *= z * z;
	}
	return twos * log_2 + 2 * sum;
}

/* e to the X, for X from 0 to 16. */
static double exponential(double x)
{
	double term = 1, sum = 1;
	int n;

	x /= 16;
	for (n = 1; n < 20; n++) {
		term *= x / n;
		sum += term;
	}
	for (n = 0; n < 4; n++)
		sum *= sum;
	return sum;
}

/* ceil(10 ^ ((l * l + 125 * l) / 612 - 7 / 34)), l = log2(shares): goes through (2, 1), (1024, 100)
 * and (262144, 10000). The linear conversion of older runtimes made 39 of the default, 1024. */
uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	const double log_2 = 0.69314718055994530942, log_10 = 2.30258509299404568402;
	double l, weight;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = logarithm((double)shares) / log_2;
	weight = exponential(((l * l + 125 * l) / 612 - 7.0 / 34) * log_10);
	/* 1024 may come out as a hair above 100; no other value is as near to a whole number. */
	return (uint64_t)(weight - 1e-7) + 1;
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}
