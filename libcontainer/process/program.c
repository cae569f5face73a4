/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/process/program_environment.h"
#include "specs/path_text.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_SIGNAL 64

static int out_of_memory(struct nacre_error *err)
{
	return fail(err, ENOMEM, "process: out of memory");
}

/* Returns a reason in lower case, in the words that engines match. */
static const char *reason(int code)
{
	switch (code) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
		return "permission denied";
	case EISDIR:
		/* Docker 20.10 takes only "permission denied" for exit status 126. */
		return "is a directory: permission denied";
	case ENOTDIR:
		return "not a directory";
	case EPERM:
		return "operation not permitted";
	case ENOEXEC:
		return "exec format error";
	default:
		return strerror(code);
	}
}

/* --- the program's file --- */

/* Returns 0 or -errno. EACCES may also mean that the file system is mounted noexec. */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static const char *path_variable(char *const *envp)
{
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return DEFAULT_PATH;
}

static int search(struct arena *arena, const char *name, const char *directories, char **ret_path,
	struct nacre_error *err)
{
	char path[PATH_MAX];

	while (name[0] && *directories) {
		size_t length = strcspn(directories, ":");
		/* An empty element means the working directory. */
		int n = snprintf(path, sizeof(path), "%.*s/%s", length ? (int)length : 1,
			length ? directories : ".", name);

		if (n > 0 && (size_t)n < sizeof(path) && check_executable(path) == 0) {
			*ret_path = arena_strdup(arena, path);
			return *ret_path ? 0 : out_of_memory(err);
		}
		directories += length;
		directories += *directories == ':';
	}
	return fail(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

static int find(struct arena *arena, const char *name, char *const *envp, char **ret_path,
	struct nacre_error *err)
{
	int r;

	if (!strchr(name, '/'))
		return search(arena, name, path_variable(envp), ret_path, err);
	r = check_executable(name);
	if (r == -EACCES || r == -EISDIR)
		return fail(err, -r, "exec: \"%s\": %s", name, reason(-r));
	if (r < 0)
		return fail(err, -r, "exec: \"%s\": stat %s: %s", name, name, reason(-r));
	*ret_path = arena_strdup(arena, name);
	return *ret_path ? 0 : out_of_memory(err);
}

int program_prepare(struct arena *arena, const struct oci_process *process, const char *file,
	struct program *ret_program, struct nacre_error *err)
{
	const struct oci_strings *args = &process->args;
	struct program program = {0};
	int r;

	if (!args->n)
		return fail(err, EINVAL, "process.args: is empty");
	program.argv = arena_array(arena, args->n + 1, sizeof(*program.argv));
	if (!program.argv)
		return out_of_memory(err);
	for (size_t i = 0; i < args->n; i++)
		program.argv[i] = (char *)args->items[i];
	r = program_environment(arena, process, &program.envp, err);
	if (r < 0)
		return r;
	r = find(arena, file ? file : args->items[0], program.envp, &program.path, err);
	if (r < 0)
		return r;
	*ret_program = program;
	return 0;
}

/* --- memory --- */

static size_t bytes_of(char *const *list, size_t *ret_n)
{
	size_t bytes = 0, n = 0;

	for (; list[n]; n++)
		bytes += strlen(list[n]) + 1;
	*ret_n = n;
	return bytes;
}

/* Copies LIST: its strings to *TEXT, and its pointers to PLACES. */
static void move_list(char *const *list, char **places, char **text)
{
	for (; *list; list++) {
		*places++ = *text;
		*text = stpcpy(*text, *list) + 1;
	}
	*places = NULL;
}

int program_move(struct program *program, struct nacre_error *err)
{
	size_t n_argv, n_envp, n, bytes;
	char **places, *text;

	bytes = bytes_of(program->argv, &n_argv) + bytes_of(program->envp, &n_envp);
	n = n_argv + n_envp + 2;
	bytes += n * sizeof(*places) + strlen(program->path) + 1;
	places = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		return fail_errno(err, errno, "memory for the program's arguments");
	text = (char *)(places + n);
	move_list(program->argv, places, &text);
	move_list(program->envp, places + n_argv + 1, &text);
	program->path = strcpy(text, program->path);
	program->argv = places;
	program->envp = places + n_argv + 1;
	return 0;
}

/* --- working directory, fds, signals --- */

/* Follows no magic links: CVE-2024-21626 left the container through /proc/self/fd/N, and N may be
 * an fd of nacre or one that is preserved. */
static int open_cwd(const char *cwd, bool make, struct nacre_error *err)
{
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char clean[PATH_TEXT_MAX];
	int directory;

	if (root < 0)
		return fail_errno(err, errno, "open /");
	directory = path_open(root, cwd, O_PATH | O_DIRECTORY);
	if (directory == -ENOENT) {
		/* Resolves "/missing/.." to "/", as in mounts[].destination. */
		if (path_clean(cwd, clean) < 0)
			return fail_errno(err, ENAMETOOLONG, "process.cwd");
		if (make) {
			directory = path_make_directory(root, clean, 0755, err);
			return directory < 0 ? fail_prefix(err, "process.cwd: make %s", cwd)
					     : directory;
		}
		directory = path_open(root, clean, O_PATH | O_DIRECTORY);
	}
	if (directory == -ELOOP)
		return fail(err, EPERM,
			"process.cwd: %s is a loop of symlinks or lies outside the container's "
			"root",
			cwd);
	if (directory < 0)
		return fail(err, -directory, "process.cwd: chdir %s: %s", cwd, reason(-directory));
	return directory;
}

int program_check_cwd(const char *cwd, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = sys_getcwd(path, sizeof(path));

	if (r < 0)
		return fail_errno(err, r, "process.cwd: getcwd in %s", cwd);
	if (path[0] != '/')
		return fail(err, EPERM, "process.cwd: %s lies outside the container's root", cwd);
	return 0;
}

int program_enter_cwd(const char *cwd, bool make, struct nacre_error *err)
{
	cleanup_close int directory = open_cwd(cwd, make, err);

	if (directory < 0)
		return directory;
	if (fchdir(directory) < 0)
		return fail(err, errno, "process.cwd: chdir %s: %s", cwd, reason(errno));
	return program_check_cwd(cwd, err);
}

int program_refuse_sockets(bool terminal, unsigned preserve_fds, struct nacre_error *err)
{
	const unsigned end = STDERR_FILENO + 1 + preserve_fds;

	for (unsigned fd = terminal ? STDERR_FILENO + 1 : 0; fd < end; fd++) {
		int domain;
		socklen_t length = sizeof(domain);

		if (getsockopt((int)fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0) {
			if (errno == ENOTSOCK || errno == EBADF)
				continue;
			return fail_errno(err, errno, "fd %u", fd);
		}
		if (domain != AF_UNIX)
			return fail(err, EPERM,
				"fd %u is a socket of the network that was made outside of the "
				"container, where its rules of egress do not hold: pass on none, "
				"or give --egress open",
				fd);
	}
	return 0;
}

/* Counts fds without close-on-exec: an fd that the caller left open would have been closed with it,
 * and nacre opens all of its own with it. So an fd of nacre that took a number that the caller had
 * closed does not count. */
size_t program_preserved_fds(unsigned preserve_fds, int *ret_fds)
{
	size_t n = 0;

	for (unsigned i = 0; i < preserve_fds; i++) {
		int fd = (int)(STDERR_FILENO + 1 + i), flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			ret_fds[n++] = fd;
	}
	return n;
}

int program_limit_fds(unsigned preserve_fds, bool gaps, struct nacre_error *err)
{
	const unsigned first = STDERR_FILENO + 1;
	int r;

	for (unsigned i = 0; i < preserve_fds && !gaps; i++) {
		int fd = (int)(first + i);
		int flags = i < INT_MAX - first ? fcntl(fd, F_GETFD) : -1;

		if (flags < 0 || flags & FD_CLOEXEC)
			return fail(err, EBADF,
				"unable to ensure that fd %d is open for --preserve-fds", fd);
	}
	r = sys_close_range(first + preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC);
	if (r < 0)
		return fail_errno(err, r, "close_range from %u", first + preserve_fds);
	return 0;
}

int program_reset_signals(struct nacre_error *err)
{
	sigset_t none;
	int r;

	for (int sig = 1; sig <= MAX_SIGNAL; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		/* Does not use libc's function, which rejects 32 and 33: a caller started with
		 * posix_spawn(3) ignores them. */
		r = sys_default_signal(sig);
		if (r < 0)
			return fail_errno(err, r, "reset signal %d", sig);
	}
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return fail_errno(err, errno, "unblock all signals");
	return 0;
}

static void end_by_signal(int sig)
{
	_exit(128 + sig);
}

int program_end_on_signals(struct nacre_error *err)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction action = {.sa_handler = end_by_signal};
	int r;

	r = program_reset_signals(err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &action, NULL) < 0)
			return fail_errno(err, errno, "handle signal %d", signals[i]);
	return 0;
}

int program_exec(const struct program *program, struct nacre_error *err)
{
	int code;

	(void)execve(program->path, program->argv, program->envp);
	code = errno;
	/* The file itself exists: it was found before. */
	if (code == ENOENT)
		return fail(err, code, "exec %s: %s (its interpreter is missing)", program->path,
			reason(code));
	return fail(err, code, "exec %s: %s", program->path, reason(code));
}
