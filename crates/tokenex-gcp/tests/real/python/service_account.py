"""Turns a service-account key into an access token and into an ID token."""

import json
import sys

import google.auth.transport.requests
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account

question = json.load(sys.stdin)
request = google.auth.transport.requests.Request()

try:
    access = service_account.Credentials.from_service_account_info(question["info"], scopes=question["scopes"])
    access.refresh(request)
    identity = service_account.IDTokenCredentials.from_service_account_info(
        question["info"], target_audience=question["audience"]
    )
    identity.refresh(request)
    answer = {"token": access.token, "id_token": identity.token}
except GoogleAuthError as refusal:
    answer = {"error": str(refusal)}

json.dump(answer, sys.stdout)
