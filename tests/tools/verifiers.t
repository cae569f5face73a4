#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Receipts are verified by what others use: securesystemslib of the first python3 of PATH, or of $PYTHON, and
# cosign.
# shellcheck disable=SC2154 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/receipt.sh
. "$(dirname "$0")/../integration/receipt.sh"

PYTHON=${PYTHON:-python3}
type=https://nacre.run/sandbox-run/v0.1

# changed: the receipt with another exit status in it
changed() {
	jq -c --arg p "$(statement | sed 's/"exitStatus":3/"exitStatus":0/' | base64 -w0)" '.payload = $p' "$receipt" \
		>"$T/changed"
	cmp -s "$receipt" "$T/changed" && wrong "nothing was changed"
}

signed_run() {
	seal exit 3
	try nacre run --profile agent "${sealed[@]}" --bundle "$b" "$id"
	is "$rc" 3 "exit code"
	changed
}

test_securesystemslib_verifies() {
	local script=$tests/../contrib/receipt/verify.py
	"$PYTHON" -c 'import securesystemslib, cryptography' 2>/dev/null || {
		host_lacks "$PYTHON has no securesystemslib"
		return
	}
	signed_run
	good "$PYTHON" "$script" "$key.pub" "$receipt"
	has "$out" "verified: container $id"
	try "$PYTHON" "$script" "$key.pub" "$T/changed"
	is "$rc" 1 "exit code of a changed one"
	new_key
	try "$PYTHON" "$script" "$key.pub" "$receipt"
	is "$rc" 1 "exit code with another key"
}

# cosign_says PUBLIC-KEY RECEIPT FILE [TYPE]
cosign_says() {
	try env HOME="$T" cosign verify-blob-attestation --key "$1" --signature "$2" --insecure-ignore-tlog \
		--type "${4:-$type}" "$3"
}

test_cosign_verifies() {
	local own
	command -v cosign >/dev/null || {
		host_lacks "cosign is not installed"
		return
	}
	signed_run
	own=$key
	printf '[]' >"$T/changes.json"
	printf '[{}]' >"$T/others.json"
	cosign_says "$own.pub" "$receipt" "$T/changes.json"
	is "$rc" 0 "exit code ($err)"
	has "$err" "Verified OK"
	cosign_says "$own.pub" "$T/changed" "$T/changes.json"
	differs "$rc" 0 "exit code of a changed one"
	cosign_says "$own.pub" "$receipt" "$T/others.json"
	differs "$rc" 0 "exit code with another list of changes"
	cosign_says "$own.pub" "$receipt" "$T/changes.json" https://slsa.dev/provenance/v1
	differs "$rc" 0 "exit code with another type"
	new_key
	cosign_says "$key.pub" "$receipt" "$T/changes.json"
	differs "$rc" 0 "exit code with another key"
}

all_tests "$@"
