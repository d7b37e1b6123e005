"""Gets the session token of a pod from its cluster, and makes a signed call."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import calls
import oci


class ServiceAccount:
    """What the SDK asks for the service account's token."""

    def __init__(self, token):
        self.token = token

    def get_sa_token(self):
        return self.token


question = json.load(sys.stdin)

try:
    signer = oci.auth.signers.OkeWorkloadIdentityResourcePrincipalSigner(
        ServiceAccount(question["service_account"]),
        os.environ["SSL_CERT_FILE"],
        question["host"],
        question["port"],
        region=question["region"],
        retry_strategy=oci.retry.NoneRetryStrategy(),
    )
    answer = calls.answers(question, signer)
except oci.exceptions.ServiceError as refusal:
    answer = {"error": f"{refusal.status} {refusal.message}"}

json.dump(answer, sys.stdout)
