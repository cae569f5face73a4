/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/resolv_conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ADDRESS_LETTERS "0123456789abcdefABCDEF.:"
#define BLANKS " \t"

/* Returns whether the line begins with WORD; *RET_VALUE: what follows, up to the end of the
 * line. */
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

/* Returns its place in the text; 0: it is left out. */
static size_t keep_line(struct resolv_conf *conf, const char *line, size_t length)
{
	const size_t n = strlen(conf->text);

	for (size_t i = 0; i < length; i++)
		if (line[i] != '\t' && (line[i] < ' ' || line[i] > '~'))
			return 0;
	if (n + length + 2 > sizeof(conf->text))
		return 0;
	(void)snprintf(conf->text + n, sizeof(conf->text) - n, "%.*s\n", (int)length, line);
	return n;
}

/* Keeps a line of search domains: the last one counts. */
static void keep_search(
	struct resolv_conf *conf, const char *line, size_t length, const char *domains)
{
	const size_t at = keep_line(conf, line, length);

	if (at > 0)
		conf->search = at + (size_t)(domains - line);
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
			 has_word(text, length, "domain", &value))
			keep_search(&conf, text, length, value);
		else if (has_word(text, length, "options", &value))
			(void)keep_line(&conf, text, length);
		text += length + (text[length] == '\n');
	}
	if (conf.n_servers == 0)
		(void)snprintf(conf.servers[conf.n_servers++], RESOLV_SERVER_MAX, "127.0.0.1");
	*ret_conf = conf;
}

size_t resolv_conf_shorten(const char **domains, const char *name)
{
	const size_t whole = strlen(name);

	while (**domains) {
		const char *domain = *domains + strspn(*domains, BLANKS);
		size_t n = strcspn(domain, BLANKS);

		*domains = domain + n;
		if (n > 0 && domain[n - 1] == '.')
			n--;
		if (n > 0 && whole > n + 1 && name[whole - n - 1] == '.' &&
			!strncasecmp(name + whole - n, domain, n))
			return whole - n - 1;
	}
	return 0;
}
