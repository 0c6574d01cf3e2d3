# SPDX-License-Identifier: MIT
"""cron, file-pusher, sqlx, ollama, serverless, and the examples that use them,
with the real programs."""
import http.server
import json
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from cluster import ROOT, SystemTest, free_ports, wait_for
from servers.postgresql_server import Postgresql, programs


class Service(http.server.BaseHTTPRequestHandler):
    """Doubles numbers, answers questions, remembers what is posted."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, body))
        if self.path == "/api/chat":
            return self.chat(json.loads(body))
        answer = str(2 * int(body)).encode() if self.path == "/double" else b""
        self.respond(self.server.status, answer)

    def respond(self, status, answer):
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def chat(self, request):
        said = f"answer {len(request['messages'])}"
        if not request["stream"]:
            return self.respond(200, json.dumps(
                {"message": {"role": "assistant", "content": said},
                 "done": True}).encode())
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for word in said.split(" "):
            line = json.dumps({"message": {"content": word}}).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class ConnectorTest(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Service)
        self.server.posts = []
        self.server.status = 200
        self.server_port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.http_port, = free_ports(1)
        self.cluster.add_node_file("n1")

    def configure(self, keys="", sections="", node="n1"):
        """Adds keys to [resources], and sections at the end."""
        file = self.cluster.folder / (node + ".toml")
        file.write_text(file.read_text().replace(
            "[resources]\n", "[resources]\n" + keys) + sections)

    def http_keys(self):
        return f"""http_ingress_url = "http://127.0.0.1:{self.http_port}"
http_ingress_provider = "http-ingress-1"
http_egress_provider = "http-egress-1"
http_poster_provider = "http-poster-1"
http_allow = ["localhost"]
"""

    def build(self, *functions):
        for name in ("sdk", *functions):
            shutil.copytree(ROOT / "functions" / name,
                            self.cluster.folder / "functions" / name)
        for name in functions:
            self.cluster.cli("function", "build",
                             f"functions/{name}/function.json")

    def start_example(self, example, change=lambda text: text):
        text = (ROOT / "examples" / example).read_text()
        file = self.cluster.folder / "examples" / example
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change(text.replace("localhost:10000",
                                            f"localhost:{self.server_port}")))
        return self.cluster.cli("workflow", "start",
                                str(file)).stdout.strip()

    def curl(self, path, *arguments):
        return subprocess.run(
            ["curl", "-s", "-m", "20", *arguments,
             f"http://127.0.0.1:{self.http_port}{path}"],
            capture_output=True, text=True, timeout=30).stdout

    def posts(self, path):
        return [body for where, body in self.server.posts if where == path]


class Cron(ConnectorTest):
    def test_examples(self):
        c = self.cluster
        self.configure('cron_provider = "cron-1"\n')
        c.start_all("n1")
        self.start_example("cron/workflow.json")
        self.start_example("cron/workflow-every.json")
        wait_for("two slots", lambda: len(c.lines("cron.log")) >= 2)
        for line in c.lines("cron.log"):
            self.assertRegex(line, r" 20\d\d-\d\d-\d\dT\d\d:\d\d:\d[05]Z$")
        self.assertTrue(c.lines("every.log")[0].endswith(" tick"))

    def test_slots_fire_once_though_nodes_die(self):
        c = self.cluster
        for name in ("n2", "n3"):
            c.add_node_file(name, file_log=False)
            self.configure('cron_provider = "cron-1"\n', node=name)
        c.start_all("n1", "n2", "n3")
        workflow = self.start_example(
            "cron/workflow-every.json", lambda text: text.replace(
                '"payload": "tick"', '"missed": "all"'))
        for _ in range(3):
            before = len(c.lines("every.log"))
            wait_for("slots", lambda: len(c.lines("every.log")) > before + 3)
            _, node, _ = c.inspect(workflow)["timer"]
            # Not at the moment of a slot, whose state is on its way then.
            time.sleep((0.75 - time.time() % 0.5) % 0.5)
            c.kill(node)
            c.start_node(node)
            c.wait_for_nodes(3)
        before = len(c.lines("every.log"))
        wait_for("slots", lambda: len(c.lines("every.log")) > before + 3)
        slots = [line.split()[1] for line in c.lines("every.log")]
        self.assertEqual(len(slots), len(set(slots)))
        def half_seconds(slot):
            hours, minutes, seconds = slot[11:-1].split(":")
            return round(2 * (3600 * int(hours) + 60 * int(minutes)
                              + float(seconds)))
        counted = [half_seconds(slot) for slot in slots]
        self.assertEqual(counted, sorted(counted))
        span = counted[-1] - counted[0]
        self.assertEqual(span, len(slots) - 1)

    def test_a_mistake_is_told(self):
        c = self.cluster
        self.configure('cron_provider = "cron-1"\n')
        c.start_all("n1")
        workflow = self.start_example(
            "cron/workflow.json",
            lambda text: text.replace("*/5 * * * * *", "0 0 25 * * *"))
        text = c.cli("workflow", "inspect", workflow).stdout
        self.assertIn('the hour "25" is not', text)


class Files(ConnectorTest):
    def test_example(self):
        c = self.cluster
        (c.folder / "dataset").mkdir()
        for i in range(5):
            (c.folder / "dataset" / str(i)).write_text(str(i))
        self.configure(sections="""[resources.file_pusher_provider]
directory = "dataset"
provider = "file-pusher-1"
""")
        c.start_all("n1")
        self.start_example("file_pusher/workflow.json", lambda text:
                           text.replace('"1000"', '"50"'))
        wait_for("lines", lambda: len(c.lines("my-local-file.log")) > 6)
        self.assertEqual(c.lines("my-local-file.log")[:7],
                         ["0", "1", "2", "3", "4", "0", "1"])

    def test_a_folder_that_is_not_there_is_told(self):
        c = self.cluster
        self.configure(sections="""[resources.file_pusher_provider]
directory = "nowhere"
provider = "file-pusher-1"
""")
        self.assertEqual(c.start_node("n1").wait(timeout=20), 1)
        self.assertIn('directory: "nowhere" is no folder', c.log("n1"))


class Services(ConnectorTest):
    def serverless(self, port):
        return f"""[[resources.serverless_provider]]
class_type = "double"
version = "0.1"
function_url = "http://localhost:{port}/double"
provider = "double-1"
"""

    def test_the_serverless_example_and_its_errors(self):
        c = self.cluster
        self.configure(sections=self.serverless(self.server_port))
        c.start_all("n1")
        self.build("counter", "double")
        self.start_example("serverless/workflow-serverless.json")
        wait_for("doubles", lambda: len(c.lines("my-out.log")) >= 2)
        first = int(c.lines("my-out.log")[0].split()[1])
        self.assertEqual(first % 2, 0)
        self.assertGreaterEqual(first, 84)
        self.server.status = 500
        wait_for("an error", lambda: c.lines("my-err.log"))
        self.assertIn("error when calling serverless function at http://local",
                      c.lines("my-err.log")[0])
        self.assertIn("status 500", c.lines("my-err.log")[0])
        self.start_example("serverless/workflow-wasm.json")
        wait_for("doubles", lambda: c.lines("my-local-file.log"))

    def test_a_server_that_is_away_at_the_start(self):
        c = self.cluster
        port, = free_ports(1)
        self.configure(sections=self.serverless(port))
        c.start_all("n1")
        self.build("counter")
        self.start_example("serverless/workflow-serverless.json")
        wait_for("an error", lambda: c.lines("my-err.log"))
        late = http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)
        late.posts, late.status = [], 200
        threading.Thread(target=late.serve_forever, daemon=True).start()
        self.addCleanup(late.server_close)
        self.addCleanup(late.shutdown)
        wait_for("an answer", lambda: c.lines("my-out.log"))

    def test_the_ollama_example(self):
        c = self.cluster
        self.configure(self.http_keys(), f"""[resources.ollama_provider]
host = "localhost"
port = {self.server_port}
messages_number_limit = 30
provider = "ollama-1"
""")
        c.start_all("n1")
        self.build("http_extractor")
        host = ["-H", "Host: demo.edgeless.com"]
        workflow = self.start_example("ollama/workflow.json")
        self.curl("/", *host, "-d", "how are you?")
        wait_for("an answer", lambda: c.lines("ollama.log"))
        self.curl("/", *host, "-d", "sure?")
        wait_for("an answer", lambda: len(c.lines("ollama.log")) == 2)
        # The second request has the first question and its answer.
        self.assertEqual([line.split(" ", 1)[1] for line in
                          c.lines("ollama.log")], ["answer 1", "answer 3"])
        c.cli("workflow", "stop", workflow)
        self.start_example("ollama/workflow.json", lambda text: text.replace(
            '"model": "llama3"', '"model": "llama3", "stream": "true"').replace(
            '"out": "file-log"', '"token": "file-log"'))
        self.curl("/", *host, "-d", "how are you?")
        wait_for("pieces", lambda: len(c.lines("ollama.log")) == 4)
        self.assertEqual([line.split(" ", 1)[1] for line in
                          c.lines("ollama.log")[2:]], ["answer", "1"])


class Sql(ConnectorTest):
    def test_the_example_with_sqlite(self):
        c = self.cluster
        self.configure('sqlx_provider = "sqlx-1"\n')
        c.start_all("n1")
        self.build("sensor_simulator", "sqlx_test")
        workflow = self.start_example(
            "sqlx/workflow.json",
            lambda text: text.replace("period=2000", "period=100"))

        def rows():
            try:
                with sqlite3.connect(c.folder / "sqlite.db", timeout=5) as db:
                    return db.execute("SELECT * FROM WorkflowState").fetchall()
            except sqlite3.OperationalError:  # there is no table yet
                return []
        wait_for("an update", lambda: any("subsequent" in text
                                          for _, text in rows()))
        (key, text), = rows()
        self.assertEqual(key, workflow)
        self.assertLessEqual(json.loads(text)["foo"], 20)

    @unittest.skipIf(programs() is None, "PostgreSQL is not installed")
    def test_postgresql_from_its_absence_to_its_return(self):
        c = self.cluster
        server = Postgresql()
        self.addCleanup(server.close)
        self.configure('sqlx_provider = "sqlx-1"\n')
        c.start_all("n1")
        self.build("sensor_simulator", "sqlx_test")
        # The database is away: the workflow starts nevertheless.
        workflow = self.start_example(
            "sqlx/workflow.json", lambda text: text.replace(
                "period=2000", "period=100").replace(
                '"url": "sqlite://sqlite.db"',
                f'"url": "{server.url}", "timeout-ms": "1000"'))
        wait_for("a failure", lambda: "no connection to the database"
                 in c.log("n1"))
        server.start()
        server.ask("CREATE TABLE IF NOT EXISTS WorkflowState "
                   "(id VARCHAR(255) PRIMARY KEY, metadata JSONB NOT NULL)")
        server.ask("INSERT INTO WorkflowState VALUES "
                   f"('{workflow}', '{{\"foo\":0,\"bar\":\"test\"}}') "
                   "ON CONFLICT DO NOTHING")

        def state():
            return server.ask("SELECT metadata->>'bar' FROM WorkflowState "
                              f"WHERE id = '{workflow}'")
        wait_for("an update", lambda: state() == "subsequent")
        # A server that hangs ends statements at their deadline.
        failures = c.log("n1").count("no answer in time")
        server.signal_all(signal.SIGSTOP)
        wait_for("a late answer",
                 lambda: c.log("n1").count("no answer in time") > failures)
        server.signal_all(signal.SIGCONT)
        server.ask("UPDATE WorkflowState SET metadata='{\"bar\":\"test\"}'")
        wait_for("an update", lambda: state() == "subsequent")
        # A server that dies and comes back.
        server.kill()
        server.start()
        server.ask("UPDATE WorkflowState SET metadata='{\"bar\":\"test\"}'")
        wait_for("an update", lambda: state() == "subsequent")

    @unittest.skipIf(programs() is None, "PostgreSQL is not installed")
    def test_parameters_and_types_of_postgresql(self):
        c = self.cluster
        server = Postgresql()
        self.addCleanup(server.close)
        server.start()
        self.configure('sqlx_provider = "sqlx-1"\n' + self.http_keys())
        c.start_all("n1")
        server.ask("CREATE TABLE t (w VARCHAR, b BOOLEAN, i BIGINT, "
                   "d DOUBLE PRECISION, n NUMERIC, s TEXT, j JSONB, x BYTEA)")
        # Bodies of requests are statements: the replies are no responses, but
        # casts go through.
        file = c.folder / "sql.json"
        file.write_text(json.dumps({
            "functions": [], "annotations": {}, "resources": [
                {"name": "in", "class_type": "http-ingress",
                 "output_mapping": {"new_request": "sql"},
                 "configurations": {"async": "true"}},
                {"name": "sql", "class_type": "sqlx", "output_mapping": {},
                 "configurations": {"url": server.url,
                                    "timeout-ms": "500"}}]}))
        workflow = c.cli("workflow", "start", str(file)).stdout.strip()
        self.curl("/", "-d", json.dumps({
            "sql": "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)",
            "parameters": [True, 1 << 60, 0.1, 2.5, "it's", {"a": [1]}]}))
        wait_for("the row", lambda: server.ask("SELECT count(*) FROM t") == "1")
        self.assertEqual(
            server.ask("SELECT w, b, i, d, n, s, j, x IS NULL FROM t"),
            f"{workflow}|t|{1 << 60}|0.1|2.5|it's|{{\"a\": [1]}}|t")
        # What would keep a transaction or a copy open is refused, and what
        # takes too long ends; the next statement works.
        for text, why in [
                ("BEGIN", "a transaction of several statements"),
                ("COPY t FROM STDIN", "COPY is not possible"),
                ("SELEC", "syntax error"),
                ("INSERT INTO t (i) VALUES ($2)", "parameters"),
                ("SELECT pg_sleep(5)", "no answer in time"),
                ("SELECT 1; SELECT 2", "multiple commands")]:
            time.sleep(1.1)  # a line of the log a second
            self.curl("/", "-d", text)
            wait_for(why, lambda: why in c.log("n1"))
        self.curl("/", "-d", "INSERT INTO t (s) VALUES ($1)")
        wait_for("the row", lambda: server.ask("SELECT count(*) FROM t") == "2")


class Cookbook(ConnectorTest):
    def setUp(self):
        super().setUp()
        (self.cluster.folder / "dataset").mkdir()
        self.configure(self.http_keys() + 'sqlx_provider = "sqlx-1"\n',
                       """[resources.file_pusher_provider]
directory = "dataset"
provider = "file-pusher-1"
""")

    def test_numbers_from_http_to_http(self):
        self.cluster.start_all("n1")
        self.build("http_read_number", "http_write_number", "incr", "double")
        self.start_example("simple_workflow_http/workflow.json")
        host = ["-H", "Host: demo.edgeless-project.eu"]
        self.assertEqual(self.curl("/read_number", *host, "-d", "x"),
                         "body does not contain an integer")
        self.curl("/read_number", *host, "-d", "42")
        wait_for("the number", lambda: self.posts("/") == [b"86"])

    def test_load_is_balanced(self):
        c = self.cluster
        c.start_all("n1")
        self.build("single_trigger", "load_balance", "sloppy_test", "dup")
        self.start_example("load_balance/workflow.json",
                           lambda text: text.replace("=1000", "=100"))
        wait_for("events", lambda: len(c.lines("out.log")) >= 9)
        seen = [line.split()[1] for line in c.lines("out.log")]
        self.assertEqual(set(seen), {"trigger1", "trigger2", "trigger3"})

    def test_an_http_api_with_state_that_survives_its_node(self):
        c = self.cluster
        c.add_node_file("n2")
        c.start_all("n1", "n2")
        self.build("http_counter")
        workflow = self.start_example("cookbook/http_api.json")
        host = ["-H", "Host: api.example.com"]
        self.assertEqual(self.curl("/counter", *host, "-d", "5"), "5\n")
        self.assertEqual(self.curl("/counter", *host, "-d", "2"), "7\n")
        _, node, _ = c.inspect(workflow)["http_counter"]
        if node == "n1":  # the ingress is there, too
            c.kill("n1")
            c.start_node("n1")
        else:
            c.kill("n2")
        wait_for("the count", lambda:
                 self.curl("/counter", *host) == "7\n")

    def sensors(self, example, change=lambda text: text):
        self.cluster.start_all("n1")
        self.build("sensor_simulator", "filter_in_range", "moving_avg",
                   "store_reading")
        self.start_example(example, lambda text: change(text).replace(
            "period=100", "period=10"))
        wait_for("an alert", lambda: self.posts("/alert"))
        self.assertRegex(self.posts("/alert")[0],
                         rb"^reading \d+\.\d+ is above 50$")

    def test_a_sensor_pipeline_with_sqlite(self):
        self.sensors("cookbook/sensors_sqlite.json")

        def read():
            with sqlite3.connect(self.cluster.folder / "sensors.db",
                                 timeout=5) as db:
                return [x for x, in db.execute("SELECT value FROM reading")]
        values = wait_for("rows", read)
        self.assertTrue(all(0 <= x <= 100 for x in values))
        self.assertIn("out of range",
                      self.cluster.lines("rejected.log")[0])

    @unittest.skipIf(programs() is None, "PostgreSQL is not installed")
    def test_a_sensor_pipeline_with_postgresql(self):
        server = Postgresql()
        self.addCleanup(server.close)
        server.start()
        self.sensors("cookbook/sensors_postgresql.json", lambda text:
                     text.replace("postgresql://edgeless:edgeless@localhost:"
                                  "5432/sensors", server.url))
        wait_for("rows", lambda: int(server.ask(
            "SELECT count(*) FROM reading WHERE at <= now()") or 0) > 5)

    def test_an_image_pipeline(self):
        c = self.cluster
        (c.folder / "dataset/0.ppm").write_bytes(
            b"P6 2 1 255 \xff\x00\x00\x00\x00\xff")
        (c.folder / "dataset/1.txt").write_text("no image")
        c.start_all("n1")
        self.build("grey_image")
        self.start_example("cookbook/images.json", lambda text:
                           text.replace('"1000"', '"50"'))
        wait_for("an image", lambda: self.posts("/image"))
        self.assertEqual(self.posts("/image")[0], b"P5\n2 1\n255\n\x4c\x1d")
        wait_for("an error", lambda: c.lines("rejected-images.log"))


if __name__ == "__main__":
    unittest.main()
