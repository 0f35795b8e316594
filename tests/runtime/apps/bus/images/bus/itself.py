"""The broker, as a client of itself: under the name that it advertises."""

import os

from client import ask

place = os.environ["ADVERTISED_LISTENERS"].partition("://")[2]
print("reached" if ask(place, "where") == place else "not reached")
