"""Acts as a service account, over delegates, on top of the federated token of a credential file."""

import json
import sys

import google.auth.transport.requests
from google.auth import identity_pool, impersonated_credentials
from google.auth.exceptions import GoogleAuthError

question = json.load(sys.stdin)

try:
    credentials = impersonated_credentials.Credentials(
        source_credentials=identity_pool.Credentials.from_info(question["info"]),
        target_principal=question["target"],
        target_scopes=question["scopes"],
        delegates=question["delegates"],
        lifetime=question["lifetime"],
        iam_endpoint_override=question["endpoint"],
    )
    credentials.refresh(google.auth.transport.requests.Request())
    answer = {"token": credentials.token, "expiry": credentials.expiry.isoformat()}
except GoogleAuthError as refusal:
    answer = {"error": str(refusal)}

json.dump(answer, sys.stdout)
