/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/annotations.h"
#include "specs/bwrap_sandbox.h"
#include "specs/config_parts.h"
#include "specs/defaults.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Turns a request into a config. */

int bwrap_fail_memory(const struct bwrap_sandbox *s)
{
	return arena_fail(s->arena, "bwrap", s->err);
}

void bwrap_add_word(struct oci_strings *list, const char *word)
{
	list->items[list->n++] = word;
}

/* --- the process --- */

static int make_environment(struct bwrap_sandbox *s)
{
	const struct bwrap_request *request = s->request;
	const struct oci_strings *callers = &s->host->environment;
	struct oci_strings *env = &s->config->process->env;

	env->items = arena_array(s->arena, callers->n + request->n_variables + 1, sizeof(char *));
	if (!env->items)
		return bwrap_fail_memory(s);
	/* Skips strings without a name, which no program could find. */
	for (size_t i = 0; i < callers->n; i++)
		if (strchr(callers->items[i], '=') > callers->items[i])
			bwrap_add_word(env, callers->items[i]);
	for (size_t i = 0; i < request->n_variables; i++) {
		const struct bwrap_variable *variable = &request->variables[i];
		size_t place;

		/* the caller's environment may have it twice */
		while ((place = config_find_variable(env, variable->name)) < env->n)
			env->items[place] = env->items[--env->n];
		if (!variable->value)
			continue;
		env->items[env->n] = arena_printf(
			s->arena, "%s=%s", variable->name, variable->value);
		if (!env->items[env->n++])
			return bwrap_fail_memory(s);
	}
	return 0;
}

static void drop_capability(struct oci_strings *list, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], name) != 0)
			list->items[kept++] = list->items[i];
	list->n = kept;
}

static int change_capability(
	struct bwrap_sandbox *s, struct oci_strings *list, const struct bwrap_capability *change)
{
	const struct oci_strings *all = s->user_namespace ? &s->host->known
							  : &s->host->capabilities;

	if (strcmp(change->name, "ALL") == 0) {
		list->n = 0;
		for (size_t i = 0; change->added && i < all->n; i++)
			bwrap_add_word(list, all->items[i]);
		return 0;
	}
	if (!oci_strings_have(&s->host->known, change->name))
		return fail(s->err, EINVAL, "--cap-%s: this kernel has no capability \"%s\"",
			change->added ? "add" : "drop", change->name);
	drop_capability(list, change->name);
	if (change->added)
		bwrap_add_word(list, change->name);
	return 0;
}

/* Gives root the capabilities that it has, and others none. */
static int make_capabilities(struct bwrap_sandbox *s)
{
	const struct bwrap_request *request = s->request;
	const struct bwrap_host *host = s->host;
	struct oci_strings list = {.n = 0};
	int r = 0;

	list.items = arena_array(
		s->arena, host->known.n + host->capabilities.n + 1, sizeof(*list.items));
	s->config->process->capabilities = arena_alloc(
		s->arena, sizeof(*s->config->process->capabilities));
	if (!list.items || !s->config->process->capabilities)
		return bwrap_fail_memory(s);
	for (size_t i = 0; host->uid == 0 && i < host->capabilities.n; i++)
		bwrap_add_word(&list, host->capabilities.items[i]);
	for (size_t i = 0; i < request->n_capabilities && r == 0; i++)
		r = change_capability(s, &list, &request->capabilities[i]);
	*s->config->process->capabilities = (struct oci_capabilities){
		.bounding = list, .effective = list, .permitted = list};
	/* Capabilities that were asked for are also kept over an exec by users other than root;
	 * those that root has by itself are not. */
	if (request->n_capabilities) {
		s->config->process->capabilities->inheritable = list;
		s->config->process->capabilities->ambient = list;
	}
	return r;
}

/* Lists where the program may begin: the first directory that exists is taken. */
static int choose_directories(struct bwrap_sandbox *s)
{
	struct oci_strings *list = &s->config->nacre->directories;

	list->items = arena_array(s->arena, 3, sizeof(char *));
	if (!list->items)
		return bwrap_fail_memory(s);
	if (s->request->directory) {
		bwrap_add_word(list, s->request->directory);
		return 0;
	}
	if (s->host->directory)
		bwrap_add_word(list, s->host->directory);
	if (s->host->home && *s->host->home == '/')
		bwrap_add_word(list, s->host->home);
	bwrap_add_word(list, "/");
	return 0;
}

static int make_process(struct bwrap_sandbox *s)
{
	const struct bwrap_request *request = s->request;
	struct oci_process *process = s->config->process;
	const char **args = arena_array(s->arena, request->args.n, sizeof(*args));
	int r;

	if (!args)
		return bwrap_fail_memory(s);
	memcpy(args, request->args.items, request->args.n * sizeof(*args));
	if (request->argv0) {
		s->config->nacre->program = args[0];
		args[0] = request->argv0;
	}
	process->args = (struct oci_strings){args, request->args.n};
	process->cwd = "/";
	process->no_new_privileges = true;
	process->user = (struct oci_user){.uid = s->host->uid, .gid = s->host->gid};
	r = make_environment(s);
	if (r == 0)
		r = make_capabilities(s);
	return r < 0 ? r : choose_directories(s);
}

/* --- namespaces --- */

static int make_namespaces(struct bwrap_sandbox *s)
{
	const struct bwrap_request *request = s->request;
	const struct oci_user caller = {.uid = s->host->uid, .gid = s->host->gid};
	const struct {
		const char *type;
		bool made;
	} types[] = {
		{"mount", true},
		{"user", s->user_namespace},
		{"pid", request->unshare_pid},
		{"network", request->unshare_net},
		{"ipc", request->unshare_ipc},
	};
	struct oci_linux *linux_ = s->config->linux_;

	linux_->namespaces = arena_array(s->arena, COUNT(types), sizeof(*linux_->namespaces));
	if (!linux_->namespaces)
		return bwrap_fail_memory(s);
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].made)
			linux_->namespaces[linux_->n_namespaces++].type = types[i].type;
	if (!s->user_namespace)
		return 0;
	return config_map_ids(s->arena, linux_, &caller, &caller) < 0 ? bwrap_fail_memory(s) : 0;
}

/* --- other parts --- */

/* bubblewrap does not change the caller's groups. */
static int keep_groups(struct bwrap_sandbox *s)
{
	struct oci_map *annotations = &s->config->annotations;

	annotations->items = arena_alloc(s->arena, sizeof(*annotations->items));
	if (!annotations->items)
		return bwrap_fail_memory(s);
	annotations->items[annotations->n++] = (struct oci_pair){ANNOTATION_KEEP_GROUPS, "1"};
	return 0;
}

/* Calls that nacre-bwrap needs inside a sandbox of nacre-bwrap, and that profile nested refuses. */
static const char *const calls_of_sandboxes[] = {
	"syscall:clone3", "syscall:fsopen", "syscall:fsconfig", "syscall:fsmount"};

static struct oci_config *make_empty(struct arena *arena)
{
	struct oci_config *config = arena_alloc(arena, sizeof(*config));

	if (!config)
		return NULL;
	config->oci_version = OCI_VERSION;
	config->root = arena_alloc(arena, sizeof(*config->root));
	config->process = arena_alloc(arena, sizeof(*config->process));
	config->linux_ = arena_alloc(arena, sizeof(*config->linux_));
	config->nacre = arena_alloc(arena, sizeof(*config->nacre));
	return config->root && config->process && config->linux_ && config->nacre ? config : NULL;
}

int bwrap_config(struct arena *arena, const struct bwrap_request *request,
	const struct bwrap_host *host, struct oci_config **ret_config, struct nacre_error *err)
{
	struct bwrap_sandbox s = {
		.arena = arena,
		.request = request,
		.host = host,
		.config = make_empty(arena),
		.user_namespace = request->unshare_user || host->uid != 0,
		.err = err,
	};
	int r;

	if (!s.config)
		return bwrap_fail_memory(&s);
	s.config->root->path = "tmpfs";
	s.config->nacre->root_tmpfs = true;
	s.config->nacre->reaper = request->unshare_pid && !request->as_pid_1;
	s.config->nacre->seccomp_filter = "nested";
	s.config->nacre->seccomp_grants = (struct oci_strings){
		(const char **)calls_of_sandboxes, COUNT(calls_of_sandboxes)};
	r = keep_groups(&s);
	if (r == 0)
		r = make_namespaces(&s);
	if (r == 0)
		r = bwrap_make_mounts(&s);
	if (r == 0)
		r = make_process(&s);
	if (r == 0)
		*ret_config = s.config;
	return r;
}
