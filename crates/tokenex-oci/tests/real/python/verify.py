"""Verifies signed requests, from Oracle's documentation of the signing string and nothing else.

https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm
"""

import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def verdict(request):
    headers = {name.lower(): value for name, value in request["headers"]}
    scheme, parameters = headers["authorization"].split(" ", 1)
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', parameters))
    if scheme != "Signature" or parameters["version"] != "1" or parameters["algorithm"] != "rsa-sha256":
        return "not a signature of version 1"
    names = parameters["headers"].split(" ")

    required = ["date", "(request-target)", "host"]
    if request["method"] in ["PUT", "POST", "PATCH"] and not request["upload"]:
        required += ["content-length", "content-type", "x-content-sha256"]
        body = base64.b64decode(request["body"])
        if headers["content-length"] != str(len(body)):
            return "the content length is not the body's"
        if headers["x-content-sha256"] != base64.b64encode(hashlib.sha256(body).digest()).decode():
            return "the hash is not the body's"
    if sorted(names) != sorted(required):
        return f"signed is {names}"

    target = f"{request['method'].lower()} {request['target']}"
    lines = [f"{name}: {target if name == '(request-target)' else headers[name]}" for name in names]
    key = serialization.load_der_public_key(base64.b64decode(request["public_key"]))
    try:
        message = "\n".join(lines).encode()
        key.verify(base64.b64decode(parameters["signature"]), message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return "the signature is not the key's"
    return f"signed by {parameters['keyId']}"


json.dump([verdict(request) for request in json.load(sys.stdin)], sys.stdout)
