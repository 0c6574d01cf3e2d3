# SPDX-License-Identifier: MIT
"""mqtt-ingress and mqtt-egress, with the real programs and mosquitto."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

from cluster import BIN, ROOT, SystemTest, wait_for
from servers.mqtt_broker import Broker


# How long the broker is away; scripts/soak.sh waits for ten minutes.
OUTAGE_SECS = int(os.environ.get("MQTT_OUTAGE_SECS", "3"))


class Mqtt(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.metered = True
        for name in ("n1", "n2"):
            c.add_node_file(name)
        self.offer("n1")
        self.source = self.broker()
        self.target = self.broker()

    def broker(self, *options):
        result = Broker(*options)
        self.addCleanup(result.close)
        return result

    def offer(self, node, more=""):
        file = self.cluster.folder / (node + ".toml")
        file.write_text(file.read_text().replace("[resources]\n", f"""[resources]
mqtt_ingress_provider = "mqtt-ingress-1"
mqtt_egress_provider = "mqtt-egress-1"
store_directory = "{self.cluster.folder}/store-{node}"
{more}
"""))

    def bridge(self, ingress=None, egress=None):
        """A workflow from one broker to the other."""
        ingress = {"url": self.source.url, "topics": "in/#", **(ingress or {})}
        egress = {"url": self.target.url, "topic": "out", **(egress or {})}
        self.cluster.write("w.json", json.dumps({
            "functions": [], "annotations": {}, "resources": [
                {"name": "in", "class_type": "mqtt-ingress",
                 "output_mapping": {"out": "out"}, "configurations": ingress},
                {"name": "out", "class_type": "mqtt-egress",
                 "output_mapping": {}, "configurations": egress}]}))
        workflow = self.cluster.cli("workflow", "start",
                                    "w.json").stdout.strip()
        wait_for("connection", lambda: any(self.counter(
            "connections", "mqtt-ingress", x) == 1
            for x in self.cluster.node_ids))
        return workflow

    def counter(self, name, kind="mqtt-egress", node="n1"):
        return self.cluster.scrape(node).get(
            f'edgeless_connector_{name}{{class="{kind}"}}')

    def expect(self, file, lines, timeout=30):
        wait_for(f"{len(lines)} messages",
                 lambda: len(Broker.lines(file)) >= len(lines), timeout)
        self.assertEqual(Broker.lines(file), lines)

    def test_messages_pass_with_every_qos_and_version(self):
        self.source.start()
        self.target.start()
        self.cluster.start_all("n1")
        for version in ("3.1.1", "5"):
            for qos in (0, 1, 2):
                with self.subTest(version=version, qos=qos):
                    keys = {"version": version, "qos": str(qos)}
                    workflow = self.bridge({**keys, "add-topic": "true"},
                                           {**keys, "take-topic": "true"})
                    got = self.target.subscribe("in/#", 2, "-F", "%t %q %p")
                    lines = [str(i) for i in range(100)]
                    self.source.publish("in/a/b", lines, 2)
                    self.expect(got, [f"in/a/b {qos} {x}" for x in lines])
                    self.cluster.cli("workflow", "stop", workflow)
                    wait_for("end", lambda: self.counter("connections") == 0)

    def subscribe_before_the_node(self):
        """A subscriber of the other broker, which starts."""
        self.cluster.signal("n1", signal.SIGSTOP)
        try:
            self.target.start()
            return self.target.subscribe("out")
        finally:
            self.cluster.signal("n1", signal.SIGCONT)

    def test_messages_survive_a_dead_broker_and_a_dead_node(self):
        c = self.cluster
        self.source.start()
        c.start_all("n1")
        workflow = self.bridge()
        wait_for("events", lambda: (c.inspect(workflow)["out"][0] == "running"))
        self.source.publish("in/a", [str(i) for i in range(20000)])
        wait_for("disk", lambda: self.counter("stored") == 20000)
        # The broker keeps what arrives while the node is dead.
        c.kill("n1")
        self.source.publish("in/a", [str(i) for i in range(20000, 21000)])
        c.start_node("n1")
        wait_for("disk", lambda: (self.counter("stored") or 0) >= 21000)
        got = self.subscribe_before_the_node()
        wait_for("drained", lambda: self.counter("stored") == 0)
        wait_for("messages", lambda: len(Broker.lines(got)) >= 21000)
        self.assertEqual(list(dict.fromkeys(Broker.lines(got))),
                         [str(i) for i in range(21000)])
        self.assertEqual(self.counter("evicted_total"), 0)
        self.source.publish("in/a", ["live"])
        wait_for("live", lambda: Broker.lines(got)[-1] == "live")

    def test_a_long_outage_loses_nothing_and_ends_soon(self):
        c = self.cluster
        self.source.start()
        c.start_all("n1")
        self.bridge()
        count = 1000 * OUTAGE_SECS
        publisher = subprocess.Popen(
            self.source.words("mosquitto_pub", "-t", "in/a", "-q", "1", "-l"),
            stdin=subprocess.PIPE, text=True)
        begin = time.monotonic()
        for i in range(count):
            publisher.stdin.write(f"{i}\n")
            if i % 100 == 99:
                publisher.stdin.flush()
                time.sleep(max(0, begin + i / 1000 - time.monotonic()))
        publisher.stdin.close()
        publisher.wait(timeout=60)
        wait_for("disk", lambda: self.counter("stored") == count)
        got = self.subscribe_before_the_node()
        wait_for("connection", lambda: self.counter("connections") == 1, 60)
        begin = time.monotonic()
        wait_for("drained", lambda: self.counter("stored") == 0, 120)
        rate = count / (time.monotonic() - begin)
        print(f"{rate:.0f} messages/s after {OUTAGE_SECS} s", end=" ")
        self.expect(got, [str(i) for i in range(count)], 60)
        if OUTAGE_SECS >= 60:
            self.assertGreaterEqual(rate, 20000)

    def test_messages_leave_after_their_workflow_was_stopped(self):
        c = self.cluster
        self.source.start()
        c.start_all("n1")
        workflow = self.bridge()
        self.source.publish("in/a", ["a", "b"])
        wait_for("disk", lambda: self.counter("stored") == 2)
        c.cli("workflow", "stop", workflow)
        got = self.subscribe_before_the_node()
        self.expect(got, ["a", "b"])
        wait_for("no file", lambda: not list(
            (c.folder / "store-n1").iterdir()))

    def test_the_oldest_messages_make_room(self):
        c = self.cluster
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace(
            "[resources]\n", "[resources]\nstore_mib = 1\n"))
        self.source.start()
        c.start_all("n1")
        self.bridge()
        self.source.publish("in/a", [f"{i:0100}" for i in range(12000)])
        wait_for("evicted", lambda: (self.counter("stored") or 0) +
                 (self.counter("evicted_total") or 0) == 12000)
        kept = int(self.counter("stored"))
        self.assertLessEqual(self.counter("stored_bytes"), 1 << 20)
        got = self.subscribe_before_the_node()
        self.expect(got, [f"{i:0100}" for i in range(12000 - kept, 12000)])
        self.assertIn("the oldest messages were dropped", c.log("n1"))

    def test_resources_of_a_dead_node_continue_on_another(self):
        c = self.cluster
        self.offer("n2")
        self.source.start()
        self.target.start()
        c.start_all("n1", "n2")
        workflow = self.bridge()
        got = self.target.subscribe("out")
        _, node, _ = c.inspect(workflow)["in"]
        lines = [str(i) for i in range(30000)]
        publisher = subprocess.Popen(
            self.source.words("mosquitto_pub", "-t", "in/a", "-q", "1", "-l"),
            stdin=subprocess.PIPE, text=True)
        for i, line in enumerate(lines):
            publisher.stdin.write(line + "\n")
            if i == 10000:
                publisher.stdin.flush()
                c.kill(node)
        publisher.stdin.close()
        publisher.wait(timeout=60)
        wait_for("messages", lambda: set(Broker.lines(got)) >= set(lines), 60)

    def test_tls_password_will_and_retained(self):
        c = self.cluster
        folder = c.folder / "tls"
        folder.mkdir()
        run = lambda *words: subprocess.run(words, cwd=folder, check=True,
                                            capture_output=True)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
        for name in ("server", "client"):
            run("openssl", "req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                name + ".key", "-out", name + ".csr", "-subj",
                "/CN=" + name)
            (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
            run("openssl", "x509", "-req", "-in", name + ".csr", "-CA",
                "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-out", name + ".pem", "-extfile", "ext")
        run("mosquitto_passwd", "-b", "-c", "users", "me", "secret")
        self.target = self.broker(
            f"allow_anonymous false\npassword_file {folder}/users\n"
            f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\n"
            f"keyfile {folder}/server.key\nrequire_certificate true\n")
        (self.target.folder / "conf").chmod(0o644)
        self.target.start()
        self.target.url = self.target.url.replace("mqtt:", "mqtts:")
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace("[resources]\n", f"""[resources]
mqtt_ca = "{folder}/ca.pem"
mqtt_certificate = "{folder}/client.pem"
mqtt_key = "{folder}/client.key"
"""))
        self.source.start()
        c.start_all("n1")
        client = ["-u", "me", "-P", "secret", "--cafile", f"{folder}/ca.pem",
                  "--cert", f"{folder}/client.pem",
                  "--key", f"{folder}/client.key"]
        keys = {"user": "me", "password": "secret", "retain": "true",
                "will_topic": "will", "will_payload": "gone"}
        wrong = self.bridge(egress={**keys, "password": "wrong"})
        wait_for("refusal", lambda: "reason=Not authorized" in c.log("n1")
                 or "reason=Connection Refused: not authorised" in c.log("n1"))
        c.cli("workflow", "stop", wrong)
        self.bridge(egress=keys)
        wait_for("connected", lambda: self.counter("connections") == 1)
        self.source.publish("in/a", ["first", "second"])
        wait_for("sent", lambda: self.counter("sent_total") == 2)
        # It was published before this subscription.
        got = self.target.subscribe("out", 1, "-F", "%p %r", *client)
        self.expect(got, ["second 1"])
        will = self.target.subscribe("will", 1, *client)
        c.kill("n1")
        self.expect(will, ["gone"])

    def test_a_broker_that_does_not_answer_is_left(self):
        c = self.cluster
        self.source.start()
        with socket.create_server(("127.0.0.1", self.target.port)):
            c.start_all("n1")
            self.bridge()
            self.source.publish("in/a", ["a"])
            wait_for("disk", lambda: self.counter("stored") == 1)
            wait_for("attempt", lambda: (self.counter(
                "connection_failures_total") or 0) >= 1)
        self.assertIn("the broker does not answer", c.log("n1"))
        self.target.start()
        got = self.target.subscribe("out")
        self.expect(got, ["a"])

    def test_a_node_without_the_driver_says_so_and_runs(self):
        c = self.cluster
        # Drivers are beside the program, or in ../lib/edgeless.
        shutil.copy(BIN / "edgeless_node_d", c.folder / "edgeless_node_d")
        c.start_controller()
        c.start_orchestrator()
        c.launch("n1", c.folder / "edgeless_node_d", "-c", "n1.toml")
        c.wait_for_nodes(1)
        for name in ("mqtt-ingress-1", "mqtt-egress-1"):
            self.assertRegex(
                c.log("n1"), f"the provider {name} is not offered: the driver "
                "for mqtt cannot be loaded: .*libedgeless_mqtt.so.*; install "
                "edgeless-connectors-mqtt")

    def test_the_example_stores_messages_in_a_file(self):
        c = self.cluster
        self.source.start()
        c.start_all("n1")
        text = (ROOT / "examples/mqtt/workflow.json").read_text()
        c.write("example.json", text.replace("mqtt://localhost:1883",
                                             self.source.url))
        c.cli("workflow", "start", "example.json")
        wait_for("connection", lambda: self.counter(
            "connections", "mqtt-ingress") == 1)
        self.source.publish("sensors/1/temperature", ["21.5"])
        wait_for("line", lambda: any("21.5" in x
                                     for x in c.lines("temperatures.log")))


if __name__ == "__main__":
    unittest.main()
