"""Becomes the instance that its metadata service describes, and makes a signed call."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import calls
import oci

question = json.load(sys.stdin)

try:
    signer = oci.auth.signers.InstancePrincipalsSecurityTokenSigner(
        federation_endpoint=question["federation"],
        federation_client_retry_strategy=oci.retry.NoneRetryStrategy(),
    )
    answer = {**calls.answers({**question, "region": signer.region}, signer), "tenancy": signer.tenancy_id}
except oci.exceptions.ServiceError as refusal:
    answer = {"error": f"{refusal.status} {refusal.code}"}

json.dump(answer, sys.stdout)
