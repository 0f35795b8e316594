"""What answers at a URL: `nothing` where nobody does."""

import sys
from urllib.parse import urlsplit
from urllib.request import urlopen

from resp import ask

place = urlsplit(sys.argv[1])
try:
    said = ask(place.hostname, "PING") if place.scheme == "redis" else urlopen(sys.argv[1], timeout=2).read().decode()
except OSError:
    said = ""
print(said or "nothing")
