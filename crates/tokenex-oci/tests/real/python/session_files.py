"""Reads a profile with a session token as Oracle's SDK documents it, and makes a signed call."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import calls
import oci

question = json.load(sys.stdin)

config = oci.config.from_file(question["config"], question["profile"])
token = Path(config["security_token_file"]).read_text()
key = oci.signer.load_private_key_from_file(config["key_file"])
signer = oci.auth.signers.SecurityTokenSigner(token, key)

# As `oci setup` computes it for API keys: the MD5 of the public key in DER.
from cryptography.hazmat.primitives import hashes, serialization

digest = hashes.Hash(hashes.MD5())
digest.update(
    key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
fingerprint = ":".join(f"{byte:02x}" for byte in digest.finalize())

answer = {
    **calls.answers({**question, "region": config["region"]}, signer),
    "tenancy": config["tenancy"],
    "region": config["region"],
    "fingerprint_is_the_keys": config["fingerprint"] == fingerprint,
}
json.dump(answer, sys.stdout)
