"""Finds the resource principal of its environment, and makes a signed call."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import calls
import oci

question = json.load(sys.stdin)

signer = oci.auth.signers.get_resource_principals_signer()
answer = {
    **calls.answers({**question, "region": signer.region}, signer),
    "tenancy": signer.tenancy_id,
    "compartment": signer.compartment_id,
}
json.dump(answer, sys.stdout)
