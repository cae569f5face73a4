/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/resolv_conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_LETTERS "0123456789abcdefABCDEF.:"
#define BLANKS " \t"

/* Whether the line begins with WORD; *RET_VALUE: what follows it, up to the end of the line. */
static bool has_word(const char *line, size_t length, const char *word, const char **ret_value)
{
	const size_t n = strlen(word);

	if (length <= n || strncmp(line, word, n) != 0 || !strchr(BLANKS, line[n]))
		return false;
	*ret_value = line + n + strspn(line + n, BLANKS);
	return true;
}

static void add_server(struct resolv_conf *conf, const char *value)
{
	const size_t n = strspn(value, ADDRESS_LETTERS);

	if (n == 0 || n >= RESOLV_SERVER_MAX || conf->n_servers == RESOLV_SERVERS_MAX ||
		(value[n] && !strchr(BLANKS "\r\n", value[n])))
		return;
	memcpy(conf->servers[conf->n_servers], value, n);
	conf->servers[conf->n_servers++][n] = '\0';
}

static void keep_line(struct resolv_conf *conf, const char *line, size_t length)
{
	const size_t n = strlen(conf->text);

	for (size_t i = 0; i < length; i++)
		if (line[i] != '\t' && (line[i] < ' ' || line[i] > '~'))
			return;
	if (n + length + 2 <= sizeof(conf->text))
		(void)snprintf(conf->text + n, sizeof(conf->text) - n, "%.*s\n", (int)length, line);
}

void resolv_conf_read(const char *text, const char *server, struct resolv_conf *ret_conf)
{
	struct resolv_conf conf = {.n_servers = 0};

	(void)snprintf(conf.text, sizeof(conf.text), "nameserver %s\n", server);
	while (*text) {
		const size_t length = strcspn(text, "\n");
		const char *value;

		if (has_word(text, length, "nameserver", &value))
			add_server(&conf, value);
		else if (has_word(text, length, "search", &value) ||
			 has_word(text, length, "domain", &value) ||
			 has_word(text, length, "options", &value))
			keep_line(&conf, text, length);
		text += length + (text[length] == '\n');
	}
	if (conf.n_servers == 0)
		(void)snprintf(conf.servers[conf.n_servers++], RESOLV_SERVER_MAX, "127.0.0.1");
	*ret_conf = conf;
}
