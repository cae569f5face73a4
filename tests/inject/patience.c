/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/patience.h"

#include "tests/inject/world.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* One that runs for ever stands in line for ever as well, where others do. */
#define MAX_LINE_MS 60000

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* sched-stats(4) of the kernel: the second number, in ns, from the birth of a process. Who asks is
 * left out: it is older than what is waited for. */
static int64_t in_line_ms(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int64_t sum = 0;

	while (directory && (entry = readdir(directory))) {
		char path[300], text[64];
		unsigned long long ns = 0;

		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == getpid())
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
		read_text(path, text, sizeof(text));
		if (sscanf(text, "%*u %llu", &ns) == 1)
			sum += (int64_t)(ns / 1000000);
	}
	if (directory)
		(void)closedir(directory);
	return sum < MAX_LINE_MS ? sum : MAX_LINE_MS;
}

struct patience patience_for(int64_t limit_ms)
{
	return (struct patience){now_ms(), limit_ms};
}

int64_t patience_left_ms(const struct patience *patience)
{
	int64_t left = patience->start_ms + patience->limit_ms - now_ms();

	if (left <= 0)
		left += in_line_ms();
	return left > 0 ? left : 0;
}

bool patience_nap(const struct patience *patience)
{
	if (patience_left_ms(patience) == 0)
		return false;
	(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	return true;
}
