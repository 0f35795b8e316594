"""Asks a URL without a look at its certificate, as `curl -kf` does."""

import ssl
import sys
import urllib.request

urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context())
