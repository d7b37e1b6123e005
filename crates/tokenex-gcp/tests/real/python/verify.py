"""Verifies an ID token with the keys at an address, as services do that Google's customers write."""

import json
import sys

import google.auth.transport.requests
import jwt
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

question = json.load(sys.stdin)
request = google.auth.transport.requests.Request()

try:
    answer = id_token.verify_token(question["token"], request, audience=question["audience"], certs_url=question["certs"])
except (GoogleAuthError, jwt.PyJWTError) as refusal:
    answer = {"error": str(refusal)}

json.dump(answer, sys.stdout)
