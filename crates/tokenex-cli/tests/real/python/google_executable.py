"""Gets the token that a credential file describes, with the credentials that google-auth has for its source."""

import json
import sys

import google.auth.transport.requests
from google.auth import aws, identity_pool, pluggable
from google.auth.exceptions import GoogleAuthError

question = json.load(sys.stdin)
source = question["info"]["credential_source"]
kind = aws if "environment_id" in source else pluggable if "executable" in source else identity_pool

try:
    credentials = kind.Credentials.from_info(question["info"], scopes=question["scopes"])
    credentials.refresh(google.auth.transport.requests.Request())
    answer = {"token": credentials.token, "expiry": credentials.expiry.isoformat()}
except GoogleAuthError as refusal:
    answer = {"error": str(refusal)}

json.dump(answer, sys.stdout)
