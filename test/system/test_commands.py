# SPDX-License-Identifier: MIT
"""The commands of EDGELESS' programs, as its users type them."""
import contextlib
import http.server
import json
import re
import socket
import subprocess
import threading
import unittest

from cluster import (BIN, GENERATOR, LOG, ROOT, SystemTest, free_ports,
                     wait_for)


class Repository(http.server.ThreadingHTTPServer):
    """EDGELESS' function repository; `requests` are (method, path, headers)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), RepositoryHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests, self.files, self.functions = [], {}, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class RepositoryHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def path_of_function(self):
        """The path after /function, without the prefix of EDGELESS 1.0."""
        self.server.requests.append((self.command, self.path, self.headers))
        return self.path.split("/function", 1)[1].strip("/")

    def do_GET(self):
        path = self.path_of_function()
        if path.startswith("download/"):
            name = path.split("/")[1]
            if name in self.server.files:
                return self.answer(
                    200, self.server.files[name],
                    Content_Disposition='attachment; filename="f.wasm"')
        elif path in self.server.functions:
            return self.answer(200, json.dumps(
                self.server.functions[path]).encode())
        self.answer(404, b"there is no such thing")

    def do_POST(self):
        path = self.path_of_function()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if path == "upload":
            boundary = re.search("boundary=(.*)",
                                 self.headers["Content-Type"])[1].encode()
            part = body.split(b"--" + boundary)[1]
            name = str(len(self.server.files) + 1)
            self.server.files[name] = part.split(b"\r\n\r\n", 1)[1][:-2]
            return self.answer(200, json.dumps({"id": name}).encode())
        function = json.loads(body)
        self.server.functions[function["id"]] = function
        self.answer(200, json.dumps({"id": function["id"]}).encode())


def consecutive_ports(count):
    """The first of free ports in a row."""
    while True:
        first, = free_ports(1)
        try:
            with contextlib.ExitStack() as sockets:
                for port in range(first, first + count):
                    sockets.enter_context(socket.socket()).bind(
                        ("127.0.0.1", port))
            return first
        except OSError:
            pass


class Functions(SystemTest):
    def setUp(self):
        super().setUp()
        self.repository = Repository()
        self.addCleanup(self.repository.close)

    def configure(self, keys):
        self.cluster.write("cli.toml", 'controller_url = "http://127.0.0.1:1"\n'
                           f'[function_repository]\nurl = "{self.repository.url}"'
                           f'\n{keys}\n')

    def test_a_function_is_pushed_seen_and_downloaded(self):
        c = self.cluster
        module = ROOT / "functions/noop/noop.wasm"
        for keys, prefix, authorization in [
                ('basic_auth_user = "me"\nbasic_auth_pass = "secret"',
                 "/api/admin", "Basic bWU6c2VjcmV0"),
                ('api_key = "k"', "", "ApiKey_k")]:
            self.configure(keys)
            done = c.cli("function", "push", str(module),
                         str(ROOT / "functions/noop/function.json"))
            code_file = re.search("code_file_id (.*)", done.stdout)[1]
            self.assertIn("Function saved with id: noop\n", done.stdout)
            done = c.cli("function", "get", "noop")
            self.assertIn("Successfully get function {", done.stdout)
            self.assertIn(code_file, done.stdout)
            done = c.cli("function", "download", code_file)
            self.assertIn("File downloaded successfully.", done.stdout)
            self.assertEqual((c.folder / "f.wasm").read_bytes(),
                             module.read_bytes())
            # What is there is not overwritten.
            done = c.cli("function", "download", code_file, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("f.wasm", done.stderr)
            c.cli("function", "download", code_file, "-o", "other.wasm")
            (c.folder / "f.wasm").unlink()
            (c.folder / "other.wasm").unlink()
            for _, path, headers in self.repository.requests:
                self.assertTrue(path.startswith(prefix + "/function"), path)
                self.assertEqual(headers["Authorization"], authorization)
            self.repository.requests.clear()

    def test_a_function_is_pushed_with_its_type_alone(self):
        self.configure('basic_auth_user = "me"\nbasic_auth_pass = ""')
        self.cluster.cli("function", "push",
                         str(ROOT / "functions/noop/noop.wasm"), "RUST_WASM")
        self.assertEqual(self.repository.functions["noop.wasm"],
                         {"id": "noop.wasm", "function_type": "RUST_WASM",
                          "version": "0.1", "code_file_id": "1",
                          "outputs": ["success_cb", "failure_cb"]})

    def test_failures_of_the_repository_are_one_line(self):
        c = self.cluster
        done = c.cli("function", "get", "x", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cli.toml: function_repository.url is missing",
                      done.stderr)
        self.configure('api_key = "k"')
        done = c.cli("function", "get", "x", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("status 404 there is no such thing", done.stderr)


class Resources(SystemTest):
    def run_node(self, *arguments):
        return subprocess.run([BIN / "edgeless_node_d", *arguments],
                              cwd=self.cluster.folder, capture_output=True,
                              text=True, timeout=20)

    def test_the_available_resources_are_printed(self):
        text = self.run_node("--available-resources")
        self.assertEqual(text.returncode, 0, text.stderr)
        for line in ["----------", "class_type: file-log", "outputs: []",
                     "configurations:", "description:"]:
            self.assertIn(line + "\n", text.stdout)
        self.assertIn("  - filename: ", text.stdout)

    def test_the_available_resources_are_printed_as_json(self):
        done = self.run_node("--available-resources", "--output-json")
        self.assertEqual(done.returncode, 0, done.stderr)
        classes = {x["class_type"]: x for x in json.loads(done.stdout)}
        self.assertIn("url", classes["redis"]["configurations"])
        self.assertIn("missed", classes["cron"]["configurations"])
        self.assertEqual(classes["ollama"]["outputs"], ["out", "token"])
        for x in classes.values():
            self.assertEqual(set(x), {"class_type", "description", "version",
                                      "outputs", "configurations"})

    def test_classes_of_serverless_functions_are_those_of_the_file(self):
        self.cluster.add_node_file("n1")
        file = self.cluster.folder / "n1.toml"
        file.write_text(file.read_text() + """
[[resources.serverless_provider]]
class_type = "double"
version = "0.1"
function_url = "http://localhost:5000"
provider = "double-1"
""")
        done = self.run_node("--available-resources", "--output-json", "-c",
                             "n1.toml")
        classes = {x["class_type"]: x for x in json.loads(done.stdout)}
        self.assertEqual(classes["double"]["outputs"], ["err", "out"])
        self.assertNotIn("double", self.run_node(
            "--available-resources").stdout)


class Box(SystemTest):
    def box(self, *arguments):
        return subprocess.run([BIN / "edgeless_inabox", *arguments],
                              cwd=self.cluster.folder, capture_output=True,
                              text=True, timeout=20)

    def test_a_box_runs_in_a_folder_on_ports_of_its_own(self):
        c = self.cluster
        first = consecutive_ports(12)
        done = self.box("-t", "--num-of-nodes", "2", "--config-path", "box",
                        "--initial-port", str(first))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            {x.name for x in (c.folder / "box").iterdir()},
            {"cli.toml", "controller.toml", "orchestrator.toml", "node1.toml",
             "node2.toml"})
        c.launch("box", "edgeless_inabox", "--config-path", "box")
        wait_for("two nodes", lambda: f"domain domain-{first} (2 nodes)" in
                 c.cli("-c", "box/cli.toml", "domain", "list",
                       check=False).stdout)

    def test_addresses_of_others_need_encryption(self):
        c = self.cluster
        done = self.box("-t", "-b", "--config-path", "open")
        if "no other IPv4 address" in done.stderr:
            self.skipTest("this machine has only loopback")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--tls", done.stderr)
        self.assertNotIn('url = "http://127.0.0.1',
                         (c.folder / "open/node.toml").read_text())
        done = self.box("--config-path", "open")
        self.assertEqual(done.returncode, 1)
        self.assertIn("insecure = true", done.stderr)

    def test_addresses_are_those_of_files_that_exist(self):
        done = self.box("--initial-port", "9000")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--initial-port", done.stderr)


class Infeasible(SystemTest):
    def test_a_workflow_that_no_node_can_host_is_refused(self):
        c = self.cluster
        c.start_all("n1", "n2")
        name, kind, outputs, annotations = GENERATOR
        file = c.workflow(
            [(name, kind, outputs, annotations | {"label_match_all": "roof"})],
            [LOG, ("sink", "no-such-class", {})])
        done = c.cli("workflow", "start", file, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(
            done.stderr,
            'edgeless_cli: generator: label "roof" is missing (2 nodes)\n'
            "sink: has no provider of class no-such-class (2 nodes)\n")
        self.assertEqual(c.cli("workflow", "list").stdout, "")
        done = c.cli("workflow", "start", "--wait-for-nodes", file)
        self.assertEqual(c.cli("workflow", "list").stdout, done.stdout)
        self.assertIn("pending: domain domain-1: generator: label", done.stderr)

    def test_a_workflow_that_only_lacks_nodes_is_pending(self):
        c = self.cluster
        c.start_controller()
        c.start_orchestrator()
        wait_for("the domain", lambda: "cannot be reached" not in
                 c.cli("domain", "list").stdout)
        workflow = c.start([GENERATOR], [LOG])
        c.add_node_file("n1")
        c.start_node("n1")
        wait_for("it to run", lambda: c.inspect(workflow)["generator"][0]
                 == "running")


class Migration(SystemTest):
    def test_a_workflow_migrates_to_another_domain(self):
        c = self.cluster
        port, = free_ports(1)
        url = f"http://127.0.0.1:{port}"
        c.write("other.toml", (c.folder / "orchestrator.toml").read_text()
                .replace(c.orchestrator_url, url)
                .replace('"domain-1"', '"domain-2"'))
        controller = (c.folder / "controller.toml").read_text()
        c.write("controller.toml", controller.replace(
            "orchestrators = [", "orchestrators = [ { domain_id = \"domain-2\","
            f' orchestrator_url = "{url}" }},'))
        c.add_node_file("n1")
        c.add_node_file("n2")
        c.write("n2.toml", (c.folder / "n2.toml").read_text().replace(
            c.orchestrator_url, url))
        c.start_controller()
        c.start_orchestrator()
        c.start_node("n1")
        wait_for("a node", lambda: "domain domain-1 (1 nodes)" in
                 c.cli("domain", "list", check=False).stdout)
        workflow = c.start([GENERATOR], [LOG])
        self.assertEqual(c.inspect(workflow)["generator"][1], "n1")
        done = c.cli("workflow", "migrate", workflow, "domain-2", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"migration of {workflow} to domain-2 failed: domain "
                      "domain-2: its orchestrator cannot be reached",
                      done.stderr)
        c.launch("other", "edgeless_orc_d", "-c", "other.toml")
        c.start_node("n2")
        wait_for("the other node", lambda: "domain domain-2 (1 nodes)" in
                 c.cli("domain", "list").stdout)
        done = c.cli("workflow", "migrate", workflow, "domain-2")
        self.assertEqual(
            done.stdout, f"migration of {workflow} to domain-2 successful\n")
        self.assertEqual(c.inspect(workflow)["generator"][:2],
                         ("running", "n2"))
        seen = len(c.lines("events.log"))
        wait_for("events", lambda: len(c.lines("events.log")) > seen + 5)
        self.assertTrue(all(c.node_ids["n2"] in x
                            for x in c.lines("events.log")[seen + 2:]))


if __name__ == "__main__":
    unittest.main()
