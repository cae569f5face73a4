/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mountinfo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

void mountinfo_unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; to++) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*to = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
}

/* Ends TEXT at its first blank. Returns the text after that. */
static char *end_word(char *text)
{
	char *blank = text + strcspn(text, " ");

	if (!*blank)
		return blank;
	*blank = '\0';
	return blank + 1;
}

/* "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw". */
bool mountinfo_parse(char *line, struct mountinfo *ret)
{
	char *type = strstr(line, " - ");
	unsigned major, minor;
	char *root, *path, *options, *source, *super;
	int at = 0;

	if (!type ||
		sscanf(line, "%" SCNu64 " %" SCNu64 " %u:%u %n", &ret->id, &ret->parent, &major,
			&minor, &at) != 4 ||
		!at)
		return false;
	root = line + at;
	path = end_word(root);
	options = end_word(path);
	(void)end_word(options);
	mountinfo_unescape(root);
	mountinfo_unescape(path);
	type += strlen(" - ");
	source = end_word(type);
	super = end_word(source);
	ret->device = makedev(major, minor);
	ret->root = root;
	ret->path = path;
	ret->options = options;
	ret->type = type;
	ret->super_options = super;
	return true;
}

int mountinfo_next(char **rest, const char *file, struct mountinfo *ret, struct nacre_error *err)
{
	char *line;

	do
		line = strsep(rest, "\n");
	while (line && !*line);
	if (!line)
		return 0;
	return mountinfo_parse(line, ret)
		       ? 1
		       : fail(err, EPROTO, "/proc/%s: a line is not understood", file);
}
