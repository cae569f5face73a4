/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DNS_MESSAGE_H
#define NACRE_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a stub resolver needs of DNS (RFC 1035, 4): one question is read, and answered with one
 * address, with none, or with an error. Over TCP two bytes with the length stand in front of each
 * message (4.2.2).
 */

#define DNS_MESSAGE_MAX 512 /* of a question over either, and more than any answer has */
#define DNS_NAME_MAX 253

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_ANY = 255,
};

enum dns_code {
	DNS_OK = 0,
	DNS_FORMAT_ERROR = 1,
	DNS_SERVER_FAILURE = 2,
	DNS_NO_NAME = 3, /* NXDOMAIN */
	DNS_NOT_IMPLEMENTED = 4,
};

struct dns_question {
	uint16_t id;
	uint16_t flags; /* of the query, as they came */
	uint16_t type;
	bool extended; /* EDNS (RFC 6891): the answer must be, too */
	char name[DNS_NAME_MAX + 1]; /* lower case; "": the root, or none that a host can have */
	uint8_t raw[DNS_NAME_MAX + 2 + 4]; /* the question as it came, in whatever case */
	size_t raw_length; /* 0: there was none that could be read */
};

/* Returns DNS_OK, or the error that is to be the answer; -EBADMSG: no answer is due, since it is
 * shorter than a header or an answer itself. A compressed name, more than one question and what is
 * left over are DNS_FORMAT_ERROR. */
int dns_question_read(const uint8_t *bytes, size_t n, struct dns_question *ret_question);

/* Writes the answer. ADDRESS: in host order; 0: none, which with DNS_OK says that the name has no
 * record of this type. TTL: in seconds. Returns its length. */
size_t dns_answer_write(const struct dns_question *question, enum dns_code code, uint32_t address,
	uint32_t ttl, uint8_t ret_bytes[static DNS_MESSAGE_MAX]);

#endif
