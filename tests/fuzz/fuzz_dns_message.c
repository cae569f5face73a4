/* SPDX-License-Identifier: Apache-2.0 */
/* What a resolver asks. A question that is read is answered with itself. */
#include "specs/dns_message.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question question, again;
	uint8_t answer[DNS_MESSAGE_MAX];
	const int r = dns_question_read(data, size, &question);
	size_t n;

	if (r < 0)
		return 0;
	require(strspn(question.name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
			strlen(question.name),
		"a name has letters of names");
	require(question.raw_length <= sizeof(question.raw), "the question fits");
	n = dns_answer_write(&question, (enum dns_code)r, r == DNS_OK ? 0xc6120010 : 0, 60, answer);
	require(n >= 12 && n <= sizeof(answer), "the answer fits");
	require((answer[3] & 0xf) == r, "the answer has the code");
	if (r != DNS_OK)
		return 0;
	require(memcmp(answer + 12, question.raw, question.raw_length) == 0, "the same question");
	answer[2] &= 0x7f; /* as a question without records */
	memset(answer + 6, 0, 6);
	n = 12 + question.raw_length;
	require(dns_question_read(answer, n, &again) == DNS_OK, "it reads as a question again");
	require(!strcmp(again.name, question.name) && again.type == question.type, "the same one");
	return 0;
}
