import time
from pathlib import Path

while True:
    for letter in Path("/depot").iterdir():
        stamp = letter.with_name(f"{letter.name}.stamp")
        if not letter.suffix and not stamp.exists():
            stamp.write_text(f"{len(letter.read_bytes())} bytes")
    time.sleep(0.2)
