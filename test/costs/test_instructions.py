# SPDX-License-Identifier: MIT
"""Instructions per event, as valgrind counts them, and system calls, as strace
does: of real instances, LINKS and GATEs on CAF's deterministic scheduler, with
guests that cost nothing and with WebAssembly in the engine. The committed
figures, in instructions.toml, hold for one compiler; with another one there is
nothing to compare with. `--renew` prints the file anew."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

FILE = pathlib.Path(__file__).with_name("instructions.toml")
PROGRAM = os.path.join(os.environ.get("EDGELESS_BIN", "build/release/bin"),
                       "cost_tests")
EVENTS = 4 * 256  # Of a round: `many` in instructions.cpp.
OPTIONS = {"callgrind": ["--callgrind-out-file=/dev/null"], "none": []}
LEAN = ["cast of a burst in a node", "cast alone in a node", "call in a node",
        "cast of a burst across nodes", "call across nodes"]
ENGINE = ["cast of a burst in a node", "call in a node",
          "cast of a burst across nodes"]


def follow(tool, name, rounds, cache):
    """What valgrind says of the whole program. The child that compiles is
    followed, too: it compiles for what valgrind can run."""
    env = {**os.environ, "ROUNDS": str(rounds)}
    if cache:
        env["CACHE"] = cache
    ran = subprocess.run(
        ["valgrind", f"--tool={tool}", "--trace-children=yes", *OPTIONS[tool],
         PROGRAM, "--no-skip", f"--test-case=count: {name}"],
        env=env, text=True, capture_output=True, timeout=120)
    if ran.returncode != 0 or "SUCCESS" not in ran.stdout:
        raise RuntimeError(f"{name}: {ran.stdout}")
    return ran.stderr


def collected(name, rounds, cache):
    """Instructions of the whole program."""
    said = follow("callgrind", name, rounds, cache)
    return int(re.findall(r"Collected : (\d+)", said)[-1])


def can_compile(cache):
    """Before all else: on a busy machine it takes too long for the engine."""
    try:
        follow("none", ENGINE[0], 0, cache)
    except RuntimeError as problem:
        print(f"valgrind cannot follow the engine here: {problem}",
              file=sys.stderr)
        return False
    return True


def measure():
    """Of two runs each, so that the start of the program is in neither."""
    fewer, more = 1, 3
    with (tempfile.TemporaryDirectory() as cache,
          concurrent.futures.ThreadPoolExecutor(2) as pool):
        cases = [("lean", name, "") for name in LEAN]
        if can_compile(cache):
            cases += [("engine", name, cache) for name in ENGINE]
        runs = [(kind, name, pool.submit(collected, name, fewer, where),
                 pool.submit(collected, name, more, where))
                for kind, name, where in cases]
        figures = {}
        for kind, name, less, much in runs:
            count = (much.result() - less.result()) / (more - fewer) / EVENTS
            figures.setdefault(kind, {})[name] = round(count)
        return figures


def compiler():
    """Of the program, as its objects name it; the engine has its own."""
    comments = subprocess.run(["readelf", "-p", ".comment", PROGRAM], text=True,
                              capture_output=True, check=True).stdout
    return re.search(r"\]\s+((?:GCC|.*clang).*\S)", comments)[1]


def as_text(figures):
    lines = [f'compiler = "{compiler()}"']
    for kind, rows in figures.items():
        lines += ["", f"[{kind}]"]
        lines += [f'"{name}" = {count}' for name, count in rows.items()]
    return "\n".join(lines)


class Instructions(unittest.TestCase):
    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    def test_an_event_takes_as_many_instructions_as_committed(self):
        committed = tomllib.loads(FILE.read_text())
        figures = measure()
        if committed["compiler"] != compiler():
            self.skipTest("the committed figures are of another compiler, "
                          f"{committed['compiler']}; here it is\n"
                          + as_text(figures))
        for kind, rows in figures.items():
            for name, now in rows.items():
                then = committed[kind][name]
                print(f"{kind}: {name}: {now}, committed {then}")
                with self.subTest(kind=kind, name=name):
                    self.assertLess(abs(now - then), 0.1 * then)


class SystemCalls(unittest.TestCase):
    def count(self, name, rounds, folder):
        """Of the whole program, as strace counts them."""
        summary = os.path.join(folder, "calls")
        ran = subprocess.run(
            ["strace", "-f", "-c", "-o", summary, PROGRAM, "--no-skip",
             f"--test-case=count: {name}"],
            env={**os.environ, "ROUNDS": str(rounds), "CACHE": folder},
            text=True, capture_output=True, timeout=120)
        if "SUCCESS" not in ran.stdout:
            self.skipTest(f"strace cannot follow here: {ran.stderr}")
        total = pathlib.Path(summary).read_text().splitlines()[-1]
        return int(total.split()[3])

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_an_event_in_a_node_makes_no_system_call(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("cast of a burst in a node", "call in a node"):
                self.count(name, 0, folder)  # the engine compiles
                grown = self.count(name, 3, folder) \
                    - self.count(name, 1, folder)
                with self.subTest(name=name):
                    self.assertLess(grown, 2 * EVENTS / 100)


if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        print(as_text(measure()))
    else:
        unittest.main()
