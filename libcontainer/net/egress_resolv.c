/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_resolv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

#define PLACE "/etc/resolv.conf"
#define SIZE_MAX_READ 65536
#define RESOLVER "198.18.0.1" /* EGRESS_RESOLVER */
#define RESOLVER_OF_DOCKER \
	"127.0.0.11" /* whose packets Docker leads to itself before they arrive */

/* NULL: none is bound. */
static const char *find_source(const struct oci_config *config)
{
	const char *source = NULL;
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < config->n_mounts; i++)
		if (mount_is_bind(&config->mounts[i]) && config->mounts[i].source &&
			path_clean(config->mounts[i].destination, clean) == 0 &&
			!strcmp(clean, PLACE))
			source = config->mounts[i].source;
	return source;
}

/* Opens PATH if it is a regular file: it may come from config.json, and opening a device has
 * effects, as with a watchdog. Often it is a symlink: systemd-resolved. *RET_FD: -1 if there is
 * none. */
static int open_conf(const char *path, int *ret_fd, struct nacre_error *err)
{
	cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
	char link[32];
	struct stat st;

	*ret_fd = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, EINVAL, "egress rules: %s is not a regular file", path);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	*ret_fd = open(link, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno(err, errno, "open %s", path) : 0;
}

static int read_conf(const char *path, struct resolv_conf *ret_conf, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	cleanup_free char *text = NULL;
	int r = open_conf(path, &fd, err);

	if (r == 0 && fd >= 0)
		r = file_read_fd(fd, path, SIZE_MAX_READ, &text, NULL, err);
	if (r == 0)
		resolv_conf_read(text ? text : "", RESOLVER, ret_conf);
	return r;
}

void egress_resolv_take(struct resolv_conf *conf, const struct oci_strings *resolvers)
{
	for (size_t i = 0; i < resolvers->n && i < RESOLV_SERVERS_MAX; i++)
		(void)snprintf(
			conf->servers[i], sizeof(conf->servers[i]), "%s", resolvers->items[i]);
	conf->n_servers = resolvers->n < RESOLV_SERVERS_MAX ? resolvers->n : RESOLV_SERVERS_MAX;
}

int egress_resolv_read(const struct oci_config *config, bool inside,
	const struct oci_strings *resolvers, struct resolv_conf *ret_conf, struct nacre_error *err)
{
	const char *bound = find_source(config);
	struct resolv_conf host;
	int r = read_conf(bound ? bound : PLACE, ret_conf, err);

	if (r == 0 && inside && !bound && resolvers->n)
		egress_resolv_take(ret_conf, resolvers);
	if (r < 0 || inside)
		return r;
	r = read_conf(PLACE, &host, err);
	if (r < 0)
		return r;
	memcpy(ret_conf->servers, host.servers, sizeof(host.servers));
	ret_conf->n_servers = host.n_servers;
	return 0;
}

/* Whether SERVER is an address of this network namespace: what is sent to it then comes from that
 * address, or from loopback. */
static int is_own(const char *server, struct nacre_error *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)}, from4 = {};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)}, from6 = {};
	const bool is_v4 = inet_pton(AF_INET, server, &v4.sin_addr) == 1;
	cleanup_close int sock = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = is_v4 ? sizeof(v4) : sizeof(v6);
	int r;

	if (!is_v4 && inet_pton(AF_INET6, server, &v6.sin6_addr) != 1)
		return fail(err, EINVAL, "name server %s: no address", server);
	if (sock < 0)
		return errno == EAFNOSUPPORT ? 0 : fail_errno(err, errno, "name server %s", server);
	r = connect(sock, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, size);
	if (r < 0) /* there is no way to it */
		return 0;
	r = getsockname(sock, is_v4 ? (struct sockaddr *)&from4 : (struct sockaddr *)&from6, &size);
	if (r < 0)
		return fail_errno(err, errno, "name server %s", server);
	if (is_v4)
		return from4.sin_addr.s_addr == v4.sin_addr.s_addr ||
		       ntohl(from4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&from6.sin6_addr) || IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ||
	       !memcmp(&from6.sin6_addr, &v6.sin6_addr, sizeof(v6.sin6_addr));
}

int egress_resolv_drop_own(void *data, struct nacre_error *err)
{
	struct resolv_conf *conf = data;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_servers; i++) {
		const bool of_docker = !strcmp(conf->servers[i], RESOLVER_OF_DOCKER);
		int r = of_docker ? 0 : is_own(conf->servers[i], err);

		if (r < 0)
			return r;
		if (r == 0 && n++ != i)
			memcpy(conf->servers[n - 1], conf->servers[i], sizeof(conf->servers[i]));
	}
	conf->n_servers = n;
	return 0;
}

static int protect(int tree_fd, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	int r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr);

	return r < 0 ? fail_errno(err, r, "make resolv.conf read-only") : 0;
}

int egress_resolv_make(int state_fd, const char *text, bool *ret_cloned, struct nacre_error *err)
{
	cleanup_close int file_fd = -1, tree_fd = -1;
	int r = file_replace(state_fd, EGRESS_RESOLV_FILE, text, strlen(text), 0644, err);

	if (r < 0)
		return r;
	file_fd = openat(state_fd, EGRESS_RESOLV_FILE, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file_fd < 0)
		return fail_errno(err, errno, "open \"" EGRESS_RESOLV_FILE "\" of the state");
	tree_fd = sys_open_tree(file_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	*ret_cloned = tree_fd >= 0;
	if (tree_fd == -EPERM)
		return fd_steal(&file_fd);
	if (tree_fd < 0)
		return fail_errno(err, tree_fd, "clone \"" EGRESS_RESOLV_FILE "\" of the state");
	r = protect(tree_fd, err);
	return r < 0 ? r : fd_steal(&tree_fd);
}

int egress_resolv_mount(int rootfs_fd, int fd, bool cloned, struct nacre_error *err)
{
	cleanup_close int place_fd = path_make_mount_point(rootfs_fd, PLACE, true, true, err);
	cleanup_close int own_fd = -1;
	int r = place_fd < 0 ? place_fd : 0;

	if (r == 0 && !cloned) {
		own_fd = path_clone(fd, 0, err);
		r = own_fd < 0 ? own_fd : protect(own_fd, err);
	}
	if (r < 0)
		return fail_prefix(err, "%s", PLACE);
	r = sys_move_mount(cloned ? fd : own_fd, place_fd);
	return r < 0 ? fail_errno(err, r, "mount on %s", PLACE) : 0;
}
