# SPDX-License-Identifier: MIT
"""HTTP in and out, with the real programs and curl."""
import http.server
import os
import shutil
import socket
import subprocess
import threading
import unittest
from unittest import mock

from cluster import ROOT, SystemTest, free_ports, wait_for


class Recorder(http.server.BaseHTTPRequestHandler):
    """Remembers what was posted."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body.decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        answer = f"path {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Http(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        c = self.cluster
        self.port, self.metrics = free_ports(2)
        for name in ("n1", "n2"):
            c.add_node_file(name)
        self.add_to("n1", f"""[resources]
http_ingress_url = "http://127.0.0.1:{self.port}"
http_ingress_provider = "http-ingress-1"
http_egress_provider = "http-egress-1"
http_poster_provider = "http-poster-1"
http_allow = ["localhost"]
""")
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace(
            'metrics_url = ""',
            f'metrics_url = "http://127.0.0.1:{self.metrics}"'))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Recorder)
        self.server.bodies = []
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def add_to(self, node, section):
        file = self.cluster.folder / (node + ".toml")
        file.write_text(file.read_text().replace("[resources]\n", section))

    def build(self, *functions):
        for name in ("sdk", *functions):
            shutil.copytree(ROOT / "functions" / name,
                            self.cluster.folder / "functions" / name)
        for name in functions:
            self.cluster.cli("function", "build",
                             f"functions/{name}/function.json")

    def curl(self, path, *arguments, port=None):
        """The body and the status of a response."""
        done = subprocess.run(
            ["curl", "-s", "-m", "20", "-w", "\n%{http_code}", *arguments,
             f"http://127.0.0.1:{port or self.port}{path}"],
            capture_output=True, text=True, timeout=30)
        body, _, status = done.stdout.rpartition("\n")
        return body, int(status or 0)

    def start_example(self, example, change=lambda text: text):
        folder = self.cluster.folder / "examples" / example.split("/")[0]
        folder.mkdir(parents=True, exist_ok=True)
        text = change((ROOT / "examples" / example).read_text())
        file = self.cluster.folder / "examples" / example
        file.write_text(text)
        return self.cluster.cli("workflow", "start",
                                str(file)).stdout.strip()

    def test_a_function_answers_and_moves_without_losing_requests(self):
        c = self.cluster
        c.start_all("n1", "n2")
        self.build("http_processor")
        workflow = self.start_example("http_ingress/workflow.json")
        host = ["-H", "Host: demo.edgeless.com"]
        self.assertEqual(self.curl("/hello", "-XPOST", *host),
                         ("World", 200))
        self.assertEqual(self.curl("/other", "-XPOST", *host),
                         ("Not Found", 404))
        self.assertEqual(self.curl("/hello", *host), ("Not Found", 404))
        # The node of the function dies under load, if it is not the one of
        # the ingress: requests wait for the next instance.
        _, node, _ = c.inspect(workflow)["http_processor"]
        if node == "n2":
            c.kill("n2")
        self.assertEqual(self.curl("/hello", "-XPOST", *host)[1], 200)
        metrics, _ = self.curl("/metrics", port=self.metrics)
        self.assertIn('edgeless_http_ingress_responses_total{status="404"} 2',
                      metrics)

    def test_the_function_chooses_the_format_of_bodies(self):
        c = self.cluster
        with mock.patch.dict(os.environ, RUST_LOG="info,function=debug"):
            c.start_all("n1")
        self.build("http_processor")
        for name, sign in (("numbers", '"body":[104,105]'),
                           ("base64", '"body":"aGk="'), ("raw", "raw1")):
            self.assertNotIn(sign, c.log("n1"))
            workflow = self.start_example(
                "http_ingress/workflow.json", lambda text: text.replace(
                    '"annotations": {}',
                    f'"annotations": {{"http.body": "{name}"}}', 1))
            self.assertEqual(
                self.curl("/hello", "-d", "hi", "-H",
                          "Host: demo.edgeless.com"), ("World", 200))
            wait_for("the payload", lambda: sign in c.log("n1"))
            c.cli("workflow", "stop", workflow)

    def test_an_unknown_format_is_refused(self):
        c = self.cluster
        c.start_all("n1")
        self.build("http_processor")
        text = (ROOT / "examples/http_ingress/workflow.json").read_text()
        c.write("workflow.json", text.replace("../../", "").replace(
            '"annotations": {}', '"annotations": {"http.body": "text"}', 1))
        done = c.cli("workflow", "start", "workflow.json", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("numbers, base64, raw", done.stderr)

    def test_async_bodies_reach_a_file(self):
        c = self.cluster
        c.start_all("n1")
        workflow = self.start_example("http_ingress/workflow-async.json")
        self.assertEqual(self.curl("/", "-d", "lost"), ("Not Found", 404))
        self.assertEqual(self.curl(f"/?wf_id={workflow}", "-d", "hello world"),
                         ("OK", 200))
        wait_for("the line", lambda: c.lines("out.log"))
        self.assertTrue(c.lines("out.log")[0].endswith(" hello world"))
        c.cli("workflow", "stop", workflow)
        wait_for("the end", lambda: self.curl(
            f"/?wf_id={workflow}", "-d", "x")[1] == 404)

    def test_events_are_posted_and_requests_sent(self):
        c = self.cluster
        c.start_all("n1")
        port = self.server.server_address[1]
        self.build("counter", "http_requestor")
        self.start_example(
            "http_poster/workflow.json",
            lambda text: text.replace("localhost:10000", f"localhost:{port}"))
        wait_for("posts", lambda: len(self.server.bodies) > 1)
        self.assertEqual(self.server.bodies[:2], ["1", "2"])
        self.start_example(
            "http_egress/workflow.json",
            lambda text: text.replace(
                '"annotations": {}', '"annotations": {"init-payload": '
                f'"http://localhost:{port}/a?b"' + "}", 1))
        wait_for("the response",
                 lambda: "200 path /a?b" in c.log("n1"))

    def test_a_host_that_is_not_listed_is_refused(self):
        c = self.cluster
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace('["localhost"]', "[]"))
        c.start_all("n1")
        port = self.server.server_address[1]
        self.build("counter")
        self.start_example(
            "http_poster/workflow.json",
            lambda text: text.replace("localhost:10000", f"localhost:{port}"))
        wait_for("the refusal", lambda: "http_allow" in c.log("n1"))
        self.assertEqual(self.server.bodies, [])

    def test_readiness_follows_the_domain(self):
        c = self.cluster
        c.start_node("n1")
        wait_for("liveness", lambda: self.curl(
            "/livez", port=self.metrics)[1] == 200)
        body, status = self.curl("/readyz", port=self.metrics)
        self.assertEqual(status, 503)
        self.assertIn("has not joined", body)
        c.start_controller()
        c.start_orchestrator()
        wait_for("readiness", lambda: self.curl(
            "/readyz", port=self.metrics)[1] == 200)

    def test_ipv6_is_served(self):
        c = self.cluster
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace(
            f"http://127.0.0.1:{self.port}", f"http://[::1]:{self.port}"))
        c.start_all("n1")
        wait_for("the server", lambda: subprocess.run(
            ["curl", "-sg", f"http://[::1]:{self.port}/"],
            capture_output=True, timeout=30).stdout == b"Not Found")
        self.assertEqual(self.curl("/")[1], 0)

    def test_a_busy_port_is_tried_again(self):
        c = self.cluster
        with socket.create_server(("127.0.0.1", self.port)):
            c.start_all("n1")
            body, status = self.curl("/readyz", port=self.metrics)
            self.assertEqual(status, 503)
            self.assertIn("address already in use", body)
        wait_for("readiness", lambda: self.curl(
            "/readyz", port=self.metrics)[1] == 200)
        self.assertEqual(self.curl("/"), ("Not Found", 404))


if __name__ == "__main__":
    unittest.main()
