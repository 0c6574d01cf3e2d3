# SPDX-License-Identifier: MIT
"""kafka-ingress and kafka-egress, with the real programs and the cluster in
memory of librdkafka."""
import json
import subprocess
import unittest

from cluster import BIN, SystemTest, wait_for


class Kafka:
    """A cluster with one broker; see test/fixtures/kafka_mock.cpp."""

    def __init__(self):
        self.process = subprocess.Popen(
            [BIN / "kafka_mock"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.brokers = self.process.stdout.readline().strip()

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        result = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "end":
            if line.startswith("error") or not line:
                raise AssertionError(f"{words}: {line}")
            result.append(line)
        return result

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


class KafkaResources(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.metered = True
        c.add_node_file("n1")
        self.kafka = Kafka()
        self.addCleanup(self.kafka.close)
        for topic in ("in", "out"):
            self.kafka.ask("create", topic)
        self.settings("""
kafka_ingress_provider = "kafka-ingress-1"
kafka_egress_provider = "kafka-egress-1"
""")

    def settings(self, text):
        file = self.cluster.folder / "n1.toml"
        file.write_text(file.read_text().replace("[resources]\n",
                                                 "[resources]\n" + text))

    def pipe(self, ingress=None, egress=None):
        """A workflow from one topic to the other."""
        brokers = {"brokers": self.kafka.brokers}
        self.cluster.write("w.json", json.dumps({
            "functions": [], "annotations": {}, "resources": [
                {"name": "in", "class_type": "kafka-ingress",
                 "output_mapping": {"out": "out"},
                 "configurations": {**brokers, "topics": "in",
                                    **(ingress or {})}},
                {"name": "out", "class_type": "kafka-egress",
                 "output_mapping": {},
                 "configurations": {**brokers, "topic": "out",
                                    **(egress or {})}}]}))
        return self.cluster.cli("workflow", "start", "w.json").stdout.strip()

    def counter(self, name, kind="kafka-egress"):
        return self.cluster.scrape("n1").get(
            f'edgeless_connector_{name}{{class="{kind}"}}')

    def expect(self, lines):
        wait_for(f"{len(lines)} messages",
                 lambda: len(self.kafka.ask("read", "out")) >= len(lines))
        self.assertEqual(self.kafka.ask("read", "out"), lines)

    def test_messages_pass_in_order_and_are_committed(self):
        self.kafka.ask("produce", "in", "k", 0, 1000)
        self.cluster.start_all("n1")
        self.pipe({"group": "g"})
        self.expect([f"|{i}" for i in range(1000)])
        wait_for("commit",
                 lambda: self.kafka.ask("committed", "g", "in") == ["1000"])
        self.assertEqual(self.counter("sent_total"), 1000)
        self.assertEqual(self.counter("received_total", "kafka-ingress"), 1000)

    def test_keys_pass_on_demand(self):
        self.kafka.ask("produce", "in", "k", 0, 3)
        self.cluster.start_all("n1")
        self.pipe({"add-key": "true"}, {"take-key": "true"})
        self.expect([f"k|{i}" for i in range(3)])

    def test_a_cluster_that_fails_gets_each_message_once(self):
        c = self.cluster
        c.start_all("n1")
        self.pipe()
        self.kafka.ask("produce", "in", "k", 0, 100)
        self.expect([f"|{i}" for i in range(100)])
        self.kafka.ask("fail")
        self.kafka.ask("down")
        wait_for("failure", lambda: self.counter(
            "connection_failures_total") >= 1)
        self.kafka.ask("up")
        self.kafka.ask("produce", "in", "k", 100, 100)
        self.expect([f"|{i}" for i in range(200)])

    def test_a_dead_node_leaves_messages_uncommitted(self):
        c = self.cluster
        c.start_all("n1")
        self.pipe({"group": "g"})
        self.kafka.ask("produce", "in", "k", 0, 500)
        wait_for("some", lambda: self.kafka.ask("read", "out"))
        c.kill("n1")
        self.kafka.ask("produce", "in", "k", 500, 500)
        c.start_node("n1")
        # Those that were not committed come again.
        wait_for("all", lambda: set(self.kafka.ask("read", "out"))
                 == {f"|{i}" for i in range(1000)}, 60)
        wait_for("commit",
                 lambda: self.kafka.ask("committed", "g", "in") == ["1000"])

    def test_a_property_that_is_none_and_a_missing_key_are_told(self):
        c = self.cluster
        self.settings('kafka_properties = ["no.such=1"]\n')
        c.start_all("n1")
        c.write("w.json", json.dumps({
            "functions": [], "annotations": {}, "resources": [
                {"name": "out", "class_type": "kafka-egress",
                 "output_mapping": {},
                 "configurations": {"brokers": self.kafka.brokers,
                                    "topic": "out"}}]}))
        said = c.cli("workflow", "start", "w.json").stderr
        self.assertIn('No such configuration property: "no.such"', said)

    def test_it_starts_without_a_cluster(self):
        c = self.cluster
        self.kafka.ask("down")
        c.start_all("n1")
        workflow = self.pipe()
        self.assertEqual(c.inspect(workflow)["out"][0], "running")
        wait_for("failure", lambda: (self.counter(
            "connection_failures_total") or 0) >= 1)
        self.kafka.ask("up")
        self.kafka.ask("produce", "in", "k", 0, 3)
        self.expect([f"|{i}" for i in range(3)])


if __name__ == "__main__":
    unittest.main()
