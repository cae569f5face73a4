/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/apply_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

enum {
	LIST_MAX = 256 * 1024 * 1024,
	FIELDS = 8, /* of a line */
	NUMBERS = 8, /* of an object */
	FIRST_STEPS = 64,
};

static const char header[] = "nacre-apply 1 ";

static const char *const actions[APPLY_ACTIONS] = {
	[APPLY_DELETE] = "delete",
	[APPLY_FILE] = "file",
	[APPLY_SYMLINK] = "symlink",
	[APPLY_DIRECTORY] = "directory",
	[APPLY_MODE] = "mode",
	[APPLY_RENAME] = "rename",
};

void apply_journal_init(struct apply_journal *j)
{
	*j = (struct apply_journal){.dir_fd = -1, .fd = -1};
}

void apply_journal_done(struct apply_journal *j)
{
	if (j->lines)
		(void)fclose(j->lines);
	free(j->text);
	free(j->steps);
	fd_close(&j->fd);
	fd_close(&j->dir_fd);
	apply_journal_init(j);
}

/* --- writing --- */

static void write_object(FILE *f, const struct place_object *o)
{
	(void)fprintf(f, " %o:%u:%u:%" PRIu64 ":%" PRIu64 ":%" PRId64 ":%" PRId64 ":%" PRId64,
		o->mode, o->uid, o->gid, o->ino, o->size, o->birth, o->mtime, o->ctime);
}

/* Writes TEXT, with blanks, line ends and "%" escaped; NULL as "-", and so a leading "-" is
 * escaped. */
static void write_text(FILE *f, const char *text)
{
	(void)fputc(' ', f);
	if (!text)
		(void)fputc('-', f);
	for (const char *p = text ? text : ""; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c == '%' || c >= 0x7f || (c == '-' && p == text))
			(void)fprintf(f, "%%%02x", c);
		else
			(void)fputc(c, f);
	}
}

static int keep_step(struct apply_journal *j, const struct apply_step *step)
{
	if (j->n % FIRST_STEPS == 0) {
		struct apply_step *more = reallocarray(j->steps, j->n + FIRST_STEPS, sizeof(*more));

		if (!more)
			return -ENOMEM;
		j->steps = more;
	}
	j->steps[j->n++] = *step;
	return 0;
}

int apply_journal_add(struct apply_journal *j, struct apply_step *step)
{
	int r;

	step->number = (unsigned)j->n;
	r = keep_step(j, step);
	if (r < 0)
		return r;
	(void)fprintf(j->lines, "step %u %s", step->number, actions[step->action]);
	write_object(j->lines, &step->old);
	write_object(j->lines, &step->new);
	write_text(j->lines, step->path);
	write_text(j->lines, step->from);
	write_text(j->lines, step->target);
	(void)fputc('\n', j->lines);
	return 0;
}

void apply_journal_mark(struct apply_journal *j, const char *word, const struct apply_step *step)
{
	(void)fputs(word, j->lines);
	if (step)
		(void)fprintf(j->lines, " %u", step->number);
	if (step && !strcmp(word, "done"))
		write_object(j->lines, &step->new);
	(void)fputc('\n', j->lines);
}

void apply_journal_swap(struct apply_journal *j, unsigned number,
	const struct place_object *brought, const struct place_object *taken)
{
	(void)fprintf(j->lines, "swap %u", number);
	write_object(j->lines, brought);
	write_object(j->lines, taken);
	(void)fputc('\n', j->lines);
}

/* Allocates the space of the lines and of what comes after them. Not every file system can. */
static int allocate(const struct apply_journal *j)
{
	if (!j->room ||
		fallocate(j->fd, FALLOC_FL_KEEP_SIZE, j->size, (off_t)(j->length + j->room)) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -errno : 0;
}

static int write_lines(struct apply_journal *j)
{
	int r = file_write_at(j->fd, j->text, j->length, j->size);

	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0)
		(void)!ftruncate(j->fd, j->size); /* what is cut off does not count */
	else
		j->size += (long)j->length;
	return r;
}

int apply_journal_flush(struct apply_journal *j, struct nacre_error *err)
{
	int r;

	if (fflush(j->lines) != 0 || ferror(j->lines))
		return fail_errno(err, ENOMEM, "journal");
	r = allocate(j);
	if (r == 0)
		r = write_lines(j);
	rewind(j->lines);
	return r < 0 ? fail_errno(err, r, "write the journal of the workspace") : 0;
}

bool apply_journal_spare(const struct apply_journal *j, const struct apply_step *step, int dir_fd,
	int *ret_fd, char ret_name[APPLY_TEMPORARY])
{
	bool far = j->far || step->action == APPLY_DIRECTORY;

	*ret_fd = far ? dir_fd : j->dir_fd;
	if (far)
		(void)snprintf(ret_name, APPLY_TEMPORARY, ".nacre-%s-%u", j->tag, step->number);
	else
		(void)snprintf(ret_name, APPLY_TEMPORARY, "%u", step->number);
	return far;
}

/* --- reading --- */

static bool read_object(const char *text, struct place_object *o)
{
	int end = 0;

	return sscanf(text,
		       "%o:%u:%u:%" SCNu64 ":%" SCNu64 ":%" SCNd64 ":%" SCNd64 ":%" SCNd64 "%n",
		       &o->mode, &o->uid, &o->gid, &o->ino, &o->size, &o->birth, &o->mtime,
		       &o->ctime, &end) == NUMBERS &&
	       !text[end];
}

/* Takes the escapes out of TEXT, where it stands. */
static bool read_text(struct arena *arena, char *text, const char **ret)
{
	char *to = text;

	if (!strcmp(text, "-"))
		return *ret = NULL, true;
	for (const char *p = text; *p; p++) {
		unsigned c = (unsigned char)*p;

		if (*p == '%') {
			if (sscanf(p, "%%%2x", &c) != 1 || !p[1] || !p[2])
				return false;
			p += 2;
		}
		*to++ = (char)c;
	}
	*to = '\0';
	*ret = arena_strdup(arena, text);
	return *ret != NULL;
}

static bool read_step(struct apply_journal *j, char *const *field)
{
	struct apply_step step = {.number = (unsigned)j->n, .action = APPLY_ACTIONS};

	for (int i = 0; i < APPLY_ACTIONS; i++)
		if (!strcmp(field[2], actions[i]))
			step.action = (enum apply_action)i;
	return step.action != APPLY_ACTIONS && read_object(field[3], &step.old) &&
	       read_object(field[4], &step.new) && read_text(j->arena, field[5], &step.path) &&
	       read_text(j->arena, field[6], &step.from) &&
	       read_text(j->arena, field[7], &step.target) && step.path && keep_step(j, &step) == 0;
}

static bool read_mark(struct apply_journal *j, char *const *field, int n)
{
	struct apply_step *step;
	unsigned long number = strtoul(field[1], NULL, 10);

	if (number >= j->n)
		return false;
	step = &j->steps[number];
	if (!strcmp(field[0], "done") && n == 3)
		return step->done = true, read_object(field[2], &step->new);
	if (!strcmp(field[0], "swap") && n == 4)
		return read_object(field[2], &step->brought) && read_object(field[3], &step->taken);
	if (n != 2)
		return false;
	step->brought = step->taken = (struct place_object){0};
	step->undoing = !strcmp(field[0], "undo");
	step->undone = !strcmp(field[0], "undone");
	return step->undoing || step->undone || !strcmp(field[0], "kept");
}

static bool read_line(struct apply_journal *j, char *line)
{
	char *field[FIELDS], *rest = line;
	int n = 0;

	while (n < FIELDS && (field[n] = strsep(&rest, " ")))
		n++;
	if (rest || n < 1)
		return false;
	if (n == 1)
		return j->ended = !strcmp(field[0], "end"), j->ended;
	if (!strcmp(field[0], "step"))
		return n == FIELDS && strtoul(field[1], NULL, 10) == j->n && read_step(j, field);
	return read_mark(j, field, n);
}

static bool read_header(struct apply_journal *j, const char *line)
{
	const size_t length = sizeof(header) - 1, tag = sizeof(j->tag) - 1;
	const char *place = line + length + tag;

	if (strncmp(line, header, length) != 0 || strlen(line) <= length + tag)
		return false;
	memcpy(j->tag, line + length, tag);
	j->far = !strcmp(place, " far");
	return j->far || !strcmp(place, " near");
}

static int read_list(struct apply_journal *j, char *text, struct nacre_error *err)
{
	char *end = strrchr(text, '\n'), *line;
	unsigned number = 1;

	if (!end) /* cut off in the header: nothing was done */
		return -ENOENT;
	*end = '\0';
	j->size = end + 1 - text;
	line = strsep(&text, "\n");
	if (!read_header(j, line))
		return fail(err, EBADMSG, "line 1: not a journal of this version");
	while ((line = strsep(&text, "\n"))) {
		number++;
		if (!read_line(j, line))
			return fail(err, EBADMSG, "line %u: not understood", number);
	}
	return 0;
}

static int start_lines(struct apply_journal *j, struct nacre_error *err)
{
	j->lines = open_memstream(&j->text, &j->length);
	return j->lines ? 0 : fail_errno(err, ENOMEM, "journal");
}

int apply_journal_open(struct arena *arena, int workspace_fd, const char *name,
	struct apply_journal *j, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	int r;

	apply_journal_init(j);
	j->arena = arena;
	j->dir_fd = place_open_entry(workspace_fd, name, O_RDONLY | O_DIRECTORY);
	if (j->dir_fd == -ENOENT)
		return -ENOENT;
	if (j->dir_fd < 0)
		return fail_errno(err, j->dir_fd, "open %s of the workspace", name);
	j->fd = place_open_entry(j->dir_fd, "list", O_RDWR);
	if (j->fd < 0) /* a removal that was cut off */
		return j->fd == -ENOENT ? -ENOENT : fail_errno(err, j->fd, "open %s/list", name);
	r = file_read_fd(j->fd, name, LIST_MAX, &text, &length, err);
	if (r == 0)
		r = read_list(j, text, err);
	if (r < 0)
		return r == -ENOENT ? r : fail_prefix(err, "%s/list of the workspace", name);
	/* Drops an incomplete last line, so that what comes next does not continue it. The space
	 * that was allocated after a complete one stays. */
	if ((size_t)j->size != length && ftruncate(j->fd, j->size) < 0)
		return fail_errno(err, errno, "%s/list of the workspace", name);
	return start_lines(j, err);
}

static int make_list(struct apply_journal *j)
{
	unsigned char random[8];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(j->tag + 2 * i, 3, "%02x", random[i]);
	j->fd = openat(j->dir_fd, "list", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return j->fd < 0 ? -errno : 0;
}

int apply_journal_make(struct arena *arena, int workspace_fd, int source_fd,
	struct apply_journal *j, struct nacre_error *err)
{
	int near = place_is_near(workspace_fd, source_fd), r;

	apply_journal_init(j);
	j->arena = arena;
	j->far = near == 0;
	if (near < 0)
		return fail_errno(err, near, "look at the mount of the source");
	if (mkdirat(workspace_fd, APPLY_JOURNAL, 0700) < 0)
		return fail_errno(err, errno, "make the journal of the workspace");
	j->dir_fd = place_open_entry(workspace_fd, APPLY_JOURNAL, O_RDONLY | O_DIRECTORY);
	r = j->dir_fd < 0 ? j->dir_fd : make_list(j);
	if (r < 0)
		return fail_errno(err, r, "make the journal of the workspace");
	r = start_lines(j, err);
	if (r < 0)
		return r;
	(void)fprintf(j->lines, "%s%s %s\n", header, j->tag, j->far ? "far" : "near");
	r = apply_journal_flush(j, err);
	if (r == 0 && (fsync(j->dir_fd) < 0 || fsync(workspace_fd) < 0))
		r = fail_errno(err, errno, "write the journal of the workspace");
	return r;
}
