"""A confidential client that shows an assertion; prints each answer of MSAL.

Asks for each of `paths` in turn with one client: null asks for the client's own
token, a text for the exchange token of the agent identity at that path.
"""

import json
import sys

import msal

question = json.load(sys.stdin)
client = msal.ConfidentialClientApplication(
    question["client_id"],
    authority=question["authority"],
    client_credential={"client_assertion": lambda: question["assertion"]},
    instance_discovery=False,
)
answers = [client.acquire_token_for_client(question["scopes"], fmi_path=path) for path in question["paths"]]
print(json.dumps(answers))
