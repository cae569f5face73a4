/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"
#include "specs/error.h"

const struct option_row receipt_rows[] = {
	/* clang-format off */
	{"key", 0, TEXT(receipt_key), "FILE", "keygen: the new key; verify: the public key"},
	{"changes", 0, TEXT(receipt_changes), "FILE", "verify: the list of changes that the receipt must name"},
	{NULL},
	/* clang-format on */
};

static int keygen(struct invocation *in, struct nacre_error *err)
{
	char *public_key;
	int r;

	if (in->n_operands > 1)
		return fail(err, EINVAL, "receipt keygen: it takes no FILE: give --key FILE");
	r = nacre_receipt_keygen(in->receipt_key, &public_key, err);
	if (r < 0)
		return r;
	printf("%s", public_key);
	free(public_key);
	return 0;
}

static int show(struct invocation *in, struct nacre_error *err)
{
	char *text;
	int r;

	if (in->n_operands != 2)
		return fail(err, EINVAL, "receipt show: one FILE is expected");
	r = nacre_receipt_show(in->operands[1], &text, err);
	if (r < 0)
		return r;
	printf("%s", text);
	free(text);
	return 0;
}

static int verify(struct invocation *in, struct nacre_error *err)
{
	char *text;
	int r;

	if (!in->receipt_key || in->n_operands < 2)
		return fail(err, EINVAL, "receipt verify: expected --key PUBLIC-KEY FILE...");
	r = nacre_receipt_verify(
		in->receipt_key, in->operands + 1, in->receipt_changes, &text, err);
	if (r < 0)
		return r;
	printf("%s", text);
	free(text);
	return r == 1 ? 0 : 1;
}

int command_receipt(struct invocation *in, struct nacre_error *err)
{
	static const struct {
		const char *word;
		int (*run)(struct invocation *in, struct nacre_error *err);
	} words[] = {{"keygen", keygen}, {"show", show}, {"verify", verify}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(in->operands[0], words[i].word) == 0)
			return words[i].run(in, err);
	return fail(err, EINVAL, "receipt: expected keygen, show or verify, found \"%.64s\"",
		in->operands[0]);
}
