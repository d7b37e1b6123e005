"""Makes calls to STS, one after the other, and prints what boto3 answers to each.

The question on standard input names the endpoint and the calls. A call is an operation, its arguments, and whose keys sign
it: nobody's, those that a call before it got, or given ones.
"""

import json
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

question = json.load(sys.stdin)
answers = []


def client(signer):
    config = Config(retries={"total_max_attempts": 1})
    keys = {}
    if signer is None:
        config = config.merge(Config(signature_version=UNSIGNED))
    else:
        if "of" in signer:
            signer = {**answers[signer["of"]]["Credentials"], **signer}
        keys = {
            "aws_access_key_id": signer["AccessKeyId"],
            "aws_secret_access_key": signer["SecretAccessKey"],
            "aws_session_token": signer.get("SessionToken"),
        }
    return boto3.client("sts", region_name="eu-west-1", endpoint_url=question["endpoint"], config=config, **keys)


for call in question["calls"]:
    try:
        answer = getattr(client(call.get("signer")), call["operation"])(**call.get("arguments", {}))
        answer.pop("ResponseMetadata")
    except ClientError as refusal:
        answer = {**refusal.response["Error"], "Status": refusal.response["ResponseMetadata"]["HTTPStatusCode"]}
    answers.append(answer)

json.dump(answers, sys.stdout, default=str)
