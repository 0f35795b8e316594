import os
from urllib.request import urlopen

print(urlopen(os.environ["ASK"], timeout=5).read().decode())
