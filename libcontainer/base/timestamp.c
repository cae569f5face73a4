/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/timestamp.h"

#include <stdint.h>
#include <stdio.h>

struct date {
	uint64_t year;
	unsigned month;
	unsigned day;
};

/* The Gregorian calendar repeats every 400 years, 146097 days. A year is counted from March here,
 * so that the leap day is its last. */
static struct date date_of_day(uint64_t days_since_1970)
{
	uint64_t days = days_since_1970 + 719468; /* since 0000-03-01 */
	uint64_t era = days / 146097;
	uint64_t day_of_era = days % 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				       day_of_era / 146096) /
			       365;
	uint64_t day_of_year = day_of_era -
			       (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month_from_march = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = era * 400 + year_of_era,
		.month = (unsigned)(month_from_march < 10 ? month_from_march + 3
							  : month_from_march - 9),
		.day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};

	if (date.month <= 2)
		date.year++;
	return date;
}

void timestamp_format(const struct timespec *when, char ret_text[TIMESTAMP_SIZE])
{
	uint64_t seconds = (uint64_t)when->tv_sec;
	struct date date = date_of_day(seconds / 86400);
	unsigned of_day = (unsigned)(seconds % 86400);

	(void)snprintf(ret_text, TIMESTAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
		(unsigned)date.year, date.month, date.day, of_day / 3600, of_day / 60 % 60,
		of_day % 60, (unsigned)when->tv_nsec);
}
