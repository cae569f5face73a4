/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

/*
 *	connections serve PORT			sends, on each connection, as many bytes as are
 *asked for connections connect ADDRESS PORT N	us of connect(2) and of connection and byte: minima,
 *medians connections bulk ADDRESS PORT MB	us of a megabyte
 */

static char buffer[1 << 17];

static int must(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(2, "%s is no address", address);
	return to;
}

static void serve(const char *port)
{
	struct sockaddr_in at = address_of("0.0.0.0", port);
	int one = 1, listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

	must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
	must(bind(listener, (struct sockaddr *)&at, sizeof(at)), "bind");
	must(listen(listener, 1024), "listen");
	for (;;) {
		int fd = must(accept(listener, NULL, NULL), "accept");
		uint64_t left;

		if (recv(fd, &left, sizeof(left), MSG_WAITALL) == sizeof(left))
			while (left > 0) {
				size_t n = left < sizeof(buffer) ? left : sizeof(buffer);
				ssize_t sent = send(fd, buffer, n, MSG_NOSIGNAL);

				if (sent <= 0)
					break;
				left -= (uint64_t)sent;
			}
		(void)close(fd);
	}
}

/* Asks for SIZE bytes, and takes them. Without TIME_WAIT at the end, which would use up the ports.
 */
static void fetch(const struct sockaddr_in *to, uint64_t size, double *ret_connected)
{
	struct linger at_once = {.l_onoff = 1};
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

	must(connect(fd, (const struct sockaddr *)to, sizeof(*to)), "connect");
	*ret_connected = now();
	must((int)send(fd, &size, sizeof(size), 0), "send");
	while (size > 0) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n <= 0)
			errx(1, "the connection ended");
		size -= (uint64_t)n;
	}
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
	(void)close(fd);
}

int main(int argc, char **argv)
{
	static struct samples connects, bytes;
	const char *what = argc > 1 ? argv[1] : "";
	struct sockaddr_in to;
	double start, connected;

	if (argc == 3 && !strcmp(what, "serve"))
		serve(argv[2]);
	if (argc != 5)
		errx(2, "usage: serve PORT | connect ADDRESS PORT N | bulk ADDRESS PORT MB");
	to = address_of(argv[2], argv[3]);
	if (!strcmp(what, "bulk")) {
		const uint64_t megabytes = strtoull(argv[4], NULL, 10);

		start = now();
		fetch(&to, megabytes << 20, &connected);
		printf("%.1f\n", (now() - start) / (double)megabytes);
		return 0;
	}
	for (long n = atol(argv[4]); n > 0; n--) {
		start = now();
		fetch(&to, 1, &connected);
		samples_add(&connects, connected - start);
		samples_add(&bytes, now() - start);
	}
	samples_sort(&connects);
	samples_sort(&bytes);
	printf("%.2f %.2f %.2f %.2f\n", samples_at(&connects, 0), samples_at(&connects, 50),
		samples_at(&bytes, 0), samples_at(&bytes, 50));
	return 0;
}
