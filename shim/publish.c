/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/loop.h"
#include "shim/receive.h"
#include "shim/unix_socket.h"

#define RETRY_MS 500
#define ANSWER_MS 10000
#define TIMEOUT_NANO (INT64_C(5) * 1000 * 1000 * 1000)
/* Limits how often an event that containerd refuses is sent again before it is dropped. */
#define MAX_TRIES 5

struct event {
	Wire__ForwardRequest *request; /* heap, one block with its contents */
	uint8_t *payload;
	unsigned tries;
	struct event *next;
};

static struct {
	const char *address;
	struct source source;
	struct ttrpc_input input;
	struct event *first, **last;
	unsigned n;
	uint32_t stream;
	uint8_t *frame; /* of the first event, while it is sent */
	size_t frame_n, sent;
	bool sending; /* the first event is being sent, or its answer is awaited */
	struct timer retry;
} out = {.source = {.fd = -1}, .last = &out.first};

static void send_first(void);
static void disconnect(void);

static void retry_due(struct timer *timer)
{
	(void)timer;
	if (out.sending)
		disconnect();
	else
		send_first();
}

static void disconnect(void)
{
	if (out.source.fd >= 0) {
		loop_forget(&out.source);
		(void)close(out.source.fd);
	}
	out.source.fd = -1;
	ttrpc_input_free(&out.input);
	free(out.frame);
	out.frame = NULL;
	out.sending = false;
	out.stream = 0;
	if (out.first)
		loop_set(&out.retry, RETRY_MS);
}

static void drop_first(void)
{
	struct event *event = out.first;

	out.first = event->next;
	if (!out.first)
		out.last = &out.first;
	out.n--;
	free(event->payload);
	free(event);
}

static void receive(void)
{
	struct ttrpc_head head;
	const uint8_t *bytes;
	Wire__Response *response;
	const int r = receive_frame(out.source.fd, &out.input, &head, &bytes);

	if (r < 0)
		disconnect();
	if (r <= 0)
		return;
	response = message_read(&wire__response__descriptor, bytes, head.length);
	if (!response || head.type != TTRPC_RESPONSE || head.stream != out.stream || !out.first) {
		message_free(response);
		disconnect();
		return;
	}
	if (response->status && response->status->code != 0)
		log_warning("containerd refused an event: %s", response->status->message);
	message_free(response);
	ttrpc_input_next(&out.input);
	out.sending = false;
	loop_unset(&out.retry);
	drop_first();
	send_first();
}

static void send_rest(void)
{
	const ssize_t n = send(out.source.fd, out.frame + out.sent, out.frame_n - out.sent,
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		disconnect();
		return;
	}
	out.sent += n > 0 ? (size_t)n : 0;
	if (out.sent == out.frame_n) {
		free(out.frame);
		out.frame = NULL;
	}
	if (loop_watch(&out.source, EPOLLIN | (out.frame ? EPOLLOUT : 0u)) < 0)
		disconnect();
}

static void publish_ready(struct source *source, uint32_t events)
{
	(void)source;
	if (out.frame && (events & EPOLLOUT))
		send_rest();
	if (out.source.fd >= 0 && (events & ~(uint32_t)EPOLLOUT))
		receive();
}

static int connect_out(void)
{
	const char *path = strncmp(out.address, "unix://", 7) == 0 ? out.address + 7 : out.address;
	int fd;

	if (out.source.fd >= 0)
		return 0;
	fd = unix_socket_connect(path);
	if (fd < 0)
		return fd;
	out.source = (struct source){.fd = fd, .ready = publish_ready};
	return 0;
}

/* Sends one event at a time: containerd relies on their order. */
static void send_first(void)
{
	struct event *event;

	while (out.first && !out.sending) {
		event = out.first;
		if (connect_out() < 0) {
			disconnect();
			return;
		}
		out.stream = out.stream ? out.stream + 2 : 1;
		if (event->tries++ == MAX_TRIES ||
			message_request(out.stream, "containerd.services.events.ttrpc.v1.Events",
				"Forward", event->request, TIMEOUT_NANO, &out.frame,
				&out.frame_n) < 0) {
			log_warning("an event was dropped");
			drop_first();
			continue;
		}
		out.sent = 0;
		out.sending = true;
		loop_set(&out.retry, ANSWER_MS);
		send_rest();
	}
}

/* Copies the whole request into one block that message_request can wrap. */
static struct event *make_event(const char *topic, const char *name, const void *message)
{
	struct {
		struct event event;
		Wire__ForwardRequest request;
		Wire__Envelope envelope;
		Wire__Time time;
		Wire__Any any;
		char topic[64], type[64];
	} *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	wire__any__init(&block->any);
	if (message_write(message, 0, &block->event.payload, &block->any.value.len) < 0) {
		free(block);
		return NULL;
	}
	(void)snprintf(block->topic, sizeof(block->topic), "%s", topic);
	(void)snprintf(block->type, sizeof(block->type), "containerd.events.%s", name);
	wire__forward_request__init(&block->request);
	wire__envelope__init(&block->envelope);
	block->time = task_now();
	block->any.type_url = block->type;
	block->any.value.data = block->event.payload;
	block->envelope.timestamp = &block->time;
	block->envelope.namespace_ = (char *)task_namespace;
	block->envelope.topic = block->topic;
	block->envelope.event = &block->any;
	block->request.envelope = &block->envelope;
	block->event.request = &block->request;
	return &block->event;
}

void publish_open(const char *address)
{
	out.address = address && address[0] ? address : NULL;
	out.retry.due = retry_due;
}

void publish(const char *topic, const char *name, const void *message)
{
	struct event *event;

	if (!out.address)
		return;
	event = out.n < PUBLISH_MAX ? make_event(topic, name, message) : NULL;
	if (!event) {
		log_warning("an event was dropped: %s", topic);
		return;
	}
	*out.last = event;
	out.last = &event->next;
	out.n++;
	if (!out.retry.at)
		send_first();
}

void publish_exit(const struct process *process)
{
	Wire__TaskExit event = WIRE__TASK_EXIT__INIT;

	event.container_id = process->container->id;
	event.id = process->exec_id[0] ? (char *)process->exec_id : process->container->id;
	event.pid = (uint32_t)process->pid;
	event.exit_status = process->exit_status;
	event.exited_at = (Wire__Time *)&process->exited_at;
	publish("/tasks/exit", "TaskExit", &event);
}

void publish_named(const char *topic, const char *name, const struct container *container)
{
	Wire__TaskNamed event = WIRE__TASK_NAMED__INIT;

	event.container_id = container->id;
	publish(topic, name, &event);
}

bool publish_pending(void)
{
	return out.first != NULL;
}
