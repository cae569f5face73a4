/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
/*
 * The host's side of the integration tests, where a shell cannot play it:
 *
 *	peer console SOCKET		takes a terminal from a console socket and shows what it says
 *	peer full SOCKET		accepts nobody; the queue of the socket is full
 *	peer notify SOCKET ERRNO	takes a seccomp listener and answers every call with ERRNO; 0 lets the
 *					kernel perform it
 *	peer manager SOCKET		is a service manager: shows what is notified, until a barrier
 *	peer pidfd SOCKET		takes a pidfd, and ends the process with SIGUSR1
 *	peer swap A B			exchanges two names for ever, as an attacker in a race
 *	peer pty ROWS COLUMNS COMMAND	runs a command on a new terminal; SIGUSR1 makes it 33 by 101
 */
/* clang-format on */

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static int accept_one(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(sock, 1) < 0)
		die(path);
	peer = accept(sock, NULL, NULL);
	if (peer < 0)
		die("accept");
	return peer;
}

/* One message with one fd. The text goes to stdout. */
static int receive_fd(int sock)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[65536];
	struct iovec data = {text, sizeof(text)};
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	int fd;

	if (!header || header->cmsg_type != SCM_RIGHTS)
		die("no descriptor in the message");
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	printf("received: %.*s\n", (int)n, text);
	fflush(stdout);
	return fd;
}

/* Between the master of a terminal and our stdin and stdout, until the other side is closed. */
static void relay(int master)
{
	struct pollfd fds[2] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	char buffer[4096];
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("poll");
		}
		if (fds[0].revents) {
			n = read(master, buffer, sizeof(buffer));
			if (n <= 0)
				return;
			if (write(1, buffer, (size_t)n) != n)
				die("write");
		}
		if (fds[1].revents) {
			n = read(0, buffer, sizeof(buffer));
			if (n <= 0)
				fds[1].fd = -1;
			else if (write(master, buffer, (size_t)n) != n)
				die("write to the terminal");
		}
	}
}

static int console(char **argv)
{
	relay(receive_fd(accept_one(argv[0])));
	return 0;
}

static int full(char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", argv[0]);
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(sock, 0) < 0)
		die(argv[0]);
	do
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	while (connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	/* It has its name when it is ready. */
	if (errno != EAGAIN || rename(address.sun_path, argv[0]) < 0)
		die(argv[0]);
	pause();
	return 0;
}

static int manager(char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[0]);
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(argv[0]);
	for (;;) {
		char text[4096];
		struct pollfd ready = {.fd = sock, .events = POLLIN};
		ssize_t n;

		if (poll(&ready, 1, -1) < 0)
			die("poll");
		n = recv(sock, text, sizeof(text) - 1, MSG_PEEK);
		text[n > 0 ? n : 0] = '\0';
		if (strcmp(text, "BARRIER=1") == 0)
			break;
		(void)recv(sock, text, sizeof(text), 0);
		(void)fwrite(text, 1, n > 0 ? (size_t)n : 0, stdout);
		fflush(stdout);
	}
	/* Closing it releases the barrier. */
	close(receive_fd(sock));
	return 0;
}

static int pidfd(char **argv)
{
	struct pollfd ended = {.fd = receive_fd(accept_one(argv[0])), .events = POLLIN};

	/* pid 1 does not get a signal that it has no handler for yet. */
	for (int i = 0; i < 200; i++) {
		if (syscall(SYS_pidfd_send_signal, ended.fd, SIGUSR1, NULL, 0) < 0)
			return 1;
		if (poll(&ended, 1, 50) > 0)
			return 0;
	}
	return 1;
}

static int notify(char **argv)
{
	int fd = receive_fd(accept_one(argv[0]));
	struct seccomp_notif request;
	struct seccomp_notif_resp response;

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, -1) < 0 || ready.revents & POLLHUP)
			return 0;
		memset(&request, 0, sizeof(request));
		memset(&response, 0, sizeof(response));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
			continue;
		printf("notified of system call %d\n", request.data.nr);
		fflush(stdout);
		response.id = request.id;
		response.error = -atoi(argv[1]);
		if (response.error == 0)
			response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0)
			perror("answer");
	}
}

/* Exchanges in bursts with pauses of up to 2 ms: without pauses the kernel's locks let the
 * exchanges fall into step with who looks, and on some machines 200 of 200 looks are refused. */
static int swap(char **argv)
{
	for (long left = 0;; left--) {
		if (left == 0) {
			usleep((useconds_t)(random() % 2000));
			left = 1 + random() % 64;
		}
		if (syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE) <
			0)
			break;
	}
	die("swap");
	return 99;
}

static int pty_master;

static void resize(int sig)
{
	struct winsize size = {.ws_row = 33, .ws_col = 101};

	(void)sig;
	ioctl(pty_master, TIOCSWINSZ, &size);
}

static int pty(char **argv)
{
	struct winsize size = {
		.ws_row = (unsigned short)atoi(argv[0]), .ws_col = (unsigned short)atoi(argv[1])};
	pid_t pid = forkpty(&pty_master, NULL, NULL, &size);
	int status;

	if (pid < 0)
		die("forkpty");
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	signal(SIGUSR1, resize);
	relay(pty_master);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
	} roles[] = {{"console", 1, console}, {"full", 1, full}, {"notify", 2, notify},
		{"manager", 1, manager}, {"pidfd", 1, pidfd}, {"swap", 2, swap}, {"pty", 3, pty}};

	for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(argv[1], roles[i].name) == 0 && argc >= roles[i].args + 2)
			return roles[i].run(argv + 2);
	fprintf(stderr, "usage: peer console|full|manager|notify|pidfd|swap|pty ARGS\n");
	return 2;
}
