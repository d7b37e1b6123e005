"""An agent identity acts for a person who signed in at its blueprint; prints MSAL's answer to the last leg."""

import json
import sys

import msal

question = json.load(sys.stdin)


def client(client_id, assertion):
    return msal.ConfidentialClientApplication(
        client_id,
        authority=question["authority"],
        client_credential={"client_assertion": lambda: assertion},
        instance_discovery=False,
    )


blueprint = client(question["blueprint"], question["assertion"])
t1 = blueprint.acquire_token_for_client(["api://AzureADTokenExchange/.default"], fmi_path=question["agent"])
agent = client(question["agent"], t1["access_token"])
print(json.dumps(agent.acquire_token_on_behalf_of(question["user_token"], question["scopes"])))
