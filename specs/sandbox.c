/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "specs/config_parts.h"
#include "specs/defaults.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */

/* The paths of the host that a sandbox sees. A directory is bound with its mounts; what the
 * distribution has as a symlink (/bin if /usr is merged, os-release) is a symlink here. */
const char *const sandbox_paths[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
	"/nix/store", "/gnu/store",
	/* what libc reads */
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/locale.alias",
	"/etc/locale.conf", "/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
	"/etc/protocols", "/etc/services", "/etc/gai.conf", "/etc/host.conf",
	/* the distribution, and the choices of its packages */
	"/etc/os-release", "/etc/debian_version", "/etc/lsb-release", "/etc/redhat-release", "/etc/alternatives",
	"/etc/static",
	/* certificates of authorities; private keys are elsewhere */
	"/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
	"/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/crypto-policies",
	/* programs */
	"/etc/bash.bashrc", "/etc/profile", "/etc/profile.d", "/etc/inputrc", "/etc/terminfo", "/etc/fonts",
	"/etc/magic", "/etc/mime.types", "/etc/gitconfig", "/etc/vim", "/etc/perl", "/etc/python3", "/etc/python3.11",
	"/etc/python3.12", "/etc/python3.13", "/etc/java-11-openjdk", "/etc/java-17-openjdk", "/etc/java-21-openjdk",
	"/etc/maven", "/etc/emacs", "/etc/chromium", "/etc/chromium.d",
	NULL,
};

const char *const sandbox_network_paths[] = {
	"/etc/hosts", "/etc/resolv.conf", NULL,
};

/* The caller's variables that are passed on. None of these contains a secret, or makes the loader
 * run code. */
static const char *const variables[] = {
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_ADDRESS", "LC_COLLATE",
	"LC_CTYPE", "LC_IDENTIFICATION", "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY", "LC_NAME", "LC_NUMERIC",
	"LC_PAPER", "LC_TELEPHONE", "LC_TIME", "TERM", "COLORTERM", "TZ", "NO_COLOR", "CLICOLOR", "COLUMNS", "LINES",
	"EDITOR", "VISUAL", "PAGER", "CI",
};

/* clang-format on */

struct sandbox {
	struct arena *arena;
	const struct sandbox_request *request;
	const struct sandbox_host *host;
	struct oci_config *config;
	struct nacre_error *err;
};

static int fail_memory(const struct sandbox *s)
{
	return arena_fail(s->arena, "sandbox", s->err);
}

/* --- mounts --- */

static int add_mount(struct sandbox *s, const char *type, const char *source,
	const char *destination, const char *const *options, size_t n)
{
	return config_add_mount(s->arena, s->config, type, source, destination, options, n) < 0
		       ? fail_memory(s)
		       : 0;
}

/* Mounts that the host makes in it later come without these flags. */
static int add_entry(struct sandbox *s, const struct sandbox_entry *entry, bool writable)
{
	static const char *const link[] = {"bind", "copy-symlink", "nosuid", "nodev", "rro"};
	const char *const options[] = {entry->directory ? "rbind" : "bind", "nosuid", "nodev",
		writable ? "rw" : "rro", "rprivate"};

	return entry->link
		       ? add_mount(s, "bind", entry->path, entry->path, link, COUNT(link))
		       : add_mount(s, "bind", entry->path, entry->path, options, COUNT(options));
}

static int add_entries(
	struct sandbox *s, const struct sandbox_entry *entries, size_t n, bool writable)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_entry(s, &entries[i], writable);
	return r;
}

static bool is_of_network(const char *path)
{
	for (const char *const *p = sandbox_network_paths; *p; p++)
		if (strcmp(*p, path) == 0)
			return true;
	return false;
}

static int add_host_paths(struct sandbox *s)
{
	int r = 0;

	for (size_t i = 0; i < s->host->n_entries && r == 0; i++)
		if (s->request->network || !is_of_network(s->host->entries[i].path))
			r = add_entry(s, &s->host->entries[i], false);
	return r;
}

static int add_tmpfs(struct sandbox *s, const char *destination, const char *mode)
{
	const uint64_t bytes = s->request->tmp_bytes;
	const char *options[] = {"nosuid", "nodev", mode, NULL};

	if (bytes) {
		options[3] = arena_printf(s->arena, "size=%" PRIu64, bytes);
		if (!options[3])
			return fail_memory(s);
	}
	return add_mount(s, "tmpfs", "tmpfs", destination, options, bytes ? 4 : 3);
}

/* Returns whether programs need this mount of the default config. They need no sysfs, cgroups or
 * message queues. */
static bool is_needed(const struct oci_mount *mount)
{
	return strcmp(mount->type, "proc") == 0 || strcmp(mount->type, "devpts") == 0 ||
	       strcmp(mount->type, "tmpfs") == 0;
}

static int add_kernel_mounts(struct sandbox *s, const struct oci_mount *defaults, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_needed(&defaults[i]))
			s->config->mounts[s->config->n_mounts++] = defaults[i];
	return 0;
}

static int add_copy(struct sandbox *s)
{
	static const char *const options[] = {"bind", "rw", "nosuid", "nodev"};
	const char *directory = s->request->directory;
	struct oci_workspace *mark = arena_alloc(s->arena, sizeof(*mark));

	if (!mark)
		return fail_memory(s);
	*mark = (struct oci_workspace){.destination = directory, .form = WORKSPACE_COW};
	s->config->nacre->workspaces = mark;
	s->config->nacre->n_workspaces = 1;
	return add_mount(s, "bind", directory, directory, options, COUNT(options));
}

/* Orders mounts so that later ones may cover earlier ones. */
static int make_mounts(struct sandbox *s)
{
	const struct sandbox_request *request = s->request;
	const struct oci_mount *defaults = s->config->mounts;
	const size_t n_defaults = s->config->n_mounts;
	int r;

	s->config->mounts = arena_array(s->arena,
		n_defaults + s->host->n_entries + request->n_read + request->n_write + 4,
		sizeof(*s->config->mounts));
	s->config->n_mounts = 0;
	if (!s->config->mounts)
		return fail_memory(s);
	r = add_host_paths(s);
	if (r == 0)
		r = add_kernel_mounts(s, defaults, n_defaults);
	if (r == 0)
		r = add_tmpfs(s, "/tmp", "mode=1777");
	if (r == 0)
		r = add_tmpfs(s, "/run", "mode=755");
	if (r == 0 && s->host->home && strcmp(s->host->home, "/") != 0)
		r = add_tmpfs(s, s->host->home, "mode=700");
	if (r == 0)
		r = add_entries(s, request->read, request->n_read, false);
	if (r == 0 && request->copy)
		r = add_copy(s);
	return r < 0 ? r : add_entries(s, request->write, request->n_write, true);
}

/* --- the process --- */

/* Returns NULL if the caller does not have the variable. */
static const char *find_variable(const struct sandbox *s, const char *name)
{
	const struct oci_strings *environment = &s->host->environment;
	const size_t place = config_find_variable(environment, name);

	return place < environment->n ? environment->items[place] : NULL;
}

/* Adds a variable, or replaces an earlier one of the same name. */
static void put_variable(struct oci_strings *env, const char *variable)
{
	const size_t place = config_find_variable(env, variable);

	env->items[place] = variable;
	env->n += place == env->n;
}

static int put_asked(struct sandbox *s, struct oci_strings *env)
{
	for (size_t i = 0; i < s->request->env.n; i++) {
		const char *given = s->request->env.items[i];
		const char *variable = strchr(given, '=') ? given : find_variable(s, given);

		if (*given == '\0' || *given == '=')
			return fail(s->err, EINVAL,
				"--env: expected NAME or NAME=VALUE, found \"%s\"", given);
		if (!variable)
			return fail(s->err, EINVAL,
				"--env %s: the variable is not set in the environment of nacre: "
				"give --env %s=VALUE",
				given, given);
		put_variable(env, variable);
	}
	return 0;
}

static int make_environment(struct sandbox *s)
{
	struct oci_strings *env = &s->config->process->env;

	env->n = 0;
	env->items = arena_array(
		s->arena, COUNT(variables) + s->request->env.n + 1, sizeof(*env->items));
	if (!env->items)
		return fail_memory(s);
	for (size_t i = 0; i < COUNT(variables); i++) {
		const char *variable = find_variable(s, variables[i]);

		if (variable)
			put_variable(env, variable);
	}
	return put_asked(s, env);
}

static int make_process(struct sandbox *s)
{
	struct oci_process *process = s->config->process;

	process->terminal = s->request->terminal;
	process->args = s->request->args;
	process->cwd = s->request->directory;
	process->user = (struct oci_user){.uid = s->host->uid, .gid = s->host->gid};
	process->capabilities = arena_alloc(s->arena, sizeof(*process->capabilities));
	if (!process->capabilities)
		return fail_memory(s);
	process->rlimits = NULL;
	process->n_rlimits = 0;
	return make_environment(s);
}

/* --- namespaces --- */

/* Maps only the caller, who is root inside only if he is root outside. */
static int map_caller(struct sandbox *s)
{
	const struct oci_user *caller = &s->config->process->user;

	if (s->host->root)
		return 0;
	return config_map_ids(s->arena, s->config->linux_, caller, caller) < 0 ? fail_memory(s) : 0;
}

int sandbox_config(struct arena *arena, const struct sandbox_request *request,
	const struct sandbox_host *host, struct oci_config **ret_config, struct nacre_error *err)
{
	struct sandbox s = {.arena = arena, .request = request, .host = host, .err = err};
	int r = sandbox_check_apart(request, err);

	if (r < 0)
		return r;
	r = oci_default_config(arena, host->root ? DEFAULT_ROOT : DEFAULT_ROOTLESS_OWN_NETWORK,
		host->uid, host->gid, &s.config, err);

	if (r < 0)
		return r;
	s.config->hostname = "sandbox";
	s.config->root->path = "tmpfs";
	s.config->nacre = arena_alloc(arena, sizeof(*s.config->nacre));
	if (!s.config->nacre)
		return fail_memory(&s);
	s.config->nacre->root_tmpfs = true;
	s.config->nacre->reaper = true;
	/* Such a file can be opened again for writing, through /proc/self/fd/0: it is no mount of
	 * the container, whose flags would forbid that. TCP inside the sandbox stays free. */
	if (host->reads_file)
		s.config->nacre->landlock = "files";
	s.config->nacre->judged = request->judged;
	s.config->nacre->n_judged = request->n_judged;
	r = make_mounts(&s);
	if (r == 0)
		r = make_process(&s);
	if (r == 0)
		r = map_caller(&s);
	if (r == 0)
		r = sandbox_hide(arena, request, s.config, err);
	if (r == 0)
		r = sandbox_limit(arena, request, host, s.config, err);
	if (r == 0)
		*ret_config = s.config;
	return r;
}
