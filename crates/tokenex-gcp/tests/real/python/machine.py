"""Finds the metadata server as every program with google-auth does, and gets both kinds of token from it."""

import json
import sys

import google.auth
import google.auth.transport.requests
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

question = json.load(sys.stdin)
request = google.auth.transport.requests.Request()

try:
    credentials, project = google.auth.default()
    credentials.refresh(request)
    answer = {
        "token": credentials.token,
        "account": credentials.service_account_email,
        "project": project,
        "id_token": id_token.fetch_id_token(request, question["audience"]),
    }
except GoogleAuthError as refusal:
    answer = {"error": str(refusal)}

json.dump(answer, sys.stdout)
