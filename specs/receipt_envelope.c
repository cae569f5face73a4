/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/receipt_envelope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/base64.h"
#include "specs/fields.h"

struct signature_document {
	const char *keyid;
	const char *sig;
};

struct envelope_document {
	const char *payload;
	const char *payload_type;
	struct signature_document *signatures;
	size_t n_signatures;
};

/* clang-format off */

static const struct field signature_document_fields[] = {
	FIELD_STRING("keyid", signature_document, keyid, FIELD_MUST),
	FIELD_STRING("sig", signature_document, sig, FIELD_MUST),
	{},
};
static STRUCT_TYPE(signature_document);

static const struct field envelope_document_fields[] = {
	FIELD_STRING("payload", envelope_document, payload, FIELD_MUST),
	FIELD_STRING("payloadType", envelope_document, payload_type, FIELD_MUST),
	FIELD_ARRAY("signatures", envelope_document, signatures, FIELD_MUST, signature_document),
	{},
};
static STRUCT_TYPE(envelope_document);

/* clang-format on */

static int write_document(
	const struct envelope_document *document, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	fields_encode(w, &envelope_document_type, document);
	json_end_line(w);
	return json_writer_finish(w, ret_text, err);
}

int receipt_envelope_encode(
	const struct receipt_envelope *envelope, char **ret_text, struct nacre_error *err)
{
	struct signature_document signature = {envelope->key_id, envelope->signature};
	struct envelope_document document = {
		.payload_type = RECEIPT_PAYLOAD_TYPE, .signatures = &signature, .n_signatures = 1};
	char *payload;
	int r = base64_encode(envelope->payload, strlen(envelope->payload), &payload);

	if (r < 0)
		return fail(err, ENOMEM, "receipt: out of memory");
	document.payload = payload;
	r = write_document(&document, ret_text, err);
	free(payload);
	return r;
}

/* --- reading --- */

static int take_payload(struct arena *arena, const char *name,
	const struct envelope_document *document, const char **ret_payload, struct nacre_error *err)
{
	char *bytes;
	size_t length;
	int r = base64_decode(document->payload, &bytes, &length);
	const char *payload;

	if (r < 0)
		return fail(err, -r, "%s: payload: expected base64", name);
	payload = strlen(bytes) == length ? arena_strndup(arena, bytes, length) : NULL;
	r = strlen(bytes) == length ? 0 : -EINVAL;
	free(bytes);
	if (r < 0)
		return fail(err, EINVAL, "%s: payload: the decoded text has a NUL byte", name);
	if (!payload)
		return arena_fail(arena, name, err);
	*ret_payload = payload;
	return 0;
}

static int check(
	const char *name, const struct envelope_document *document, struct nacre_error *err)
{
	if (document->n_signatures != 1)
		return fail(err, EINVAL, "%s: expected one signature, found %zu", name,
			document->n_signatures);
	if (strcmp(document->payload_type, RECEIPT_PAYLOAD_TYPE) != 0)
		return fail(err, EINVAL, "%s: payloadType: it is not " RECEIPT_PAYLOAD_TYPE, name);
	return 0;
}

static int check_form(const char *name, const struct receipt_envelope *envelope, const char *text,
	size_t length, struct nacre_error *err)
{
	char *again;
	int r = receipt_envelope_encode(envelope, &again, err);

	if (r < 0)
		return r;
	r = strlen(again) == length && !memcmp(again, text, length) ? 0 : -EINVAL;
	free(again);
	return r < 0 ? fail(err, EINVAL,
			       "%s: the bytes of the envelope are not as nacre writes them: the "
			       "file was changed",
			       name)
		     : 0;
}

int receipt_envelope_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct receipt_envelope **ret_envelope, struct nacre_error *err)
{
	struct receipt_envelope *envelope = arena_alloc(arena, sizeof(*envelope));
	struct envelope_document *document = arena_alloc(arena, sizeof(*document));
	int r;

	if (!envelope || !document)
		return arena_fail(arena, name, err);
	if (length > RECEIPT_ENVELOPE_MAX)
		return fail(err, E2BIG, "%s: the file is larger than a receipt can be", name);
	r = fields_decode_strictly(
		arena, name, text, length, &envelope_document_type, document, err);
	if (r == 0)
		r = check(name, document, err);
	if (r == 0)
		r = take_payload(arena, name, document, &envelope->payload, err);
	if (r < 0)
		return r;
	envelope->key_id = document->signatures[0].keyid;
	envelope->signature = document->signatures[0].sig;
	r = check_form(name, envelope, text, length, err);
	if (r == 0)
		*ret_envelope = envelope;
	return r;
}

int receipt_envelope_signed(const char *payload, char **ret_text)
{
	static const char type[] = RECEIPT_PAYLOAD_TYPE;
	const size_t length = strlen(payload);
	const size_t size = length + sizeof(type) + 64;
	char *text = malloc(size);

	if (!text)
		return -ENOMEM;
	(void)snprintf(text, size, "DSSEv1 %zu %s %zu %s", strlen(type), type, length, payload);
	*ret_text = text;
	return 0;
}
