"""The IAM actions of recorded calls, and the list of all that the program makes."""

import pathlib

LISTED = pathlib.Path(__file__).with_name("calls.txt")
# Calls whose permission has another name. Source: Service Authorization Reference.
S3 = {
    "HeadBucket": "ListBucket", "HeadObject": "GetObject", "PutBucket": "CreateBucket", "PutBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration", "PutBucketLifecycle": "PutLifecycleConfiguration", "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject", "ListParts": "ListMultipartUploadParts",
    "GetBucket": "ListBucket", "ListMultipartUploads": "ListBucketMultipartUploads", "GetBucketTagging": "GetBucketTagging", "PutBucketTagging": "PutBucketTagging",
}
OTHERS = {("elasticbeanstalk", "UpdateTagsForResource"): "elasticbeanstalk:AddTags"}


def action(service, call):
    """The IAM action of a call."""
    if (service, call) in OTHERS:
        return OTHERS[service, call]
    return f"{service}:{S3.get(call, call) if service == 's3' else call}"


def listed():
    """The actions of the list."""
    return {line for line in LISTED.read_text().splitlines() if line and not line.startswith("#")}


def unlisted(made):
    """Recorded calls that the list lacks."""
    return sorted({action(service, call) for service, call in made} - listed())
