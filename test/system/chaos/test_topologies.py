# SPDX-License-Identifier: MIT
"""A long chain, a wide fan-in, and many nodes that join at once."""
import re
import time
import unittest

from chaos import ChaosTest, canary, file_log, function, guest, wait_for, \
    workflow

RELAY = """struct relay {
  void handle_cast(const instance_id&, string_view x) { cast("out", x); }
};"""
COUNTER = """struct numbers {
  void handle_init(string_view, string_view) { cast("self", "t"); }
  void handle_cast(const instance_id&, string_view) {
    cast("out", text(++n));
    delayed_cast(10, "self", "t");
  }
  uint64_t n = 0;
};"""
BURST = """struct burst {
  void handle_init(string_view payload, string_view) {
    name = string(payload);
    delayed_cast(3000, "self", "t");
  }
  void handle_cast(const instance_id&, string_view) {
    for (uint64_t i = 1; i <= 100; ++i)
      cast("out", text(name, " ", i));
  }
  string name;
};"""


class Topologies(ChaosTest):
    def drops(self, *nodes):
        return sum(value for node in nodes
                   for series, value in self.cluster.scrape(node).items()
                   if series.startswith("edgeless_node_events_dropped_total"))

    def test_a_chain_of_three_hundred_functions(self):
        c = self.cluster
        c.start_all("n1", "n2")
        length = 300
        relay, numbers = guest("relay", RELAY), guest("numbers", COUNTER)
        chain = [function("f0", numbers, {"out": "f1"})]
        chain += [function(f"f{k}", relay, {
            "out": f"f{k + 1}" if k < length - 1 else "log"})
            for k in range(1, length)]
        self.start(workflow(chain, [file_log("log", "chain.log")]))
        wait_for("events", lambda: len(c.lines("chain.log")) > 100)
        seen = [int(x) for x in c.lines("chain.log")]
        self.assertEqual(seen, sorted(seen))
        self.assertLessEqual(seen[-1] - len(seen), self.drops("n1", "n2"))
        c.kill("n2")
        self.goes_on("chain.log", within=20)

    def test_a_fan_in_of_two_hundred_functions(self):
        c = self.cluster
        c.start_all("n1", "n2")
        relay, burst = guest("relay", RELAY), guest("burst", BURST)
        width, each = 200, 100
        for number, policy in enumerate((
                {}, {"delivery__out": "at-least-once"},
                {"on_full__out": "block"})):
            file = f"fan{number}.log"
            before = self.drops("n1", "n2")
            sources = [function(f"s{k}", burst, {"out": "mid"}, **{
                "init-payload": f"s{k}"}, **policy) for k in range(width)]
            sink = function("mid", relay, {"out": "log"}, **policy)
            id = self.start(workflow([*sources, sink],
                                     [file_log("log", file)]))

            def is_over():
                arrived = len(set(c.lines(file)))
                lost = self.drops("n1", "n2") - before
                return arrived + (0 if policy else lost) >= width * each
            wait_for("all events arrive, or are counted without a policy",
                     is_over, 60)
            lines = c.lines(file)
            for name in ("s0", f"s{width - 1}"):
                own = [int(x.split()[1]) for x in lines
                       if x.startswith(name + " ")]
                self.assertEqual(own, sorted(own), policy)
            if policy:
                self.assertEqual(self.drops("n1", "n2"), before, policy)
            c.cli("workflow", "stop", id)

    def test_forty_nodes_join_at_once_and_half_of_them_die(self):
        c = self.cluster
        c.start_controller()
        c.start_orchestrator()
        names = [f"n{k}" for k in range(40)]
        for name in names:
            self.start_node(name)
        c.wait_for_nodes(len(names))
        id = self.start(workflow([function(f"f{k}", "noop")
                                  for k in range(200)]))
        self.start(canary(**self.on("n1")))
        c.kill("orchestrator")
        c.start_orchestrator()
        c.wait_for_nodes(len(names))
        for name in names[::2]:
            c.kill(name)
        wait_for("all run again", lambda: {x[0] for x in c.inspect(
            id).values()} == {"running"})
        self.goes_on()
        text = c.cli("domain", "list").stdout
        self.assertTrue(re.search(r"\(20 nodes\)", text), text)
        time.sleep(3)  # no survivor is taken for dead
        self.assertEqual(c.cli("domain", "list").stdout, text)


if __name__ == "__main__":
    unittest.main()
