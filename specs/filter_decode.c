/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/filter_decode.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "specs/filter.h"

enum kind {
	WORD, /* one of the words, or a number */
	BITS, /* any of the words, with "|" between them, and a number for the rest */
	BITS_BEHIND, /* the same for the 64 bits at this address: clone_args.flags */
	FAMILY,
	TYPE,
	PROTOCOL, /* of the family in argument 0 */
	OPTION, /* of the level in argument 1 */
	FILE_TYPE, /* of a mode */
	TEXT, /* the address of a string */
};

struct word {
	uint64_t value;
	const char *name;
};

/* clang-format off */

/* The values are numbers, as in filter_rules.c: those of the asm-generic headers. Lists end with
 * NULL. */
static const struct word clone_flags[] = {
	{0x00000080, "CLONE_NEWTIME"}, {0x00020000, "CLONE_NEWNS"}, {0x02000000, "CLONE_NEWCGROUP"},
	{0x04000000, "CLONE_NEWUTS"}, {0x08000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
	{0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}, {0x00000100, "CLONE_VM"},
	{0x00000200, "CLONE_FS"}, {0x00000400, "CLONE_FILES"}, {0x00000800, "CLONE_SIGHAND"},
	{0x00004000, "CLONE_VFORK"}, {0x00010000, "CLONE_THREAD"}, {0, NULL}};

static const struct word ioctls[] = {
	{0x5412, "TIOCSTI"}, {0x541c, "TIOCLINUX"}, {0x5423, "TIOCSETD"}, {0, NULL}};

static const struct word prctls[] = {{35, "PR_SET_MM"}, {0, NULL}};

static const struct word personalities[] = {
	{0x0020000, "UNAME26"}, {0x0040000, "ADDR_NO_RANDOMIZE"}, {0x0080000, "FDPIC_FUNCPTRS"},
	{0x0100000, "MMAP_PAGE_ZERO"}, {0x0200000, "ADDR_COMPAT_LAYOUT"},
	{0x0400000, "READ_IMPLIES_EXEC"}, {0x0800000, "ADDR_LIMIT_32BIT"},
	{0x1000000, "SHORT_INODE"}, {0x2000000, "WHOLE_SECONDS"}, {0x4000000, "STICKY_TIMEOUTS"},
	{0x8000000, "ADDR_LIMIT_3GB"}, {0, NULL}};

static const struct word levels[] = {
	{0, "SOL_IP"}, {1, "SOL_SOCKET"}, {6, "SOL_TCP"}, {17, "SOL_UDP"}, {41, "SOL_IPV6"},
	{279, "SOL_ALG"}, {0, NULL}};

static const struct word messages[] = {
	{0x1, "MSG_OOB"}, {0x40, "MSG_DONTWAIT"}, {0x4000, "MSG_NOSIGNAL"},
	{0x4000000, "MSG_ZEROCOPY"}, {0x20000000, "MSG_FASTOPEN"}, {0, NULL}};

static const struct word mounts[] = {
	{0x1, "MS_RDONLY"}, {0x2, "MS_NOSUID"}, {0x4, "MS_NODEV"}, {0x8, "MS_NOEXEC"},
	{0x20, "MS_REMOUNT"}, {0x1000, "MS_BIND"}, {0x2000, "MS_MOVE"}, {0x4000, "MS_REC"},
	{0x20000, "MS_UNBINDABLE"}, {0x40000, "MS_PRIVATE"}, {0x80000, "MS_SLAVE"},
	{0x100000, "MS_SHARED"}, {0x200000, "MS_RELATIME"}, {0, NULL}};

static const struct word unmounts[] = {
	{0x1, "MNT_FORCE"}, {0x2, "MNT_DETACH"}, {0x4, "MNT_EXPIRE"}, {0x8, "UMOUNT_NOFOLLOW"},
	{0, NULL}};

static const struct word openings[] = {
	{0x1, "O_WRONLY"}, {0x2, "O_RDWR"}, {0x40, "O_CREAT"}, {0x80, "O_EXCL"}, {0x200, "O_TRUNC"},
	{0x800, "O_NONBLOCK"}, {0x80000, "O_CLOEXEC"}, {0x200000, "O_PATH"}, {0, NULL}};

static const struct word bpf_commands[] = {
	{0, "BPF_MAP_CREATE"}, {5, "BPF_PROG_LOAD"}, {6, "BPF_OBJ_PIN"}, {7, "BPF_OBJ_GET"},
	{8, "BPF_PROG_ATTACH"}, {18, "BPF_BTF_LOAD"}, {0, NULL}};

static const struct word key_operations[] = {
	{0, "KEYCTL_GET_KEYRING_ID"}, {1, "KEYCTL_JOIN_SESSION_KEYRING"}, {2, "KEYCTL_UPDATE"},
	{3, "KEYCTL_REVOKE"}, {5, "KEYCTL_SETPERM"}, {6, "KEYCTL_DESCRIBE"}, {8, "KEYCTL_LINK"},
	{10, "KEYCTL_SEARCH"}, {11, "KEYCTL_READ"}, {0, NULL}};

/* The level is in the upper half. */
#define OPT(level, option) ((uint64_t)(level) << 32 | (option))
static const struct word socket_options[] = {
	{OPT(0, 16), "IP_IPSEC_POLICY"}, {OPT(0, 17), "IP_XFRM_POLICY"},
	{OPT(0, 64), "IPT_SO_SET_REPLACE"}, {OPT(1, 26), "SO_ATTACH_FILTER"},
	{OPT(1, 50), "SO_ATTACH_BPF"}, {OPT(1, 51), "SO_ATTACH_REUSEPORT_CBPF"},
	{OPT(1, 52), "SO_ATTACH_REUSEPORT_EBPF"}, {OPT(6, 31), "TCP_ULP"},
	{OPT(17, 100), "UDP_ENCAP"}, {OPT(41, 34), "IPV6_IPSEC_POLICY"},
	{OPT(41, 35), "IPV6_XFRM_POLICY"}, {OPT(41, 64), "IP6T_SO_SET_REPLACE"},
	{OPT(279, 1), "ALG_SET_KEY"}, {0, NULL}};

/* Allowed families, so none of them is a word of a grant. */
static const struct word families[] = {
	{0, "AF_UNSPEC"}, {1, "AF_UNIX"}, {2, "AF_INET"}, {10, "AF_INET6"}, {16, "AF_NETLINK"},
	{0, NULL}};
static const struct word types[] = {
	{1, "SOCK_STREAM"}, {2, "SOCK_DGRAM"}, {5, "SOCK_SEQPACKET"}, {0, NULL}};
static const struct word type_flags[] = {
	{0x800, "SOCK_NONBLOCK"}, {0x80000, "SOCK_CLOEXEC"}, {0, NULL}};
static const struct word file_types[] = {
	{0x2000, "S_IFCHR"}, {0x6000, "S_IFBLK"}, {0, NULL}};

static const struct decoded {
	const char *calls;
	unsigned index;
	const char *name;
	enum kind kind;
	const struct word *words;
} table[] = {
	{"socket socketpair",		0, "family",		FAMILY,		families},
	{"socket socketpair",		1, "type",		TYPE,		types},
	{"socket socketpair",		2, "protocol",		PROTOCOL,	NULL},
	{"setsockopt",			1, "level",		WORD,		levels},
	{"setsockopt",			2, "option",		OPTION,		socket_options},
	{"sendto sendmmsg",		3, "flags",		BITS,		messages},
	{"sendmsg",			2, "flags",		BITS,		messages},
	{"clone unshare",		0, "flags",		BITS,		clone_flags},
	{"clone3",			0, "flags",		BITS_BEHIND,	clone_flags},
	{"setns",			1, "type",		BITS,		clone_flags},
	{"personality",			0, "persona",		BITS,		personalities},
	{"ioctl",			1, "request",		WORD,		ioctls},
	{"prctl",			0, "option",		WORD,		prctls},
	{"mknod",			0, "path",		TEXT,		NULL},
	{"mknod",			1, "type",		FILE_TYPE,	file_types},
	{"mknodat",			1, "path",		TEXT,		NULL},
	{"mknodat",			2, "type",		FILE_TYPE,	file_types},
	{"mount",			0, "source",		TEXT,		NULL},
	{"mount",			1, "target",		TEXT,		NULL},
	{"mount",			2, "type",		TEXT,		NULL},
	{"mount",			3, "flags",		BITS,		mounts},
	{"umount umount2",		0, "target",		TEXT,		NULL},
	{"umount2",			1, "flags",		BITS,		unmounts},
	{"pivot_root",			0, "new_root",		TEXT,		NULL},
	{"pivot_root",			1, "put_old",		TEXT,		NULL},
	{"chroot acct swapon swapoff",	0, "path",		TEXT,		NULL},
	{"fsopen",			0, "type",		TEXT,		NULL},
	{"fspick open_tree open_tree_attr mount_setattr", 1, "path", TEXT,	NULL},
	{"move_mount",			1, "from",		TEXT,		NULL},
	{"move_mount",			3, "to",		TEXT,		NULL},
	{"name_to_handle_at",		1, "path",		TEXT,		NULL},
	{"open_by_handle_at",		2, "flags",		BITS,		openings},
	{"fanotify_mark",		4, "path",		TEXT,		NULL},
	{"mq_open mq_unlink",		0, "name",		TEXT,		NULL},
	{"mq_open",			1, "flags",		BITS,		openings},
	{"bpf",				0, "command",		WORD,		bpf_commands},
	{"keyctl",			0, "operation",		WORD,		key_operations},
	{"add_key request_key",		0, "type",		TEXT,		NULL},
	{"add_key request_key",		1, "description",	TEXT,		NULL},
};
/* clang-format on */

struct output {
	char *text; /* DECODE_SIZE bytes */
	size_t length;
};

static void put(struct output *out, const char *text)
{
	size_t room = DECODE_SIZE - 1 - out->length, length = strlen(text);

	if (length > room)
		length = room;
	memcpy(out->text + out->length, text, length);
	out->length += length;
	out->text[out->length] = '\0';
}

static void put_number(struct output *out, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
	put(out, text);
}

/* WORDS may be NULL: no words. */
static const char *find_word(const struct word *words, uint64_t value)
{
	for (; words && words->name; words++) {
		if (words->value == value)
			return words->name;
	}
	return NULL;
}

static void put_word(struct output *out, const char *word, uint64_t value)
{
	if (word)
		put(out, word);
	else
		put_number(out, value);
}

static void put_bits(struct output *out, const struct word *words, uint64_t value, bool some)
{
	for (; words->name; words++) {
		if (!(value & words->value))
			continue;
		put(out, some ? "|" : "");
		put(out, words->name);
		value &= ~words->value;
		some = true;
	}
	if (value || !some) {
		put(out, some ? "|" : "");
		put_number(out, value);
	}
}

/* Writes the string at ADDRESS as one line of ASCII, whatever the program has put there. */
static void put_text(struct output *out, const struct decode_reader *reader, uint64_t address)
{
	char text[128];
	int n = address ? reader->read(reader->data, address, text, sizeof(text) - 1) : 0;

	if (n <= 0) {
		put(out, address ? "?" : "NULL");
		return;
	}
	text[n] = '\0';
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	}
	put(out, text);
}

static void put_type(struct output *out, const struct word *words, uint64_t value)
{
	const char *word = find_word(words, value & 0xf);

	if (!word)
		word = filter_socket_name(FILTER_TYPES, value & 0xf);
	put_word(out, word, value & 0xf);
	if (value & ~0xfULL)
		put_bits(out, type_flags, value & ~0xfULL, true);
}

static const char *protocol_name(uint32_t family, uint32_t protocol)
{
	if (family == 16)
		return protocol ? filter_socket_name(FILTER_NETLINK, protocol) : "NETLINK_ROUTE";
	if (family == 2 || family == 10)
		return filter_socket_name(FILTER_PROTOCOLS, protocol);
	return NULL;
}

static void put_behind(struct output *out, const struct decoded *decoded, uint64_t address,
	const struct decode_reader *reader)
{
	uint64_t bits;

	if (reader->read(reader->data, address, &bits, sizeof(bits)) == sizeof(bits))
		put_bits(out, decoded->words, bits, false);
	else
		put(out, "?");
}

static void decode(struct output *out, const struct decoded *decoded, const uint64_t args[6],
	const struct decode_reader *reader)
{
	/* All arguments except addresses are ints: see struct filter_test. */
	const uint32_t value = (uint32_t)args[decoded->index];
	const char *word = find_word(decoded->words, value);

	switch (decoded->kind) {
	case BITS:
		put_bits(out, decoded->words, value, false);
		return;
	case BITS_BEHIND:
		put_behind(out, decoded, args[decoded->index], reader);
		return;
	case TEXT:
		put_text(out, reader, args[decoded->index]);
		return;
	case TYPE:
		put_type(out, decoded->words, value);
		return;
	case FAMILY:
		put_word(out, word ? word : filter_socket_name(FILTER_FAMILIES, value), value);
		return;
	case PROTOCOL:
		put_word(out, protocol_name((uint32_t)args[0], value), value);
		return;
	case OPTION:
		put_word(out, find_word(decoded->words, OPT((uint32_t)args[1], value)), value);
		return;
	case FILE_TYPE:
		put_word(out, find_word(decoded->words, value & 0xf000), value);
		return;
	case WORD:
		put_word(out, word, value);
		return;
	}
}

size_t filter_decode(const char *call, const uint64_t args[6], const struct decode_reader *reader,
	char ret_texts[DECODE_MAX][DECODE_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && n < DECODE_MAX; i++) {
		struct output out = {ret_texts[n], 0};

		if (!filter_names(table[i].calls, call))
			continue;
		put(&out, table[i].name);
		put(&out, "=");
		decode(&out, &table[i], args, reader);
		n++;
	}
	return n;
}
