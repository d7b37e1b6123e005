"""A few calls to Object Storage, as programs with Oracle's SDK make them."""

import io

import oci


def answers(question, signer):
    """What the calls answer that the question asks for, or the refusal of the first that fails."""
    client = oci.object_storage.ObjectStorageClient(
        {"region": question["region"]}, signer=signer, service_endpoint=question["api"]
    )
    try:
        namespace = client.get_namespace().data
        answer = {"namespace": namespace}
        if bucket := question.get("bucket"):
            # A stream, which the SDK sends without signing its body.
            client.put_object(namespace, bucket, "from/python object", io.BytesIO(b"streamed"))
            answer["objects"] = [found.name for found in client.list_objects(namespace, bucket).data.objects]
            answer["read"] = client.get_object(namespace, bucket, "from/python object").data.content.decode()
            details = oci.object_storage.models.CreateBucketDetails(name="made", compartment_id=question["domain"])
            answer["made"] = client.create_bucket(namespace, details).data.name
        return answer
    except oci.exceptions.ServiceError as refusal:
        return {"error": f"{refusal.status} {refusal.code}"}
