"""A relying party: verifies a token by the keys that its tenant publishes; prints its claims, or why not."""

import json
import sys

import jwt
import requests

question = json.load(sys.stdin)
document = requests.get(question["authority"] + "/v2.0/.well-known/openid-configuration", timeout=10).json()
key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(question["token"])
try:
    claims = jwt.decode(
        question["token"],
        key,
        algorithms=document["id_token_signing_alg_values_supported"],
        audience=question["audience"],
        issuer=question["issuer"],
    )
    print(json.dumps(claims))
except jwt.InvalidTokenError as error:
    print(json.dumps({"refused": type(error).__name__}))
