# SPDX-License-Identifier: MIT
"""Instructions per event, counted by valgrind, and system calls, counted by
strace, of FUNCTION INSTANCES, EGRESS and INGRESS on CAF's deterministic
scheduler: with guests that do nothing ("lean") and with WebAssembly ("engine").
The committed figures in instructions.toml are those of one compiler; with any
other compiler the comparison is skipped. `--renew` prints the file with the
figures of this machine."""

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
EVENTS = 4 * 256  # per round: `many` in instructions.cpp
OPTIONS = {"callgrind": ["--callgrind-out-file=/dev/null"], "none": []}
LEAN = ["cast of a burst in a node", "cast alone in a node", "call in a node",
        "cast of a burst across nodes", "call across nodes"]
ENGINE = ["cast of a burst in a node", "call in a node",
          "cast of a burst across nodes"]


def run_valgrind(tool, name, rounds, cache):
    """Valgrind's report on the whole program. It follows the compiling child,
    too, so that the engine compiles for the processor that valgrind emulates."""
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


def count_instructions(name, rounds, cache):
    """Instructions of the whole program."""
    report = run_valgrind("callgrind", name, rounds, cache)
    return int(re.findall(r"Collected : (\d+)", report)[-1])


def can_compile(cache):
    """Whether the engine compiles its module under valgrind. To be called before
    other work is started: on a busy machine the compilation times out."""
    try:
        run_valgrind("none", ENGINE[0], 0, cache)
    except RuntimeError as problem:
        print(f"valgrind cannot run the engine here: {problem}",
              file=sys.stderr)
        return False
    return True


def measure():
    """Instructions per event, from the difference of two runs, so that the start
    of the program does not count."""
    fewer, more = 1, 3
    with (tempfile.TemporaryDirectory() as cache,
          concurrent.futures.ThreadPoolExecutor(2) as pool):
        cases = [("lean", name, "") for name in LEAN]
        if can_compile(cache):
            cases += [("engine", name, cache) for name in ENGINE]
        runs = [(kind, name, pool.submit(count_instructions, name, fewer, where),
                 pool.submit(count_instructions, name, more, where))
                for kind, name, where in cases]
        figures = {}
        for kind, name, less, much in runs:
            count = (much.result() - less.result()) / (more - fewer) / EVENTS
            figures.setdefault(kind, {})[name] = round(count)
        return figures


def compiler():
    """The compiler of the program, from its .comment section; the engine was
    compiled by another one."""
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
    def test_event_costs_stay_within_ten_percent_of_the_committed_ones(self):
        committed = tomllib.loads(FILE.read_text())
        figures = measure()
        if committed["compiler"] != compiler():
            self.skipTest("the committed figures are those of the compiler "
                          f"{committed['compiler']}; here they are\n"
                          + as_text(figures))
        for kind, rows in figures.items():
            for name, now in rows.items():
                then = committed[kind][name]
                print(f"{kind}: {name}: {now}, committed {then}")
                with self.subTest(kind=kind, name=name):
                    self.assertLess(abs(now - then), 0.1 * then)


class SystemCalls(unittest.TestCase):
    def count(self, name, rounds, folder):
        """System calls of the whole program."""
        summary = os.path.join(folder, "calls")
        ran = subprocess.run(
            ["strace", "-f", "-c", "-o", summary, PROGRAM, "--no-skip",
             f"--test-case=count: {name}"],
            env={**os.environ, "ROUNDS": str(rounds), "CACHE": folder},
            text=True, capture_output=True, timeout=120)
        if "SUCCESS" not in ran.stdout:
            self.skipTest(f"strace does not work here: {ran.stderr}")
        total = pathlib.Path(summary).read_text().splitlines()[-1]
        return int(total.split()[3])

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_events_within_a_node_make_no_system_calls(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("cast of a burst in a node", "call in a node"):
                self.count(name, 0, folder)  # fills the module cache
                grown = self.count(name, 3, folder) \
                    - self.count(name, 1, folder)
                with self.subTest(name=name):
                    self.assertLess(grown, 2 * EVENTS / 100)


if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        print(as_text(measure()))
    else:
        unittest.main()
