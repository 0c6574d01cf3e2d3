# SPDX-License-Identifier: MIT
"""Each node takes the HTTP requests of its domain, and no move loses one."""
import collections
import http.client
import json
import os
import subprocess
import threading
import time
import unittest

import test_redis
from cluster import BIN, ROOT, free_ports, wait_for

# scripts/soak.sh takes 100.
MOVES = int(os.environ.get("EDGELESS_MOVES", "15"))
HOST = "demo.edgeless.com"


class Load:
    """Clients with one connection each that send one request after the other;
    `seen` counts their outcomes."""

    def __init__(self, ports, clients=6):
        self.seen = collections.Counter()
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(ports[i % len(ports)], i))
            for i in range(clients)]

    def run(self, port, number):
        method = "POST" if number % 3 else "PUT"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        counts = collections.Counter()
        while not self.stopping.is_set():
            try:
                connection.request(method, "/hello", body=b"x",
                                   headers={"Host": HOST})
                response = connection.getresponse()
                response.read()
                counts[method, response.status] += 1
            except (OSError, http.client.HTTPException) as problem:
                counts[method, type(problem).__name__] += 1
                connection.close()
        self.seen.update(counts)

    def __enter__(self):
        for x in self.threads:
            x.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for x in self.threads:
            x.join()


class HttpDomain(test_redis.RedisTest):
    def setUp(self):
        super().setUp()
        c = self.cluster
        self.http = dict(zip(("n1", "n2"), free_ports(2)))
        for name, port in self.http.items():
            c.add_node_file(name)
            file = c.folder / (name + ".toml")
            file.write_text(file.read_text().replace("[resources]\n", f"""
[resources]
http_ingress_url = "http://127.0.0.1:{port}"
http_ingress_provider = "http-ingress-{name}"
http_access_log = "errors"
"""))
        self.start("n1", "n2")
        for name in ("sdk", "http_processor"):
            os.makedirs(c.folder / "functions", exist_ok=True)
            subprocess.run(["cp", "-r", ROOT / "functions" / name,
                            c.folder / "functions"], check=True)
        c.cli("function", "build", "functions/http_processor/function.json")

    def start_example(self):
        c = self.cluster
        spec = json.loads(
            (ROOT / "examples/http_ingress/workflow.json").read_text())
        spec["functions"][0]["class_specification"]["code"] \
            = "functions/http_processor/http_processor.wasm"
        spec["resources"][0]["configurations"] = {"host": HOST}
        c.write("workflow.json", json.dumps(spec))
        workflow = c.cli("workflow", "start", "workflow.json").stdout.strip()
        self.running(workflow)
        return workflow

    def request(self, node, method="POST", path="/hello", headers=()):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.http[node], timeout=20)
        connection.request(method, path, headers={"Host": HOST,
                                                  **dict(headers)})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers

    def component(self, workflow, name):
        """The id of a component in the mirror."""
        instance = self.cluster.inspect(workflow)[name][2]
        return wait_for("the mirror", lambda: next(
            (key for key, text in self.redis.texts("instance:").items()
             if instance in text), None))

    def move(self, workflow, name, key):
        c = self.cluster
        source = c.inspect(workflow)[name][1]
        target = {"n1": "n2", "n2": "n1"}[source]
        subprocess.run([BIN / "proxy_cli", "-r", self.redis.url, "intent",
                        "migrate", key, c.node_ids[target], "--wait"],
                       check=True, capture_output=True, timeout=60)

    def test_each_node_takes_the_requests_of_each_ingress(self):
        for name in self.http:
            self.assertEqual(self.request(name)[0], 404)
        workflow = self.start_example()
        for name in self.http:
            wait_for("its route", lambda: self.request(name)[0] == 200)
            self.assertEqual(self.request(name)[1], "World")
            self.assertEqual(self.request(name, path="/other")[0], 404)
            status, _, headers = self.request(
                name, headers={"X-Request-Id": "id-7"})
            self.assertEqual(headers["x-request-id"], "id-7")
        log = "".join(self.cluster.log(x) for x in self.http)
        self.assertIn("target=/other status=404", log)
        self.assertIn("workflow=" + workflow, log)
        self.assertNotIn("target=/hello status=200", log)
        self.cluster.cli("workflow", "stop", workflow)
        for name in self.http:
            wait_for("its end", lambda: self.request(name)[0] == 404)

    def check_moves(self, name):
        workflow = self.start_example()
        for node in self.http:
            wait_for("its route", lambda: self.request(node)[0] == 200)
        key = self.component(workflow, name)
        with Load(list(self.http.values())) as load:
            for _ in range(MOVES):
                self.move(workflow, name, key)
                time.sleep(0.05)
        failed = {k: v for k, v in load.seen.items() if k[1] != 200}
        self.assertEqual(failed, {}, load.seen)
        self.assertGreater(load.seen["POST", 200], 10 * MOVES)
        self.assertGreater(load.seen["PUT", 200], 5 * MOVES)

    def test_no_request_fails_while_the_function_moves(self):
        self.check_moves("http_processor")

    def test_no_request_fails_while_the_ingress_moves(self):
        self.check_moves("http-ingress-1-1")

    def test_requests_survive_the_death_of_the_ingress(self):
        workflow = self.start_example()
        home = self.cluster.inspect(workflow)["http-ingress-1-1"][1]
        other = {"n1": "n2", "n2": "n1"}[home]
        wait_for("its route", lambda: self.request(other)[0] == 200)
        self.cluster.kill(home)
        # The lost node may also have run the function: both are placed again.
        self.assertEqual(self.request(other, "PUT")[0], 200)

    def test_a_stopping_node_answers_what_it_has_taken(self):
        workflow = self.start_example()
        home = self.cluster.inspect(workflow)["http-ingress-1-1"][1]
        other = {"n1": "n2", "n2": "n1"}[home]
        wait_for("its route", lambda: self.request(other)[0] == 200)
        with Load([self.http[home]]) as load:
            time.sleep(0.5)
            code, _ = self.cluster.terminate(home)
        self.assertEqual(code, 0)
        kinds = {k[1] for k in load.seen}
        # Connections that have no request under way are closed.
        self.assertLessEqual(kinds, {200, 503, "BrokenPipeError", "ConnectionRefusedError",
                                     "RemoteDisconnected",
                                     "ConnectionResetError"}, load.seen)


if __name__ == "__main__":
    unittest.main()
