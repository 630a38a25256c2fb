#!/usr/bin/env python3
"""Writes the recorded exchanges below guests/*/fixtures and tests/fixtures as seeds of a fuzz target.

Usage: seeds.py TARGET FOLDER
"""

import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# As `exchange` in src/lib.rs chooses.
GUESTS = ["openai", "cerebras", "ollama", "zai", "gemini", "responses"]
# What stands before the bytes of a file, behind the choice: see the targets.
FILES = {
    "request": [("request.client.json", b"")],
    "answer": [("response.upstream.json", b"\x1d")],
    "stream": [("response.upstream.sse", b"\x02\x01\x07"), ("response.upstream.jsonl", b"\x02\x01\x07")],
    "frames": [("response.upstream.sse", b"\x02\x01\x07"), ("response.upstream.jsonl", b"\x02\x01\x07")],
}


def main(target: str, folder: str) -> None:
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, head in FILES[target]:
        for path in sorted(ROOT.glob(f"**/fixtures/**/{name}")):
            guests = [at for at, guest in enumerate(GUESTS) if guest in path.parts]
            for choice in guests or range(len(GUESTS)):
                seed = bytes([choice]) + head + path.read_bytes()
                (out / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
                count += 1
    print(f"{count} seeds in {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
