# SPDX-License-Identifier: MIT
"""What the tests in this folder share: a canary whose events must go on while
another workflow, a client or the machine misbehaves."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cluster import ROOT, Cluster, SystemTest, wait_for  # noqa: E402

modules = tempfile.TemporaryDirectory(prefix="edgeless-guests-")


def guest(name, source):
    """Compiles a function of a test; returns the path of its module."""
    path = pathlib.Path(modules.name) / name
    path.with_suffix(".cpp").write_text(
        '#include "edgeless.hpp"\nusing namespace edgeless;\n' + source
        + f"\nEDGELESS_EXPORT({name})\n")
    subprocess.run(
        ["clang++", "--target=wasm32", "-std=c++20", "-O2", "-mbulk-memory",
         "-mnontrapping-fptoint", "-msign-ext", "-nostdlib", "-fno-exceptions",
         "-fno-rtti", "-ffreestanding", "-I", ROOT / "functions/sdk",
         "-Wl,--no-entry", "-Wl,--strip-all", "-o",
         path.with_suffix(".wasm"), path.with_suffix(".cpp")], check=True)
    return path.with_suffix(".wasm")


def function(name, module, outputs=None, **annotations):
    """`module`: one of functions/, or a path."""
    path = module if isinstance(module, pathlib.Path) \
        else ROOT / f"functions/{module}/{module}.wasm"
    return {"name": name,
            "class_specification": {
                "id": path.stem, "function_type": "RUST_WASM",
                "version": "0.1", "code": str(path),
                "outputs": list(outputs or {})},
            "output_mapping": outputs or {},
            "annotations": {key.replace("__", "."): value
                            for key, value in annotations.items()}}


def file_log(name, filename):
    return {"name": name, "class_type": "file-log", "output_mapping": {},
            "configurations": {"filename": filename}}


def workflow(functions, resources=()):
    return {"functions": functions, "resources": list(resources),
            "annotations": {}}


def canary(file="canary.log", **annotations):
    """An event every 50 ms, into a file."""
    generator = function("canary", "message_generator", {"output": "log"},
                         **{"init-payload": "message=c,period=50"},
                         **annotations)
    return workflow([generator], [file_log("log", file)])


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def processor_time(process):
    """Seconds of a process, all threads."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
    user, system = fields.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory_mib(process):
    """Resident memory."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class ChaosTest(SystemTest):
    keep_alive = 1

    def setUp(self):
        self.cluster = Cluster(self.keep_alive, metered=True)
        self.addCleanup(self.cluster.close)

    def start(self, spec, check=True):
        """Starts a workflow; returns its id, or what the client printed."""
        c = self.cluster
        c.write("workflow.json", json.dumps(spec))
        done = c.cli("workflow", "start", "workflow.json", check=check)
        return done.stdout.strip() if check else done

    def start_node(self, name, *before, **details):
        """Starts a node by a command before it, such as prlimit."""
        c = self.cluster
        if name not in c.node_ids:
            c.add_node_file(name, **details)
        return c.launch(name, "edgeless_node_d", "-c", name + ".toml",
                        before=before)

    def on(self, node):
        """The annotation that places a function on a node."""
        return {"node_id_match_any": self.cluster.node_ids[node]}

    def goes_on(self, file="canary.log", within=5):
        c = self.cluster
        seen = len(c.lines(file))
        wait_for("events in " + file,
                 lambda: len(c.lines(file)) > seen + 5, within)

    def silence(self, file, seconds, condition=lambda: True):
        """The longest time without a new line while the condition holds, for
        so many seconds."""
        c = self.cluster
        longest, seen, last = 0, len(c.lines(file)), time.monotonic()
        end = last + seconds
        while time.monotonic() < end and condition():
            now = len(c.lines(file))
            if now > seen:
                seen, last = now, time.monotonic()
            longest = max(longest, time.monotonic() - last)
            time.sleep(0.02)
        return longest
