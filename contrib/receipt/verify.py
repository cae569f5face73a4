#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify.py PUBLIC-KEY RECEIPT: verifies the signature by securesystemslib (PyPI, [crypto])."""

import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main(public_key, receipt):
    with open(public_key, "rb") as file:
        pem = file.read()
    der = load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = SSlibKey(
        hashlib.sha256(der).hexdigest(), "ecdsa", "ecdsa-sha2-nistp256", {"public": pem.decode()}
    )
    with open(receipt, encoding="utf-8") as file:
        envelope = Envelope.from_dict(json.load(file))
    try:
        envelope.verify([key], 1)
    except VerificationError as error:
        sys.exit(f"{receipt}: {error}")
    predicate = json.loads(envelope.payload)["predicate"]
    print(f"{receipt}: verified: container {predicate['invocation']['id']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
