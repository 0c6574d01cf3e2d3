# SPDX-License-Identifier: MIT
"""Attributes the instructions of an event, counted as in test_instructions.py:
`profile.py "call in a node" [--functions]` prints a table by subsystem, or by
function, the most expensive ones first."""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import tempfile

from test_instructions import ENGINE, EVENTS, LEAN, PROGRAM

OURS = [
    ("host functions: imports, validation of guest input",
     r"edgeless::(wasm_|is_utf8|\(anonymous namespace\)::"
     r"(enter|load|cast|next|call|done|event)\()"),
    ("serialization and validation",
     r"frame_|transport|fragment|edgeless::(pack|inspect)|serializer"),
    ("instance, inbox, outbox, egress, ingress", r"edgeless::"),
    ("CAF", r"caf::"),
    ("guest and engine", r"wasmtime|cranelift|core::|alloc::|wasm_"),
]


def subsystem_of(function, library):
    if library == "???":
        return "guest and engine"
    if "libcaf" in library:
        return "CAF"
    if "/libc.so" in library or "libstdc++" in library:
        heap = r"alloc|free|unlink_chunk|operator (new|delete)"
        return "allocation" if re.search(heap, function) \
            else "memcpy etc."
    return next((name for name, pattern in OURS
                 if re.search(pattern, function)), "std")


def count(name, rounds, folder, cache):
    """Instructions by function; the library follows in brackets."""
    env = {**os.environ, "ROUNDS": str(rounds)}
    if cache:
        env["CACHE"] = cache
    files = pathlib.Path(folder) / str(rounds)
    files.mkdir()
    subprocess.run(
        ["valgrind", "--tool=callgrind", "--trace-children=yes",
         f"--callgrind-out-file={files}/%p", PROGRAM, "--no-skip",
         f"--test-case=count: {name}"],
        env=env, capture_output=True, check=True, timeout=120)
    # One file of the program, and one of the compiling child if there was one.
    report = "".join(subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--auto=no", file], text=True,
        capture_output=True, check=True).stdout for file in files.iterdir())
    result = collections.Counter()
    for number, where in re.findall(r"^ *([\d,]+) \( *[\d.]+%\)  \S*?:(.*)$",
                                    report, re.MULTILINE):
        result[where] += int(number.replace(",", ""))
    return result


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("path", choices=LEAN)
    words.add_argument("--lean", action="store_true",
                       help="guests that do nothing instead of WebAssembly")
    words.add_argument("--functions", action="store_true")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = ""
        if asked.path in ENGINE and not asked.lean:
            cache = os.path.join(folder, "cache")
            count(asked.path, 0, folder, cache)  # fills the module cache
        fewer = count(asked.path, 1, folder, cache)
        more = count(asked.path, 3, folder, cache)
    table = collections.Counter()
    for where in more:
        function, library = re.fullmatch(r"(.*?)(?: \[(.*)\])?", where).groups()
        row = where if asked.functions else subsystem_of(function, library or "???")
        table[row] += (more[where] - fewer[where]) / 2 / EVENTS
    for row, number in table.most_common(40):
        if number >= 1:
            print(f"{number:8.0f}  {row}")
    print(f"{table.total():8.0f}  total")


if __name__ == "__main__":
    main()
