# SPDX-License-Identifier: MIT
"""Prometheus, its rules and the dashboard, with the real programs."""
import json
import os
import re
import shutil
import socket
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from cluster import GENERATOR, LOG, ROOT, SystemTest, free_ports, wait_for

# The name is that of EDGELESS; it does not follow Prometheus' rules.
KNOWN_COMPLAINTS = {"function_count non-histogram and non-summary metrics "
                    'should not have "_count" suffix'}


def promtool(*arguments, text=None):
    return subprocess.run(["promtool", *arguments], input=text, text=True,
                          capture_output=True, timeout=60)


def get(port, path="/metrics"):
    url = f"http://127.0.0.1:{port}{path}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def names_of(text):
    """The metric names in a PromQL expression or an exposition."""
    return set(re.findall(
        r"\b(?:edgeless_\w+|execution_times\w*|function_count"
        r"|process_resident_memory_bytes)\b", text))


class Metered(SystemTest):
    """A cluster whose programs all serve metrics."""
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        names = ("n1", "orchestrator", "controller")
        self.metrics = dict(zip(names, free_ports(3)))
        c = self.cluster
        c.add_node_file("n1")
        self.serve_at("n1", f"http://127.0.0.1:{self.metrics['n1']}")
        for name in names[1:]:
            file = c.folder / (name + ".toml")
            file.write_text(file.read_text() + "\n[telemetry]\nmetrics_url = "
                            f'"http://127.0.0.1:{self.metrics[name]}"\n')

    def serve_at(self, node, url):
        file = self.cluster.folder / (node + ".toml")
        file.write_text(
            re.sub(r'metrics_url = ".*"', f'metrics_url = "{url}"',
                   file.read_text()).replace("samples = false",
                                             "samples = true"))

    def value(self, program, series):
        for line in get(self.metrics[program]).splitlines():
            if line.startswith(series):
                return float(line.rsplit(" ", 1)[1])
        return None


class Exposition(Metered):
    def test_every_page_is_valid_for_prometheus(self):
        c = self.cluster
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 5)
        for name, port in self.metrics.items():
            done = promtool("check", "metrics", text=get(port))
            complaints = {line.strip() for line in
                          (done.stdout + done.stderr).splitlines() if line}
            self.assertLessEqual(complaints, KNOWN_COMPLAINTS, name)

    def test_series_of_functions_appear_and_disappear(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        instance = c.inspect(workflow)["generator"][2]
        wait_for("samples", lambda: (self.value(
            "n1", "execution_times_count{") or 0) > 5)
        self.assertIn(f'function_id="{instance}"', get(self.metrics["n1"]))
        self.assertEqual(self.value("n1", "function_count{"), 1)
        self.assertEqual(self.value(
            "orchestrator",
            'edgeless_orchestrator_components{phase="running"}'), 2)
        wait_for("the workflow to be counted", lambda: self.value(
            "controller", 'edgeless_controller_workflows{state="hosted"}'))
        c.cli("workflow", "stop", workflow)
        wait_for("its series to go", lambda: instance not in
                 get(self.metrics["n1"]))
        self.assertIsNone(self.value("n1", "function_count{"))

    def test_a_lost_node_is_counted(self):
        c = self.cluster
        c.start_all("n1")
        series = "edgeless_orchestrator_nodes"
        self.assertEqual(self.value("orchestrator", series + " "), 1)
        c.kill("n1")
        wait_for("the loss", lambda: self.value(
            "orchestrator", series + "_lost_total ") == 1)
        self.assertEqual(self.value("orchestrator", series + " "), 0)

    def test_without_a_metrics_url_nothing_is_served(self):
        c = self.cluster
        self.serve_at("n1", "")
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)
        with self.assertRaises(urllib.error.URLError):
            get(self.metrics["n1"])


class Faults(Metered):
    def test_a_metrics_port_in_use_disables_metrics_only(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.metrics["n1"]))
            taken.listen()
            c = self.cluster
            c.start_all("n1")
            c.start([GENERATOR], [LOG])
            wait_for("events", lambda: len(c.lines("events.log")) > 5)
            said = [line for line in c.log("n1").splitlines()
                    if "it is tried again" in line]
            self.assertEqual(len(said), 1, said)
            self.assertIn(f"127.0.0.1:{self.metrics['n1']}", said[0])
            self.assertIn("in use", said[0])

    def test_hostile_clients_at_the_metrics_port_do_not_disturb_the_node(self):
        c = self.cluster
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        port = self.metrics["n1"]
        threads = self.threads("n1")
        strangers = []
        for number in range(100):
            s = socket.create_connection(("127.0.0.1", port), timeout=10)
            strangers.append(s)
            try:
                s.sendall([b"", b"GET /met", b"\xff" * 5000, b"GET / HTTP/1.1"
                           b"\r\nContent-Length: 99999999999\r\n\r\n"]
                          [number % 4])
            except OSError:
                pass  # the server has already closed it
        # The node is not lost and keeps working.
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 20)
        self.assertEqual(self.value(
            "orchestrator", "edgeless_orchestrator_nodes_lost_total"), 0)
        wait_for("a scrape", lambda: self.patient_get(port))
        self.assertLessEqual(self.threads("n1"), threads + 1)
        # The connections are closed.
        for s in strangers:
            s.settimeout(60)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            s.close()
        code, seconds = c.terminate("n1")
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2)

    def threads(self, name):
        return len(os.listdir(f"/proc/{self.cluster.running[name].pid}/task"))

    @staticmethod
    def patient_get(port):
        try:
            return get(port)
        except (OSError, urllib.error.URLError):
            return None


class Server(Metered):
    """A real Prometheus with conf/prometheus.yml on the ports of this test."""

    def start_prometheus(self):
        c = self.cluster
        text = (ROOT / "conf/prometheus.yml").read_text()
        for name, port in (("n1", 7003), ("controller", 7004),
                           ("orchestrator", 7005)):
            text = text.replace(f"127.0.0.1:{port}",
                                f"127.0.0.1:{self.metrics[name]}")
        c.write("prometheus.yml", text.replace(": 5s", ": 1s"))
        shutil.copy(ROOT / "conf/alerts.yml", c.folder)
        self.port, = free_ports(1)
        log = open(c.folder / "prometheus.log", "w")
        c.running["prometheus"] = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml",
             f"--web.listen-address=127.0.0.1:{self.port}",
             "--storage.tsdb.path=tsdb"],
            cwd=c.folder, stdout=log, stderr=subprocess.STDOUT)

    def ask(self, expression):
        try:
            answer = json.loads(get(self.port, "/api/v1/query?query="
                                    + urllib.parse.quote(expression)))
        except (OSError, urllib.error.URLError):
            return []
        return answer["data"]["result"]

    def test_prometheus_scrapes_a_cluster_under_load(self):
        c = self.cluster
        c.start_all("n1")
        fast = ("generator", "message_generator", {"output": "log"},
                {"init-payload": "message=hello,period=1"})
        workflow = c.start([fast], [LOG])
        instance = c.inspect(workflow)["generator"][2]
        self.start_prometheus()
        wait_for("all targets", lambda: len(self.ask(
            'up{job=~"edgeless_.*"} == 1')) == 3)
        wait_for("rates", lambda: any(
            float(x["value"][1]) > 10 for x in self.ask(
                'rate(execution_times_count{function_id="%s"}[10s])'
                % instance)))
        self.assertEqual(self.ask("function_count")[0]["value"][1], "1")
        c.cli("workflow", "stop", workflow)
        wait_for("the series to go stale", lambda: not self.ask(
            "function_count"))


class Configuration(SystemTest):
    def test_promtool_accepts_configuration_and_rules(self):
        for arguments in (("check", "config", "conf/prometheus.yml"),
                          ("check", "rules", "conf/alerts.yml"),
                          ("test", "rules",
                           "test/prometheus/alerts_test.yml")):
            *verb, file = arguments
            done = promtool(*verb, str(ROOT / file))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_has_a_for_clause_and_annotations(self):
        text = (ROOT / "conf/alerts.yml").read_text()
        for alert in text.split("- alert:")[1:]:
            for key in ("for:", "summary:", "description:", "severity:"):
                self.assertIn(key, alert)


class Names(Metered):
    def test_metrics_in_rules_and_dashboard_exist(self):
        c = self.cluster
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace(
            "[wasm_runtime]", "[wasm_runtime]\nmemory_mib = 512").replace(
                "[resources]", "[resources]\nhttp_ingress_provider = \"in\"\n"
                'mqtt_egress_provider = "out"\n'
                f'http_ingress_url = "http://127.0.0.1:{free_ports(1)[0]}"'))
        c.start_all("n1")
        # Series of a workflow are there while it has an http-ingress.
        c.start([GENERATOR], [LOG, ("web", "http-ingress", {})])
        wait_for("samples", lambda: self.value("n1", "execution_times_count{"))
        wait_for("a keep-alive", lambda: "keep_alive_age_seconds" in
                 get(self.metrics["n1"]))
        exposed = names_of("\n".join(get(x) for x in self.metrics.values()))
        dashboard = json.loads(
            (ROOT / "conf/grafana-dashboard.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"]
                       for target in panel.get("targets", ())]
        self.assertGreater(len(expressions), 20)
        rules = re.sub(r"\balert: \w+", "",
                       (ROOT / "conf/alerts.yml").read_text())
        expressions.append(rules)
        for expression in expressions:
            self.assertLessEqual(names_of(expression) - {"edgeless_cli"},
                                 exposed, expression)

    def test_the_dashboard_shows_every_metric(self):
        c = self.cluster
        c.start_all("n1")
        text = (ROOT / "conf/grafana-dashboard.json").read_text()
        shown = names_of(text)
        for port in self.metrics.values():
            for name in re.findall(r"^# TYPE (edgeless_\w+)", get(port), re.M):
                self.assertTrue({name, name + "_bucket"} & shown, name)


if __name__ == "__main__":
    unittest.main()
