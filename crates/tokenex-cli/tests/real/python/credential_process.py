"""Finds credentials as every program with boto3 does, and asks who they are."""

import json
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

session = boto3.Session()
try:
    answer = session.client("sts").get_caller_identity()
    answer.pop("ResponseMetadata")
    answer["Method"] = session.get_credentials().method
except (BotoCoreError, ClientError) as refusal:
    answer = {"Error": str(refusal)}

json.dump(answer, sys.stdout)
