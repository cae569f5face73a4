/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#include <string.h>

#include "libcontainer/companions/receipt.h"

/* For each signature (r, s) there is a second valid one, (r, n - s), where n is the order of the
 * curve. */

struct pair {
	ECDSA_SIG *signature;
	BIGNUM *other; /* n - s */
};

static void pair_done(struct pair *pair)
{
	ECDSA_SIG_free(pair->signature);
	BN_free(pair->other);
}

static bool pair_read(const unsigned char *der, size_t length, struct pair *pair)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	bool done;

	pair->signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
	pair->other = BN_new();
	done = group && pair->signature && pair->other &&
	       BN_sub(pair->other, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(pair->signature)) ==
		       1;
	EC_GROUP_free(group);
	return done;
}

static bool pair_is_low(const struct pair *pair)
{
	/* They are never equal, because n is odd. */
	return BN_cmp(ECDSA_SIG_get0_s(pair->signature), pair->other) < 0;
}

bool receipt_is_low(const unsigned char *der, size_t length)
{
	struct pair pair = {NULL, NULL};
	const bool low = pair_read(der, length, &pair) && pair_is_low(&pair);

	pair_done(&pair);
	return low;
}

/* Changes to the second signature. */
static bool pair_turn(struct pair *pair)
{
	BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(pair->signature));

	if (!r || ECDSA_SIG_set0(pair->signature, r, pair->other) != 1) {
		BN_free(r);
		return false;
	}
	pair->other = NULL;
	return true;
}

int receipt_make_low(
	unsigned char der[RECEIPT_SIGNATURE_MAX], size_t *length, struct nacre_error *err)
{
	struct pair pair = {NULL, NULL};
	unsigned char *end = der;
	int size = 0;

	if (pair_read(der, *length, &pair) && (pair_is_low(&pair) || pair_turn(&pair)))
		size = i2d_ECDSA_SIG(pair.signature, NULL);
	if (size > 0 && size <= RECEIPT_SIGNATURE_MAX)
		size = i2d_ECDSA_SIG(pair.signature, &end);
	else
		size = 0;
	pair_done(&pair);
	if (size <= 0)
		return receipt_fail(err, EIO, "sign");
	*length = (size_t)size;
	return 0;
}
