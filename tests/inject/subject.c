/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/subject.h"

#include "tests/inject/bundle.h"
#include "tests/inject/judge.h"
#include "tests/inject/patience.h"
#include "tests/inject/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_OUT "/tmp/program-out" /* of the container that is there before */
#define ARGUMENTS 24
#define WAIT_MS 3000
#define DYING_MS 1000

static struct {
	const char *name, *profile;
	bool user_namespace, trace, systemd;
} mode = {.name = "agent", .profile = "agent"};

bool mode_set(const char *name)
{
	mode.name = name;
	mode.profile = "agent";
	mode.user_namespace = !strcmp(name, "userns");
	mode.trace = !strcmp(name, "trace");
	mode.systemd = !strcmp(name, "systemd");
	if (mode.user_namespace || mode.trace || mode.systemd)
		return true;
	if (strcmp(name, "agent") && strcmp(name, "strict") && strcmp(name, "oci"))
		return false;
	mode.profile = name;
	return true;
}

const char *mode_name(void)
{
	return mode.name;
}

bool mode_systemd(void)
{
	return mode.systemd;
}

bool mode_traces(void)
{
	return mode.trace;
}

/* --- commands that are not disturbed --- */

static void command_line(const struct command *command, const char *argv[ARGUMENTS])
{
	size_t n = 0;

	argv[n++] = WORLD_NACRE;
	argv[n++] = "--root";
	argv[n++] = WORLD_STATE;
	if (mode.systemd)
		argv[n++] = "--systemd-cgroup";
	for (size_t i = 0; command->argv[i]; i++) {
		argv[n++] = command->argv[i];
		if (i > 0 || !command->creates)
			continue;
		argv[n++] = "--profile";
		argv[n++] = mode.profile;
		if (mode.trace)
			argv[n++] = "--trace-denials";
		for (size_t k = 0; command->rules[k]; k++)
			argv[n++] = command->rules[k];
	}
	argv[n] = NULL;
}

/* Whether it ends with 0. */
static bool works(const struct command *command, const char *out, char *wrong)
{
	const char *argv[ARGUMENTS];
	struct trace trace = {.argv = argv, .out = out, .err = WORLD_OTHER_ERR};
	struct trace_end end;
	char text[WRONG_SIZE / 2];

	command_line(command, argv);
	if (trace_run_alone(&trace, &end) < 0)
		give_up("%s could not be run", WORLD_NACRE);
	if (end.status == 0 && !end.hung)
		return true;
	read_text(WORLD_OTHER_ERR, text, sizeof(text));
	complain(wrong, "%s afterwards: %s %#x: %s", command->argv[0],
		end.hung ? "hung," : "ended with", (unsigned)end.status, text);
	return false;
}

static bool nacre(char *wrong, const char *verb, const char *a, const char *b)
{
	struct command command = {.argv = {verb, a, b}};

	return works(&command, WORLD_OTHER_OUT, wrong);
}

/* For COMMAND, whose container is there before. */
static bool create(const struct command *command, char *wrong)
{
	struct command other = {
		.argv = {"create", "--bundle", WORLD_BUNDLE, WORLD_ID}, .creates = true};

	memcpy(other.rules, command->rules, sizeof(other.rules));
	return works(&other, PROGRAM_OUT, wrong);
}

/* Whether all processes of the container end. */
static bool ends(char *wrong)
{
	const struct patience patience = patience_for(WAIT_MS);
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
	while (pid > 0 || (pid == 0 && patience_nap(&patience)));
	if (pid == 0)
		complain(wrong, "the container does not end");
	return pid < 0;
}

static bool has_status(const char *status, char *wrong)
{
	char text[4096], word[64];

	if (!nacre(wrong, "state", WORLD_ID, NULL))
		return false;
	read_text(WORLD_OTHER_OUT, text, sizeof(text));
	(void)snprintf(word, sizeof(word), "\"status\": \"%s\"", status);
	return strstr(text, word) != NULL;
}

static void must_have_status(const char *status, char *wrong)
{
	if (!has_status(status, wrong))
		complain(wrong, "the container is not %s afterwards", status);
}

/* --- what is there after a command --- */

static bool is_one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && !end[1];
}

/* What another program of the container sees, which is the only one in it. */
static void look_inside(char *text, char *wrong)
{
	const struct patience patience = patience_for(WAIT_MS);
	char path[300], processes[256];

	must_have_status("running", wrong);
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", world_container_cgroup());
	do
		read_text(path, processes, sizeof(processes));
	while (!is_one_line(processes) && patience_nap(&patience));
	if (!is_one_line(processes))
		complain(wrong, "processes of the container afterwards: %s", processes);
	if (nacre(wrong, "exec", WORLD_ID, "/look"))
		append_file(text, WORLD_OTHER_OUT);
}

static void look_created(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	const struct patience patience = patience_for(DYING_MS);
	char left[WRONG_SIZE] = "";

	(void)command;
	if (outcome == FAILED && !world_is_clean(left, sizeof(left)))
		complain(wrong, "left by a command that failed: %s", left);
	if (outcome == FAILED || outcome == KILLED)
		return;
	/* init was lost when all was done, and may be on its way to its end */
	do
		if (outcome == LOST && has_status("stopped", wrong))
			return;
	while (outcome == LOST && patience_nap(&patience));
	must_have_status("created", wrong);
	append_file(text, WORLD_STATE "/" WORLD_ID "/record");
	mask_numbers(text);
	append_file(text, WORLD_STATE "/" WORLD_ID "/config.json");
	append_file(text, WORLD_STATE "/" WORLD_ID "/report.json");
	if (nacre(wrong, "start", WORLD_ID, NULL) && ends(wrong))
		append_file(text, WORLD_OUT);
	(void)nacre(wrong, "delete", WORLD_ID, NULL);
}

static void look_run(const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char left[WRONG_SIZE] = "", err[4096];

	(void)command;
	(void)text;
	/* What it could not remove it says, and its exit status is the program's. */
	read_text(WORLD_ERR, err, sizeof(err));
	if (outcome == KILLED || strstr(err, " after it ended: "))
		return;
	if (!world_is_clean(left, sizeof(left)))
		complain(wrong, "left by a command that ended: %s", left);
}

/* Whether one that is created can be started; what a killed command said may be on its way. One
 * that was claimed is nobody's. */
static bool comes_to_run(const struct command *command, char *wrong)
{
	const bool claimed = access(WORLD_STATE "/" WORLD_ID "/claimed", F_OK) == 0;
	char late[WRONG_SIZE] = "";
	bool runs;

	if (!has_status("created", wrong))
		return true;
	runs = works(command, WORLD_OTHER_OUT, late);
	if (runs == claimed && has_status("created", wrong) == !runs)
		complain(wrong, "%s", runs ? "it was claimed twice" : late);
	return !wrong[0] && (runs || !has_status("created", wrong));
}

/* What could not be started, and is still created, can be. A command that was killed has started it
 * or has not. A failed poststart hook undoes it all. */
static void look_started(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char left[WRONG_SIZE] = "";

	if (outcome == FAILED && access(WORLD_STATE "/" WORLD_ID, F_OK) < 0) {
		if (!world_is_clean(left, sizeof(left)))
			complain(wrong, "the container is not known, but left is: %s", left);
		return;
	}
	if (outcome == FAILED && !has_status("created", wrong))
		return;
	if ((outcome == FAILED || outcome == KILLED) && !comes_to_run(command, wrong))
		return;
	if (!ends(wrong))
		return;
	append_file(text, PROGRAM_OUT);
	/* init was lost in its last steps, as the program can be */
	if (outcome == LOST && text[0] == '\0')
		must_have_status("stopped", wrong);
}

static void look_running(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	(void)command;
	(void)outcome;
	look_inside(text, wrong);
}

/* An update that failed has changed nothing; one that was killed can be made again. */
static void look_updated(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char config[TEXT_SIZE];

	read_text(WORLD_STATE "/" WORLD_ID "/config.json", config, sizeof(config));
	if (outcome == FAILED && !strstr(config, "\"cgroup.max.depth\":\"3\""))
		complain(wrong, "an update that failed is in config.json");
	if (outcome == FAILED) {
		look_inside(config + strlen(config), wrong);
		if (!strstr(config, "cgroup.max.depth: 3"))
			complain(wrong, "an update that failed has changed the cgroup");
	}
	if (outcome == FAILED || outcome == KILLED)
		(void)works(command, WORLD_OTHER_OUT, wrong);
	append_file(text, WORLD_STATE "/" WORLD_ID "/config.json");
	look_inside(text, wrong);
}

/* A swap of rules that failed or was killed can be made again. */
static void look_swapped(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char between[TEXT_SIZE] = "";

	if (outcome == FAILED || outcome == KILLED) {
		look_inside(between, wrong);
		judge_rules(between, wrong);
		(void)works(command, WORLD_OTHER_OUT, wrong);
	}
	append_file(text, WORLD_STATE "/" WORLD_ID "/config.json");
	look_inside(text, wrong);
}

static void look_killed(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char late[WRONG_SIZE] = "";

	(void)command;
	(void)text;
	if (outcome == FAILED)
		must_have_status("running", wrong);
	/* the signal of a killed command may be on its way */
	if (outcome != SUCCEEDED)
		(void)nacre(outcome == KILLED ? late : wrong, "kill", WORLD_ID, "KILL");
	(void)ends(wrong);
	must_have_status("stopped", wrong);
}

/* What could not be deleted is still known, and is stopped or running. */
static void look_deleted(
	const struct command *command, enum outcome outcome, char *text, char *wrong)
{
	char left[WRONG_SIZE] = "";

	(void)command;
	(void)text;
	if (outcome == KILLED || (outcome == FAILED && access(WORLD_STATE "/" WORLD_ID, F_OK) == 0))
		return;
	if (!world_is_clean(left, sizeof(left)))
		complain(wrong, "the container is not known, but left is: %s", left);
}

const struct command commands[N_COMMANDS] = {
	{"run", NOTHING, {"run", "--bundle", WORLD_BUNDLE, WORLD_ID}, .creates = true,
		.shows = true, look_run},
	{"create", NOTHING, {"create", "--bundle", WORLD_BUNDLE, WORLD_ID}, .creates = true,
		.shows = true, look_created},
	{"start", CREATED, {"start", WORLD_ID}, .to_init = true, .shows = true, look_started},
	{"start-late", CREATED, {"start", "--process", WORLD_PROCESS, WORLD_ID},
		.rules = {"--late"}, .to_init = true, .shows = true, look_started},
	{"exec", RUNNING, {"exec", WORLD_ID, "/look"}, .shows = true, look_running},
	{"delete", STOPPED, {"delete", WORLD_ID}, .look = look_deleted},
	{"delete-force", RUNNING, {"delete", "--force", WORLD_ID}, .look = look_deleted},
	{"update", RUNNING, {"update", "-r", WORLD_UPDATE, WORLD_ID}, .shows = true, look_updated},
	{"update-egress", RUNNING,
		{"update", "--egress", "192.0.2.1", "--egress", "203.0.113.1", "--egress", "b.test",
			"--egress", "c.test:443,8443", WORLD_ID},
		.rules = {"--egress", "198.51.100.1", "--egress", "192.0.2.1", "--egress", "a.test",
			"--egress", "b.test"},
		.shows = true, .look = look_swapped},
	{"state", RUNNING, {"state", WORLD_ID}, .moves = true, .shows = true, look_running},
	{"list", RUNNING, {"list"}, .moves = true, .shows = true, look_running},
	{"kill", RUNNING, {"kill", WORLD_ID, "KILL"}, .look = look_killed},
};

/* --- before and after --- */

bool subject_prepare(const struct command *command, char *wrong)
{
	bool pauses = command->before == RUNNING;

	write_text(WORLD_UPDATE, "{\"unified\": {\"cgroup.max.depth\": \"4\"}}");
	write_text(WORLD_PROCESS, "{\"args\": [\"/look\"], \"cwd\": \"/\"}");
	bundle_write(command->rules[0] && pauses ? "watch"
		     : pauses			 ? "pause"
						 : NULL,
		mode.user_namespace);
	if (command->before == NOTHING)
		return true;
	if (!create(command, wrong))
		return false;
	if (command->before != CREATED && !nacre(wrong, "start", WORLD_ID, NULL))
		return false;
	return command->before != STOPPED || ends(wrong);
}

/* The first process of the container that is there, in our pid namespace. */
static pid_t find_init(void)
{
	char path[300], text[64];

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", world_container_cgroup());
	read_text(path, text, sizeof(text));
	return (pid_t)strtol(text, NULL, 10);
}

int subject_run(const struct command *command, struct trace *trace, struct trace_end *ret_end)
{
	const char *argv[ARGUMENTS];

	command_line(command, argv);
	trace->argv = argv;
	trace->out = WORLD_OUT;
	trace->err = WORLD_ERR;
	trace->init = command->to_init ? find_init() : 0;
	return trace_run(trace, ret_end);
}

void subject_remove(char *wrong)
{
	char left[WRONG_SIZE] = "";

	if (nacre(wrong, "delete", "--force", WORLD_ID) && !world_is_clean(left, sizeof(left)))
		complain(wrong, "left after delete --force: %s", left);
}
