/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/companions/receipt.h"

int receipt_fail(struct nacre_error *err, int code, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return fail(err, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

/* Compares both names of the curve: providers of tokens use the other one. */
static bool is_p256(EVP_PKEY *key)
{
	char group[64];
	size_t length;

	return EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1 &&
	       (!strcmp(group, SN_X9_62_prime256v1) || !strcmp(group, "P-256"));
}

static EVP_PKEY *take_key(OSSL_STORE_CTX *store, bool private_key)
{
	const int wanted = private_key ? OSSL_STORE_INFO_PKEY : OSSL_STORE_INFO_PUBKEY;
	EVP_PKEY *key = NULL;

	while (!key && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info && OSSL_STORE_INFO_get_type(info) == wanted)
			key = private_key ? OSSL_STORE_INFO_get1_PKEY(info)
					  : OSSL_STORE_INFO_get1_PUBKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store))
			break;
	}
	return key;
}

int receipt_load_key(const char *uri, bool private_key, EVP_PKEY **ret_key, struct nacre_error *err)
{
	/* Asks for no passphrase: there is no terminal. */
	BIO *file = uri ? NULL : BIO_new_fd(RECEIPT_KEY_FD, BIO_NOCLOSE);
	OSSL_STORE_CTX *store = NULL;
	EVP_PKEY *key = NULL;

	if (uri)
		store = OSSL_STORE_open(uri, UI_null(), NULL, NULL, NULL);
	else if (file)
		store = OSSL_STORE_attach(
			file, "file", NULL, NULL, UI_null(), NULL, NULL, NULL, NULL);
	if (store)
		key = take_key(store, private_key);
	OSSL_STORE_close(store);
	BIO_free(file);
	if (!key)
		return receipt_fail(err, EINVAL,
			private_key ? "cannot read a private key there; expected PEM without a "
				      "passphrase"
				    : "cannot read a public key there; expected PEM");
	if (!is_p256(key)) {
		EVP_PKEY_free(key);
		return fail(err, EINVAL, "the key is not on the curve P-256");
	}
	*ret_key = key;
	return 0;
}

int receipt_key_id(EVP_PKEY *key, char ret_id[RECEIPT_KEY_ID], struct nacre_error *err)
{
	unsigned char *der = NULL, digest[32];
	const int length = i2d_PUBKEY(key, &der);
	const int done = length > 0 &&
			 EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)length, digest, NULL) == 1;

	OPENSSL_free(der);
	if (!done)
		return receipt_fail(err, EINVAL, "compute the digest of the public key");
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret_id + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

int receipt_make_key(struct nacre_error *err)
{
	BIO *file = BIO_new_fd(RECEIPT_KEY_FD, BIO_NOCLOSE);
	BIO *out = BIO_new_fd(STDOUT_FILENO, BIO_NOCLOSE);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const bool done = file && out && key &&
			  PEM_write_bio_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) ==
				  1 &&
			  PEM_write_bio_PUBKEY(out, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(out);
	BIO_free(file);
	return done ? 0 : receipt_fail(err, EIO, "cannot make the key or write it");
}
