# SPDX-License-Identifier: MIT
"""Instructions per event, as valgrind counts them: of real instances, LINKS and
GATEs with guests that cost nothing, on CAF's deterministic scheduler. The
committed figures, in instructions.toml, hold for one compiler; with another
one there is nothing to compare with. `--renew` prints the file anew."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
import unittest

FILE = pathlib.Path(__file__).with_name("instructions.toml")
PROGRAM = os.path.join(os.environ.get("EDGELESS_BIN", "build/release/bin"),
                       "cost_tests")
EVENTS = 4 * 256  # Of a round: `many` in instructions.cpp.
NAMES = ["cast of a burst in a node", "cast alone in a node", "call in a node",
         "cast of a burst across nodes", "call across nodes"]


def collected(name, rounds):
    """Instructions of the whole program."""
    ran = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         PROGRAM, "--no-skip", f"--test-case=count: {name}"],
        env={**os.environ, "ROUNDS": str(rounds)}, check=True, text=True,
        capture_output=True, timeout=120)
    if "1 passed | 0 failed" not in ran.stdout:
        raise RuntimeError(f"{name}: {ran.stdout}")
    return int(re.search(r"Collected : (\d+)", ran.stderr)[1])


def per_event(name, fewer=2, more=6):
    """Of two runs, so that the start of the program is in neither."""
    grown = collected(name, more) - collected(name, fewer)
    return round(grown / (more - fewer) / EVENTS)


def measure():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(NAMES, pool.map(per_event, NAMES)))


def compiler():
    """Of the program, as its objects name it; the engine has its own."""
    comments = subprocess.run(["readelf", "-p", ".comment", PROGRAM], text=True,
                              capture_output=True, check=True).stdout
    return re.search(r"\]\s+((?:GCC|.*clang).*\S)", comments)[1]


def as_text(figures):
    lines = [f'compiler = "{compiler()}"', "", "[instructions]"]
    return "\n".join(lines + [f'"{k}" = {v}' for k, v in figures.items()])


class Instructions(unittest.TestCase):
    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    def test_an_event_takes_as_many_instructions_as_committed(self):
        committed = tomllib.loads(FILE.read_text())
        figures = measure()
        if committed["compiler"] != compiler():
            self.skipTest("the committed figures are of another compiler, "
                          f"{committed['compiler']}; here it is\n"
                          + as_text(figures))
        for name, now in figures.items():
            then = committed["instructions"][name]
            print(f"{name}: {now}, committed {then}")
            with self.subTest(name):
                self.assertLess(abs(now - then), 0.1 * then,
                                f"{name}: {now} instructions, committed {then}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        print(as_text(measure()))
    else:
        unittest.main()
