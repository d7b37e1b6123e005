"""Exchanges an identity token as Oracle's SDK does, and makes signed calls with the session token."""

import json
import sys
import time
from pathlib import Path

# Isolated Python does not look beside the script.
sys.path.insert(0, str(Path(__file__).parent))

import calls
import oci
from oci._vendor.requests.exceptions import HTTPError

question = json.load(sys.stdin)

try:
    signer = oci.auth.signers.TokenExchangeSigner(
        question["jwt"],
        question["domain"],
        question["client_id"],
        question["client_secret"],
        region=question["region"],
    )
    token = signer.security_token_container.security_token
    while question.get("outlive") and signer.security_token_container.valid():
        time.sleep(0.1)
    answer = {"token": token, **calls.answers(question, signer)}
except HTTPError as refusal:
    answer = {"error": f"{refusal.response.status_code} {refusal.response.json()['error']}"}

json.dump(answer, sys.stdout)
