/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/filter_decode.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_filter_decode(void);

/* The caller's memory: at 0x1000 this text, at 0x2000 the flags of a clone3, and nothing else. */
static const char memory[] = "/mnt/\n\xff\"x";

static int read_memory(void *data, uint64_t address, void *ret_bytes, size_t size)
{
	const uint64_t flags = 0x10020000;

	(void)data;
	if (address == 0x1000 && size >= sizeof(memory)) {
		memcpy(ret_bytes, memory, sizeof(memory));
		return sizeof(memory);
	}
	if (address == 0x2000 && size == sizeof(flags)) {
		memcpy(ret_bytes, &flags, sizeof(flags));
		return sizeof(flags);
	}
	if (address == 0x3000) {
		memset(ret_bytes, 'a', size);
		return (int)size;
	}
	return -14; /* EFAULT */
}

static const struct decode_reader reader = {read_memory, NULL};

static const struct {
	const char *call;
	uint64_t args[6];
	const char *decoded;
} cases[] = {
	/* clang-format off */
	{"socket", {38, 0x80005, 0}, "family=AF_ALG type=SOCK_SEQPACKET|SOCK_CLOEXEC protocol=0 "},
	{"socket", {16, 3, 12}, "family=AF_NETLINK type=SOCK_RAW protocol=NETLINK_NETFILTER "},
	{"socket", {2, 5, 132}, "family=AF_INET type=SOCK_SEQPACKET protocol=IPPROTO_SCTP "},
	{"socketpair", {99, 0x40000009, 7}, "family=0x63 type=9|0x40000000 protocol=7 "},
	/* what stands in the upper half does not decide */
	{"socket", {0xdead00000026, 2, 0}, "family=AF_ALG type=SOCK_DGRAM protocol=0 "},
	{"clone", {0x10000011}, "flags=CLONE_NEWUSER|0x11 "},
	{"clone3", {0x2000, 88}, "flags=CLONE_NEWNS|CLONE_NEWUSER "},
	{"clone3", {0x4000, 88}, "flags=? "},
	{"unshare", {0}, "flags=0 "},
	{"setns", {3, 0x40000000}, "type=CLONE_NEWNET "},
	{"ioctl", {0, 0xffffffff00005412}, "request=TIOCSTI "},
	{"prctl", {35, 1}, "option=PR_SET_MM "},
	{"personality", {0x440000}, "persona=ADDR_NO_RANDOMIZE|READ_IMPLIES_EXEC "},
	{"setsockopt", {3, 6, 31}, "level=SOL_TCP option=TCP_ULP "},
	{"setsockopt", {3, 17, 31}, "level=SOL_UDP option=0x1f "},
	{"sendmsg", {3, 0, 0x4001}, "flags=MSG_OOB|MSG_NOSIGNAL "},
	{"mount", {0, 0x1000, 0x4000, 0x1001}, "source=NULL target=/mnt/??\"x type=? flags=MS_RDONLY|MS_BIND "},
	{"mknodat", {0, 0x1000, 020644}, "path=/mnt/??\"x type=S_IFCHR "},
	{"bpf", {5}, "command=BPF_PROG_LOAD "},
	{"userfaultfd", {0}, ""},
	/* clang-format on */
};

START_TEST(arguments_are_told_by_name)
{
	char texts[DECODE_MAX][DECODE_SIZE], all[DECODE_MAX * DECODE_SIZE] = "";
	size_t n = filter_decode(cases[_i].call, cases[_i].args, &reader, texts);

	for (size_t i = 0; i < n; i++) {
		strcat(all, texts[i]);
		strcat(all, " ");
	}
	ck_assert_str_eq(all, cases[_i].decoded);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	const uint64_t args[6] = {0x3000};
	char texts[DECODE_MAX][DECODE_SIZE];

	ck_assert_uint_eq(filter_decode("chroot", args, &reader, texts), 1);
	ck_assert_uint_eq(strlen(texts[0]), strlen("path=") + 127);
}
END_TEST

Suite *suite_filter_decode(void)
{
	Suite *suite = suite_create("filter_decode");
	TCase *tcase = tcase_create("filter_decode");

	tcase_add_loop_test(tcase, arguments_are_told_by_name, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, a_long_text_is_cut);
	suite_add_tcase(suite, tcase);
	return suite;
}
