#!/usr/bin/env python3
"""mutate.py [--preset debug] [--only TEXT] [LIST]

Puts faults into the sources, one by one, and prints which of them the fast
suites notice. LIST (default: test/mutants.toml) names each fault: `file`, the
text `old`, which occurs once there, the text `new` in its place, and `breaks`,
the promise that is broken. Each file is restored at once. A fault that does
not compile counts as not tested. Exits with 1 if fewer than 95 % are noticed.
"""
import argparse
import pathlib
import resource
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = ["actor_tests", "runtime_tests", "simulation"]
# For a suite, since a fault may loop for ever: seconds of the processor, which
# a loaded machine does not change, and seconds for one that waits for ever.
PROCESSOR_TIME = 300
TIMEOUT = 3600


def limit_processor_time():
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))


def run(command, limit=None):
    """Whether the command exits with 0 in time."""
    try:
        return subprocess.run(command, cwd=ROOT, timeout=TIMEOUT,
                              preexec_fn=limit,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def suites(build, file):
    """The fast suites that may notice a fault in that file, quickest first."""
    actors = [build / "bin/actor_tests", "--abort-after=1"]
    runtime = [build / "bin/runtime_tests", "--abort-after=1"]
    simulation = [build / "bin/simulation", "--seed", "1", "--runs", "200"]
    if file.startswith("runtime/"):
        return [("runtime", runtime), ("actors", actors),
                ("simulation", simulation)]
    return [("actors", actors), ("simulation", simulation)]


def try_mutant(build, mutant):
    """The suite that notices the fault, "" if none does, None if it cannot be
    put in."""
    path = ROOT / mutant["file"]
    original = path.read_text()
    if original.count(mutant["old"]) != 1:
        return None
    path.write_text(original.replace(mutant["old"], mutant["new"]))
    try:
        if not run(["ninja", "-C", build, *TARGETS]):
            return None
        for name, command in suites(build, mutant["file"]):
            if not run(command, limit_processor_time):
                return name
        return ""
    finally:
        path.write_text(original)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--preset", default="debug")
    parser.add_argument("--only", default="", help="part of file or promise")
    parser.add_argument("list", nargs="?", type=pathlib.Path,
                        default=ROOT / "test/mutants.toml")
    options = parser.parse_args()
    build = ROOT / "build" / options.preset
    mutants = tomllib.loads(options.list.read_text())["mutant"]
    chosen = [x for x in mutants
              if options.only in x["file"] or options.only in x["breaks"]]
    if not run(["ninja", "-C", build, *TARGETS]):
        sys.exit(f"mutate.py: {build} does not build without any fault")
    noticed = tested = 0
    for mutant in chosen:
        begun = time.monotonic()
        by = try_mutant(build, mutant)
        text = {None: "not tested", "": "MISSED"}.get(by, f"noticed by {by}")
        print(f"{text:22} {time.monotonic() - begun:4.0f} s  "
              f"{mutant['file']}: {mutant['breaks']}", flush=True)
        tested += by is not None
        noticed += bool(by)
    run(["ninja", "-C", build, *TARGETS])
    print(f"{noticed} of {tested} noticed, "
          f"{len(chosen) - tested} not tested")
    sys.exit(0 if tested and noticed >= 0.95 * tested else 1)


if __name__ == "__main__":
    main()
