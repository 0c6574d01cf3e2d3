# SPDX-License-Identifier: MIT
"""dda, with the real programs and a sidecar in memory. MQTT brings requests
and takes what the sidecar sends."""
import json
import unittest

from cluster import SystemTest, wait_for
from servers.dda_sidecar import Sidecar, com, state
from servers.mqtt_broker import Broker


class Dda(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.metered = True
        c.add_node_file("n1")
        self.sidecar = Sidecar()
        self.addCleanup(self.sidecar.stop)
        self.broker = Broker().start()
        self.addCleanup(self.broker.close)
        file = c.folder / "n1.toml"
        file.write_text(file.read_text().replace("[resources]\n", f"""[resources]
mqtt_ingress_provider = "mqtt-ingress-1"
mqtt_egress_provider = "mqtt-egress-1"
store_directory = "{c.folder}/store"
dda_provider = "dda-1"
dda_url = "{self.sidecar.url}"
"""))
        c.start_all("n1")

    def start(self):
        self.cluster.write("w.json", json.dumps({
            "functions": [], "annotations": {}, "resources": [
                {"name": "in", "class_type": "mqtt-ingress",
                 "output_mapping": {"out": "dda"},
                 "configurations": {"url": self.broker.url, "topics": "in"}},
                {"name": "dda", "class_type": "dda",
                 "output_mapping": {"to_mqtt": "out"},
                 "configurations": {
                     "dda_com_subscription_mapping": json.dumps([
                         {"topic": "com.sub" if x in ("event", "action")
                          else "", "pattern": x, "method": "cast",
                          "target": "to_mqtt"}
                         for x in ("event", "action", "input",
                                   "membership")]),
                     "dda_com_publication_mapping": json.dumps([
                         {"topic": "com.pub", "pattern": "event",
                          "alias": "alias"}])}},
                {"name": "out", "class_type": "mqtt-egress",
                 "output_mapping": {}, "configurations": {
                     "url": self.broker.url, "topic": "out"}}]}))
        self.cluster.cli("workflow", "start", "w.json")
        self.got = self.broker.subscribe("out")
        wait_for("connection", lambda: self.counter(
            "connections", "mqtt-ingress") == 1)

    def counter(self, name, kind="dda"):
        return self.cluster.scrape("n1").get(
            f'edgeless_connector_{name}{{class="{kind}"}}')

    def request(self, **what):
        self.broker.publish("in", [json.dumps(what)])

    def wait_for_subscriptions(self):
        wait_for("subscriptions", lambda: len(self.sidecar.subscribers) == 4)

    def expect(self, *lines):
        wait_for("messages",
                 lambda: len(Broker.lines(self.got)) >= len(lines))
        self.assertEqual(Broker.lines(self.got), list(lines))

    def test_requests_and_subscriptions(self):
        self.sidecar.start()
        self.start()
        self.wait_for_subscriptions()
        self.request(ComPublishEvent=["alias", [104, 105]])
        event = self.sidecar.events.get(timeout=20)
        self.assertEqual((event.type, event.data), ("com.pub", b"hi"))
        self.assertTrue(event.id and event.source)
        self.request(StoreSet=["k", [1, 2]])
        wait_for("value", lambda: self.sidecar.values == {"k": b"\1\2"})
        self.request(ComPublishActionResult=["c-1", [3]])
        result = self.sidecar.results.get(timeout=20)
        self.assertEqual((result.correlation_id, result.result.data),
                         ("c-1", b"\3"))
        self.sidecar.send("event", "com.sub", com.Event(data=b"hi"))
        self.expect('{"ComSubscribeEvent":[104,105]}')
        self.sidecar.send("action", "com.sub", com.ActionCorrelated(
            action=com.Action(params=b"p"), correlation_id="c-2"))
        self.expect('{"ComSubscribeEvent":[104,105]}',
                    '{"ComSubscribeAction":["c-2",[112]]}')
        self.request(StatePublishSet=["k", [118]])
        wait_for("input", lambda: Broker.lines(self.got)[2:] ==
                 ['{"StateSubscribeSet":["k",[118]]}'])
        self.sidecar.send("membership", "",
                          state.MembershipChange(id="m", joined=True))
        wait_for("member", lambda: Broker.lines(self.got)[3:] ==
                 ['{"StateSubscribeMembershipChange":["m",true]}'])
        self.request(ComPublishEvent=["none", []])
        wait_for("refusal", lambda: "has no alias" in self.cluster.log("n1"))

    def test_a_sidecar_that_comes_and_goes(self):
        # The workflow starts without it.
        self.start()
        wait_for("attempt", lambda: (self.counter(
            "connection_failures_total") or 0) >= 4)
        self.request(StoreSet=["k", [1]])
        self.sidecar.start()
        wait_for("value", lambda: self.sidecar.values == {"k": b"\1"})
        self.wait_for_subscriptions()
        self.sidecar.stop()
        self.sidecar.values = {}
        self.sidecar.start()
        self.wait_for_subscriptions()
        self.sidecar.send("event", "com.sub", com.Event(data=b"a"))
        self.expect('{"ComSubscribeEvent":[97]}')
        self.request(StoreSet=["k", [2]])
        wait_for("value", lambda: self.sidecar.values == {"k": b"\2"})


if __name__ == "__main__":
    unittest.main()
