"""The managed identity of the platform that the variables say; prints MSAL's answer."""

import json
import sys

import msal
import requests

question = json.load(sys.stdin)
if question["client_id"] is None:
    identity = msal.SystemAssignedManagedIdentity()
else:
    identity = msal.UserAssignedManagedIdentity(client_id=question["client_id"])
client = msal.ManagedIdentityClient(identity, http_client=requests.Session())
print(json.dumps(client.acquire_token_for_client(resource=question["resource"])))
