# SPDX-License-Identifier: MIT
"""The real programs in a temporary directory, on free ports of loopback.

Everything started here is ended here, by its process id.
"""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EDGELESS_BIN", ROOT / "build/release/bin"))
TIMEOUT = 30  # seconds; generous: these tests do not measure speed


# Below the ephemeral ports of the kernel.
PORTS = range(10000, 32768)
reserved = []  # sockets whose names reserve ports against other tests


def free_ports(count):
    """Free ports of loopback, reserved against other test processes for the
    lifetime of this one by an abstract Unix socket for each."""
    result = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(result) == count:
            return result
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0edgeless-test-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        reserved.append(name)
        result.append(port)
    raise AssertionError("no port is free")


def wait_for(what, condition, timeout=TIMEOUT):
    """Waits until the condition returns a true value, and returns that."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError("did not happen: " + what)
        time.sleep(0.02)


class Cluster:
    """A controller, an orchestrator and nodes, each with its own files. With
    `hosts`, each runs in its own network namespace, otherwise all on loopback.
    With `metered`, each serves metrics."""

    def __init__(self, keep_alive=2, hosts=None, metered=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeless-system-"))
        self.hosts = hosts
        self.metered = metered
        self.running = {}
        self.node_ids = {}
        self.ports = {}
        self.metrics = {}
        self.controller_port, self.orchestrator_port = free_ports(2)
        self.controller_url = self.url("controller", self.controller_port)
        self.orchestrator_url = self.url("orchestrator",
                                         self.orchestrator_port)
        self.write("controller.toml", f"""
controller_url = "{self.controller_url}"
orchestrators = [
  {{ domain_id = "domain-1", orchestrator_url = "{self.orchestrator_url}" }} ]
{self.telemetry("controller")}{self.tls()}
""")
        self.write("orchestrator.toml", f"""
[general]
domain_id = "domain-1"
orchestrator_url = "{self.orchestrator_url}"
orchestrator_url_announced = ""
[baseline]
orchestration_strategy = "RoundRobin"
keep_alive_interval_secs = {keep_alive}
[proxy]
proxy_type = "None"
[collector]
collector_type = "None"
{self.telemetry("orchestrator")}{self.tls()}
""")
        self.write("cli.toml",
                   f'controller_url = "{self.controller_url}"\n{self.tls()}')

    # -- files and addresses ---------------------------------------------------

    def address(self, name):
        return self.hosts.add(name) if self.hosts else "127.0.0.1"

    def url(self, name, port):
        return f"http://{self.address(name)}:{port}"

    def tls(self):
        return "[tls]\ninsecure = true\n" if self.hosts else ""

    def metrics_url(self, name):
        if not self.metered:
            return ""
        if name not in self.metrics:
            self.metrics[name], = free_ports(1)
        return self.url(name, self.metrics[name])

    def telemetry(self, name):
        url = self.metrics_url(name)
        return f'[telemetry]\nmetrics_url = "{url}"\n' if url else ""

    def visit(self, name):
        return self.hosts.visit(name) if self.hosts \
            else contextlib.nullcontext()

    def scrape(self, name):
        """Series of a program -> value; empty if it cannot be scraped."""
        try:
            with self.visit(name), urllib.request.urlopen(
                    self.metrics_url(name) + "/metrics", timeout=10) as page:
                text = page.read().decode()
        except OSError:
            return {}
        return {series: float(value) for series, value in
                (line.rsplit(" ", 1) for line in text.splitlines()
                 if not line.startswith("#"))}

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def add_node_file(self, name, labels=(), file_log=True, node_id=None):
        agent, invocation = free_ports(2)
        self.node_ids[name] = node_id or str(uuid.uuid4())
        self.ports[name] = invocation
        provider = "file-log-1" if file_log else ""
        self.write(name + ".toml", f"""
[general]
node_id = "{self.node_ids[name]}"
agent_url = "{self.url(name, agent)}"
agent_url_announced = ""
invocation_url = "{self.url(name, invocation)}"
invocation_url_announced = ""
orchestrator_url = "{self.orchestrator_url}"
code_cache = "{self.folder}/code-{name}"
[telemetry]
metrics_url = "{self.metrics_url(name)}"
log_level = "info"
performance_samples = false
[wasm_runtime]
enabled = true
[resources]
file_log_provider = "{provider}"
[user_node_capabilities]
labels = {json.dumps(list(labels))}
{self.tls()}""")

    def launch(self, name, program, *arguments, log=None, before=()):
        """`log`: the file for its output; NAME.log if not given. `before`: a
        command that runs the program, such as prlimit."""
        words = [*before, BIN / program, *arguments]
        if self.hosts:
            words = self.hosts.inside(name, words)
        with open(self.folder / (name + ".log"), "a") as file:
            self.running[name] = subprocess.Popen(
                words, cwd=self.folder, stdout=log or file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "XDG_CACHE_HOME": self.folder / "cache"})
        return self.running[name]

    def start_controller(self):
        return self.launch("controller", "edgeless_con_d")

    def start_orchestrator(self):
        return self.launch("orchestrator", "edgeless_orc_d")

    def start_node(self, name):
        return self.launch(name, "edgeless_node_d", "-c", name + ".toml")

    def start_all(self, *nodes):
        self.start_controller()
        self.start_orchestrator()
        for name in nodes:
            if name not in self.node_ids:
                self.add_node_file(name)
            self.start_node(name)
        self.wait_for_nodes(len(nodes))

    def wait_for_nodes(self, count):
        wait_for(f"{count} nodes", lambda: f"({count} nodes)" in
                 self.cli("domain", "list", check=False).stdout)

    def cli(self, *arguments, check=True):
        words = [BIN / "edgeless_cli", *arguments]
        if self.hosts:
            words = self.hosts.inside("controller", words)
        done = subprocess.run(words, cwd=self.folder, capture_output=True,
                              text=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"edgeless_cli {arguments}: {done.stderr}")
        return done

    def workflow(self, functions, resources=()):
        """Writes a workflow file; a function is (name, class, outputs,
        annotations), a resource (name, class, configurations)."""
        spec = {"functions": [], "resources": [], "annotations": {}}
        for name, kind, outputs, annotations in functions:
            spec["functions"].append({
                "name": name,
                "class_specification": {
                    "id": kind, "function_type": "RUST_WASM",
                    "version": "0.1", "outputs": list(outputs),
                    "code": str(ROOT / f"functions/{kind}/{kind}.wasm")},
                "output_mapping": outputs, "annotations": annotations})
        for name, kind, configurations in resources:
            spec["resources"].append({
                "name": name, "class_type": kind, "output_mapping": {},
                "configurations": configurations})
        self.write("workflow.json", json.dumps(spec, indent=2))
        return "workflow.json"

    def start(self, functions, resources=()):
        return self.cli("workflow", "start",
                        self.workflow(functions, resources)).stdout.strip()

    def inspect(self, workflow):
        """Component -> (phase, node name, instance)."""
        text = self.cli("workflow", "inspect", workflow).stdout
        names = {v: k for k, v in self.node_ids.items()}
        result = {}
        for m in re.finditer(r"^(\S+) (running|starting|pending)"
                             r"(?: on node (\S+) as ([0-9a-f-]+))?", text,
                             re.M):
            result[m[1]] = (m[2], names.get(m[3]), m[4])
        return result

    def log(self, name):
        path = self.folder / (name + ".log")
        return path.read_text(errors="replace") if path.exists() else ""

    def lines(self, file):
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []

    def signal(self, name, number):
        os.kill(self.running[name].pid, number)

    def kill(self, name):
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def terminate(self, name):
        """Ends a program as an operator does; returns (code, seconds)."""
        process = self.running.pop(name)
        begin = time.monotonic()
        process.terminate()
        return process.wait(timeout=TIMEOUT), time.monotonic() - begin

    def close(self):
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class SystemTest(unittest.TestCase):
    keep_alive = 2

    def setUp(self):
        self.cluster = Cluster(self.keep_alive)
        self.addCleanup(self.cluster.close)

    def tearDown(self):
        # Failures are in the result since Python 3.11, in a list before.
        outcome = self._outcome
        failures = getattr(outcome, "errors", None) or [
            *outcome.result.failures, *outcome.result.errors]
        if any(test is self and problem for test, problem in failures):
            for path in sorted(self.cluster.folder.glob("*.log")):
                tail = self.cluster.log(path.stem)[-3000:]
                print(f"--- {path.stem}\n{tail}")


GENERATOR = ("generator", "message_generator", {"output": "log"},
             {"init-payload": "message=hello,period=50"})
LOG = ("log", "file-log", {"filename": "events.log", "add-timestamp": "true"})
