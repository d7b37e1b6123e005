"""An agent identity acts as its user, in three legs; prints MSAL's answer to each.

One client object per client id, so that caches stay apart.
"""

import json
import sys

import msal

EXCHANGE = ["api://AzureADTokenExchange/.default"]

question = json.load(sys.stdin)


def client(client_id, assertion):
    return msal.ConfidentialClientApplication(
        client_id,
        authority=question["authority"],
        client_credential={"client_assertion": lambda: assertion},
        instance_discovery=False,
    )


answers = []


def token(answer):
    """The token of an answer; without one the script ends here."""
    answers.append(answer)
    if "access_token" not in answer:
        print(json.dumps(answers))
        sys.exit()
    return answer["access_token"]


blueprint = client(question["blueprint"], question["assertion"])
t1 = token(blueprint.acquire_token_for_client(EXCHANGE, fmi_path=question["agent"]))
agent = client(question["agent"], t1)
t2 = token(agent.acquire_token_for_client(EXCHANGE))
token(
    agent.acquire_token_by_user_federated_identity_credential(
        question["scopes"], assertion=t2, username=question["username"]
    )
)
print(json.dumps(answers))
