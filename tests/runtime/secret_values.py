"""The secrets of a stack: what the template writes into them, or what AWS would have generated."""

import json
import secrets as randomness
import string


class Secrets:
    def __init__(self, stack):
        self.values = {key: _value(made) for key, made in stack.of_type("AWS::SecretsManager::Secret").items()}
        self.values |= {key: made["Value"] for key, made in stack.of_type("AWS::SSM::Parameter").items()}

    def value(self, source):
        """What a container gets for `ValueFrom`: a secret, or `SECRET:KEY::`."""
        key, *member = source.split(":")
        value = self.values[key]
        return json.loads(value)[member[0]] if member and member[0] else value


def _value(properties):
    if "SecretString" in properties:
        return properties["SecretString"]
    wanted = properties["GenerateSecretString"]
    left_out = wanted.get("ExcludeCharacters", "") + (string.punctuation if wanted.get("ExcludePunctuation") else "")
    letters = [letter for letter in string.ascii_letters + string.digits + string.punctuation if letter not in left_out]
    made = "".join(randomness.choice(letters) for _ in range(int(wanted.get("PasswordLength", 32))))
    if "SecretStringTemplate" not in wanted:
        return made
    return json.dumps(json.loads(wanted["SecretStringTemplate"]) | {wanted["GenerateStringKey"]: made})
