"""Python 2.7: applies `AWS::CloudFormation::Init` metadata with AWS's cfn-init, away from the machine's own files.

    python2.7 cfn_init_driver.py METADATA.json CONFIGSET...

cfn-init keeps its work list and its log below /var; here the list is in memory and the log is standard output.
Ownership is not changed: that is for root alone.
"""

import collections
import json
import logging
import os
import sys

from cfnbootstrap import construction

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
os.chown = lambda *arguments: None


class InMemory(construction.WorkLog):
    def __init__(self):
        self.kept = {}

    def clear(self):
        self.kept = {}

    clear_except_metadata = clear

    def put(self, key, data):
        if data:
            self.kept[key] = data
        else:
            self.kept.pop(key, None)

    def has_key(self, key):
        return key in self.kept

    def get(self, key, default=None):
        return self.kept.get(key, default)

    def delete(self, key):
        self.kept.pop(key, None)

    def pop(self, key):
        if key not in self.kept:
            return None
        first = self.kept[key].popleft()
        if not self.kept[key]:
            del self.kept[key]
        return first


with open(sys.argv[1]) as source:
    metadata = json.load(source, object_pairs_hook=collections.OrderedDict)
try:
    construction.Contractor(metadata).build(sys.argv[2:], InMemory())
except Exception as error:
    sys.exit(str(error))
