/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/config.h"
#include "shim/message.h"
#include "shim/small_file.h"
#include "shim/unix_socket.h"
#include "specs/sha256.h"

#define INPUT_MAX (1024 * 1024)
#define ADDRESS_SIZE 128

static int complain(const char *what)
{
	(void)fprintf(stderr, "containerd-shim-nacre-v2: %s: %s\n", what, strerror(errno));
	return -1;
}

/* Reads the boot parameters that containerd 2.3 and later write to stdin. Older versions write the
 * runtime's options there, which come again with each container. Returns NULL if stdin holds
 * something else. */
static Wire__BootParams *read_params(const char *id)
{
	Wire__BootParams *params = NULL;
	uint8_t *bytes = malloc(INPUT_MAX);
	const ssize_t n = bytes ? small_file_read_fd(STDIN_FILENO, bytes, INPUT_MAX) : -ENOMEM;

	if (n > 0 && n < INPUT_MAX)
		params = message_read(&wire__boot_params__descriptor, bytes, (size_t)n);
	free(bytes);
	if (params && strcmp(params->instance_id, id) != 0) {
		message_free(params);
		params = NULL;
	}
	return params;
}

/* Names the socket as containerd names those of its shims: by a digest of containerd's address, the
 * namespace and the group. */
static int find_socket(struct boot *boot, const char *group)
{
	char text[PATH_MAX], digest[SHA256_TEXT];
	int n = snprintf(text, sizeof(text), "%s/%s/%s", boot->address, boot->namespace, group);

	if (n < 0 || (size_t)n >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return complain("the name of the shim's socket");
	}
	sha256_text(text, (size_t)n, digest);
	n = snprintf(boot->socket, sizeof(boot->socket), "%s/%s", boot->socket_dir, digest);
	if (n < 0 || (size_t)n >= sizeof(boot->socket)) {
		errno = ENAMETOOLONG;
		return complain("the path of the shim's socket");
	}
	return 0;
}

static bool is_served(const struct boot *boot)
{
	const int fd = unix_socket_connect(boot->socket);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || fd == -EAGAIN;
}

static int listen_at(struct boot *boot)
{
	const mode_t mask = umask(0177);

	boot->listener_fd = unix_socket_listen(boot->socket, 64);
	(void)umask(mask);
	return boot->listener_fd < 0 ? boot->listener_fd : 0;
}

/* Returns 1 if this process now listens on the socket, 0 if another process serves it. */
static int take_socket(struct boot *boot)
{
	int r;

	(void)mkdir("/run/containerd", 0711);
	(void)mkdir(boot->socket_dir, 0711);
	r = listen_at(boot);
	if (r == -EADDRINUSE) {
		if (is_served(boot))
			return 0;
		(void)unlink(boot->socket); /* left by a shim that was killed */
		r = listen_at(boot);
	}
	errno = -r;
	return r < 0 ? complain(boot->socket) : 1;
}

int boot_answer(const void *message)
{
	uint8_t *bytes = NULL;
	size_t n;
	int r = message_write(message, 0, &bytes, &n);

	if (r == 0) {
		const ssize_t written = write(STDOUT_FILENO, bytes, n);

		r = written < 0 ? -errno : written == (ssize_t)n ? 0 : -EIO;
	}
	free(bytes);
	errno = -r;
	return r < 0 ? complain("stdout") : 0;
}

static void write_uri(const struct boot *boot, char address[static ADDRESS_SIZE])
{
	(void)snprintf(address, ADDRESS_SIZE, "unix://%s", boot->socket);
}

/* Writes the file that containerd 1.6 and 1.7 read after a restart. */
static int write_address(const struct boot *boot)
{
	char address[ADDRESS_SIZE];
	int r;

	write_uri(boot, address);
	r = small_file_write("address", address, strlen(address));
	errno = -r;
	return r < 0 ? complain("address") : 0;
}

/* Reports the address as a message to a containerd that knows this protocol, and otherwise as bare
 * text, which means version 2. */
static int tell(const struct boot *boot, bool message)
{
	Wire__BootResult result = WIRE__BOOT_RESULT__INIT;
	char address[ADDRESS_SIZE];

	write_uri(boot, address);
	if (!message)
		return write(STDOUT_FILENO, address, strlen(address)) < 0 ? complain("stdout") : 0;
	result.version = 3;
	result.address = address;
	result.protocol = (char *)"ttrpc";
	return boot_answer(&result);
}

/* Makes the kernel kill a shim rather than containerd, but a container rather than its shim. */
static void raise_oom_score(void)
{
	char text[32] = "";
	const int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	long score;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
		score = strtol(text, NULL, 10); /* containerd's, inherited */
		(void)dprintf(fd, "%ld", score < 1000 ? score + 1 : 1000);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* Sets up the process that stays. It has no stdio, since containerd waits until nobody holds the
 * stdout of the first process. */
static int stay(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	raise_oom_score();
	for (int fd = 0; fd < 3; fd++) {
		if (null < 0 || dup2(null, fd) < 0)
			return -1;
	}
	if (null > 2)
		(void)close(null);
	/* The session stays containerd's: a scheduler that groups by session (sched(7), autogroup)
	 * then switches sooner from containerd to its shim. */
	return setpgid(0, 0) < 0 ? -1 : 1;
}

int boot_start(struct boot *boot)
{
	Wire__BootParams *params = read_params(boot->id);
	struct nacre_error err;
	char group[256];
	pid_t pid = 0;
	int r;

	(void)snprintf(boot->socket_dir, sizeof(boot->socket_dir), "%s",
		params && params->socket_dir[0] ? params->socket_dir : "/run/containerd/s");
	if (params && params->ttrpc_address[0])
		boot->ttrpc_address = strdup(params->ttrpc_address);
	r = config_group(boot->id, group, sizeof(group), &err);
	if (r < 0)
		(void)fprintf(stderr, "containerd-shim-nacre-v2: %s\n", err.text);
	else
		r = find_socket(boot, group);
	if (r == 0)
		r = take_socket(boot);
	if (r > 0) {
		pid = fork();
		if (pid == 0) {
			message_free(params);
			return stay();
		}
		(void)close(boot->listener_fd);
		if (pid < 0)
			(void)unlink(boot->socket);
	}
	if (r >= 0)
		r = pid < 0 ? complain("fork") : write_address(boot);
	if (r == 0)
		r = tell(boot, params != NULL);
	message_free(params);
	return r;
}
