/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/receipt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "specs/base64.h"
#include "specs/receipt_envelope.h"

/*
 * nacre-receipt COMMAND [URI]: signs receipts and verifies signatures, because nacre itself does
 * not load libcrypto. It signs nothing but statements in the encoding of DSSE.
 *
 *	key-id		prints the digest of the key's public half, and the digest of fd 4
 *	sign		reads a statement from stdin; prints the key's digest and the signature
 *	keygen		writes a new key to fd 3, and prints its public half
 *	verify		reads a signature, a newline and the statement from stdin, and the
 *			public key from fd 3; prints that key's digest
 *
 * For key-id and sign, fd 3 is the file of the key, unless there is a URI for OSSL_STORE.
 */

/* *RET_TEXT: heap, NUL-terminated. */
static int read_input(char **ret_text, struct nacre_error *err)
{
	size_t size = 65536, length = 0;
	char *text = malloc(size);

	while (text) {
		ssize_t n = read(STDIN_FILENO, text + length, size - 1 - length);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			text[length] = '\0';
			*ret_text = text;
			return n < 0 ? fail_errno(err, errno, "read the statement") : 0;
		}
		length += n > 0 ? (size_t)n : 0;
		if (length > RECEIPT_ENVELOPE_MAX) {
			free(text);
			return fail(err, E2BIG, "the statement is too large");
		}
		if (length + 1 == size) {
			char *larger = realloc(text, size * 2);

			if (!larger)
				free(text);
			text = larger;
			size *= 2;
		}
	}
	return fail_errno(err, ENOMEM, "read the statement");
}

/* Digests the program here: nacre's own SHA-256 takes ten times as long. */
static int digest_program(char ret_digest[RECEIPT_KEY_ID], struct nacre_error *err)
{
	static unsigned char bytes[65536];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	ssize_t n = 0;

	while (done && (n = read(RECEIPT_PROGRAM_FD, bytes, sizeof(bytes))) > 0)
		done = EVP_DigestUpdate(context, bytes, (size_t)n) == 1;
	done = done && n == 0 && EVP_DigestFinal_ex(context, bytes, NULL) == 1;
	EVP_MD_CTX_free(context);
	for (size_t i = 0; done && i < 32; i++)
		(void)snprintf(ret_digest + 2 * i, 3, "%02x", bytes[i]);
	return done ? 0 : receipt_fail(err, EIO, "compute the digest of the program");
}

static int tell_key(const char *uri, struct nacre_error *err)
{
	char id[RECEIPT_KEY_ID], program[RECEIPT_KEY_ID];
	EVP_PKEY *key;
	int r = receipt_load_key(uri, true, &key, err);

	if (r < 0)
		return r;
	r = receipt_key_id(key, id, err);
	EVP_PKEY_free(key);
	if (r == 0)
		r = digest_program(program, err);
	if (r == 0)
		(void)printf("%s %s", id, program);
	return r;
}

static int tell_signature(EVP_PKEY *key, const char *text, struct nacre_error *err)
{
	unsigned char signature[RECEIPT_SIGNATURE_MAX];
	size_t length = sizeof(signature);
	char id[RECEIPT_KEY_ID], *base64;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool done = context &&
			  EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) ==
				  1 &&
			  EVP_DigestSign(context, signature, &length, (const unsigned char *)text,
				  strlen(text)) == 1;
	int r = done ? receipt_key_id(key, id, err) : receipt_fail(err, EIO, "sign");

	EVP_MD_CTX_free(context);
	if (r == 0)
		r = receipt_make_low(signature, &length, err);
	if (r < 0)
		return r;
	if (base64_encode(signature, length, &base64) < 0)
		return fail_errno(err, ENOMEM, "sign");
	(void)printf("%s %s", id, base64);
	free(base64);
	return 0;
}

static int sign(const char *uri, struct nacre_error *err)
{
	char *statement = NULL, *text = NULL;
	EVP_PKEY *key = NULL;
	int r = read_input(&statement, err);

	if (r == 0 && receipt_envelope_signed(statement, &text) < 0)
		r = fail_errno(err, ENOMEM, "sign");
	if (r == 0)
		r = receipt_load_key(uri, true, &key, err);
	if (r == 0)
		r = tell_signature(key, text, err);
	EVP_PKEY_free(key);
	free(text);
	free(statement);
	return r;
}

static int check_signature(
	EVP_PKEY *key, const char *base64, const char *text, struct nacre_error *err)
{
	EVP_MD_CTX *context;
	char *signature;
	size_t length;
	int r = base64_decode(base64, &signature, &length);

	if (r < 0)
		return fail(err, EBADMSG, "the signature is not base64");
	context = EVP_MD_CTX_new();
	r = context &&
	    EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(context, (const unsigned char *)signature, length,
		    (const unsigned char *)text, strlen(text)) == 1 &&
	    receipt_is_low((const unsigned char *)signature, length);
	EVP_MD_CTX_free(context);
	free(signature);
	return r ? 0
		 : fail(err, EBADMSG,
			   "the signature was not made with this key, or the signed text was "
			   "changed");
}

static int verify(struct nacre_error *err)
{
	char *input = NULL, *text = NULL, *newline;
	char id[RECEIPT_KEY_ID];
	EVP_PKEY *key = NULL;
	int r = read_input(&input, err);

	newline = r == 0 ? strchr(input, '\n') : NULL;
	if (r == 0 && !newline)
		r = fail(err, EINVAL, "the statement is missing");
	if (r == 0 && receipt_envelope_signed(newline + 1, &text) < 0)
		r = fail_errno(err, ENOMEM, "verify");
	if (r == 0)
		r = receipt_load_key(NULL, false, &key, err);
	if (r == 0) {
		*newline = '\0';
		r = check_signature(key, input, text, err);
	}
	if (r == 0)
		r = receipt_key_id(key, id, err);
	if (r == 0)
		(void)printf("%s", id);
	EVP_PKEY_free(key);
	free(text);
	free(input);
	return r;
}

static int work(const char *command, const char *uri, struct nacre_error *err)
{
	int r;

	/* Loads no configuration: a key in a file needs only the built-in provider. */
	if (!uri && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return receipt_fail(err, ENOMEM, "libcrypto");
	r = uri ? receipt_confine_loosely(err) : receipt_confine(err);
	if (r < 0)
		return r;
	if (!strcmp(command, "key-id"))
		return tell_key(uri, err);
	if (!strcmp(command, "sign"))
		return sign(uri, err);
	if (!strcmp(command, "keygen"))
		return receipt_make_key(err);
	if (!strcmp(command, "verify"))
		return verify(err);
	return fail(err, EINVAL, "%s: nacre-receipt has no such command", command);
}

int main(int argc, char **argv)
{
	struct nacre_error err;

	if (argc < 2 || argc > 3) {
		(void)fprintf(stderr,
			"nacre-receipt: nacre starts this program; do not run it yourself\n");
		return EINVAL;
	}
	if (work(argv[1], argv[2], &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return err.code;
	}
	return fflush(stdout) == 0 ? 0 : EIO;
}
