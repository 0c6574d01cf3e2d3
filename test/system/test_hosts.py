# SPDX-License-Identifier: MIT
"""Hosts that crash, hang, are cut off, and come back. What becomes of their
functions, and of every event."""
import os
import re
import signal
import threading
import time
import unittest

import hosts
from cluster import LOG, Cluster, SystemTest, wait_for


def numbers(lines):
    """The last line may be half there."""
    return [int(x) for line in lines for x in re.findall(r"\[#(\d+)\]", line)]


class HostsTest(SystemTest):
    """Three nodes; the log lives on the first. Each program is a host of its
    own, where the machine allows that."""
    keep_alive = 0.5
    needs_cables = False

    def setUp(self):
        problem = hosts.allowed()
        if problem and self.needs_cables:
            self.skipTest(problem)
        self.net = None if problem else hosts.Hosts()
        if self.net:
            self.addCleanup(self.net.close)
        self.cluster = Cluster(self.keep_alive, self.net, metered=True)
        self.addCleanup(self.cluster.close)

    def start_three(self):
        c = self.cluster
        for name in ("n1", "n2", "n3"):
            c.add_node_file(name, file_log=name == "n1")
        c.start_all("n1", "n2", "n3")
        return c

    def ids(self, *nodes):
        return {"node_id_match_any":
                ",".join(self.cluster.node_ids[x] for x in nodes)}

    def generator(self, *nodes, to="log", period=20, name="generator"):
        return (name, "message_generator", {"output": to},
                {"init-payload": f"message=hello,period={period}",
                 **self.ids(*nodes)})

    def lines_from(self, node):
        """Of the generator there, in the log."""
        return [x for x in self.cluster.lines("events.log")
                if "from node_id " + self.cluster.node_ids[node] in x]

    def wait_for_more(self, count=10, lines=None):
        lines = lines or (lambda: self.cluster.lines("events.log"))
        seen = len(lines())
        wait_for("more events", lambda: len(lines()) >= seen + count)

    def home(self, workflow, component):
        return self.cluster.inspect(workflow)[component][1]

    # -- the ledger ------------------------------------------------------------

    def page(self, program):
        """Its metrics, once it gives them: its machine may be busy."""
        return wait_for("the metrics of " + program,
                        lambda: self.cluster.scrape(program))

    def dropped(self, nodes=("n1", "n2", "n3"), but=("late_answer",)):
        """By reason, over some nodes."""
        result = {}
        for node in nodes:
            for series, value in self.page(node).items():
                m = re.match(r'edgeless_node_events_dropped_total'
                             r'\{reason="(\w+)"\}', series)
                if m and m[1] not in but and value:
                    result[m[1]] = result.get(m[1], 0) + value
        return result

    def balance(self, nodes=("n1", "n2", "n3")):
        """Sent, and what became of it."""
        pages = [self.page(x) for x in nodes]
        sent = sum(x["edgeless_node_events_sent_total"] for x in pages)
        handled = sum(x["edgeless_node_events_handled_total"] for x in pages)
        return sent, handled + sum(self.dropped(nodes).values())

    def lost_nodes(self):
        return self.page("orchestrator")[
            "edgeless_orchestrator_nodes_lost_total"]

    def check_accounts(self, workflow, exactly=False):
        """Once nobody sends anymore, every event has been handled or dropped.
        One that was in doubt when its link broke may be both."""
        self.cluster.cli("workflow", "stop", workflow)

        def is_even():
            sent, accounted = self.balance()
            return sent == accounted if exactly else sent <= accounted
        wait_for("every event accounted for", is_even)


class Crashes(HostsTest):
    def test_nothing_is_lost_while_nothing_happens(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", to="relay"),
                            ("relay", "dup", {"out1": "log"},
                             self.ids("n3"))], [LOG])
        self.wait_for_more(50)
        self.assertLessEqual(set(self.dropped()), {"unmapped"})
        self.check_accounts(workflow, exactly=True)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, list(range(len(seen))))
        # What was under way when the workflow was stopped.
        self.assertLessEqual(set(self.dropped()),
                             {"unmapped", "stopped", "unknown_instance"})

    def test_what_a_killed_node_was_relaying_is_counted(self):
        c = self.start_three()
        workflow = c.start([self.generator("n1", to="relay"),
                            ("relay", "dup", {"out1": "log"},
                             self.ids("n2", "n3"))], [LOG])
        self.wait_for_more()
        before = c.inspect(workflow)
        victim = before["relay"][1]
        other = {"n2": "n3", "n3": "n2"}[victim]

        c.kill(victim)
        wait_for("the replacement", lambda: c.inspect(workflow)["relay"][:2]
                 == ("running", other))
        self.wait_for_more()

        after = c.inspect(workflow)
        self.assertNotEqual(after["relay"], before["relay"])
        for untouched in ("generator", "log"):
            self.assertEqual(after[untouched], before[untouched])
        c.cli("workflow", "stop", workflow)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, sorted(set(seen)), "twice, or out of order")
        missing = set(range(seen[-1])) - set(seen)
        counted = sum(self.dropped(["n1", other],
                                   {"late_answer", "unmapped"}).values())
        # What the dead node had taken died with it: at 50 per second, one.
        self.assertLessEqual(len(missing), counted + 2)

    def test_a_node_that_restarts_at_once_is_a_new_one(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        self.wait_for_more()
        before = c.inspect(workflow)

        c.kill("n2")
        c.start_node("n2")

        wait_for("a new instance", lambda: c.inspect(workflow)["generator"][0]
                 == "running" and c.inspect(workflow)["generator"][2]
                 != before["generator"][2])
        c.wait_for_nodes(3)
        self.assertEqual(self.home(workflow, "generator"), "n2")
        self.assertEqual(self.lost_nodes(), 1)
        self.wait_for_more()
        # It counts from the start: nobody took it for the old one.
        self.assertIn(0, numbers(c.lines("events.log"))[1:])

    def test_a_twin_is_refused_while_the_first_one_answers(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        c.add_node_file("twin", file_log=False, node_id=c.node_ids["n2"])
        c.start_node("twin")
        wait_for("the refusal", lambda: "node_id already in use" in
                 c.log("twin"))
        self.wait_for_more()
        self.assertEqual(self.lost_nodes(), 0)

        c.kill("n2")

        wait_for("the heir", lambda: "joined" in c.log("twin"))
        wait_for("the generator there", lambda: c.inspect(workflow)
                 ["generator"][0] == "running")
        self.wait_for_more()


class Silence(HostsTest):
    def test_who_was_replaced_is_refused_and_told_what_to_stop(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3", period=5)], [LOG])
        self.wait_for_more()
        victim = self.home(workflow, "generator")
        other = {"n2": "n3", "n3": "n2"}[victim]

        c.signal(victim, signal.SIGSTOP)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", other))
        c.signal(victim, signal.SIGCONT)
        c.wait_for_nodes(3)

        wait_for("the old copy to go", lambda: "exited: ok" in c.log(victim))
        self.assertEqual(self.home(workflow, "generator"), other)
        self.wait_for_more(lines=lambda: self.lines_from(other))
        seen = len(self.lines_from(victim))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        self.assertEqual(len(self.lines_from(victim)), seen)
        for node in (victim, other):
            told = numbers(self.lines_from(node))
            self.assertEqual(told, sorted(set(told)), node)
        # What it said before it knew is not lost without a trace.
        self.assertTrue({"fenced", "peer_lost"} & set(self.dropped()),
                        self.dropped())
        self.check_accounts(workflow)


    def test_an_orchestrator_that_stood_still_accuses_nobody(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        self.wait_for_more()
        before = c.inspect(workflow)

        for _ in range(3):
            c.signal("orchestrator", signal.SIGSTOP)
            time.sleep(1)
            c.signal("orchestrator", signal.SIGCONT)
            self.wait_for_more()

        self.assertEqual(self.lost_nodes(), 0)
        self.assertGreater(self.page("orchestrator")[
            "edgeless_orchestrator_stalls_total"], 0)
        self.assertEqual(c.inspect(workflow), before)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, list(range(len(seen))))
        self.check_accounts(workflow, exactly=True)


class Cables(HostsTest):
    needs_cables = True

    def test_a_pulled_cable_and_its_return(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3")], [LOG])
        self.wait_for_more()
        victim = self.home(workflow, "generator")
        other = {"n2": "n3", "n3": "n2"}[victim]

        self.net.pull(victim)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", other))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        seen = len(self.lines_from(victim))
        self.net.plug(victim)

        c.wait_for_nodes(3)
        wait_for("the old copy to go", lambda: "exited: ok" in c.log(victim))
        self.wait_for_more(50)
        # Nothing that it said while it was away, and thereafter, is taken.
        self.assertLessEqual(len(self.lines_from(victim)), seen + 1)
        self.assertEqual(self.home(workflow, "generator"), other)
        self.check_accounts(workflow)

    def test_nodes_without_an_orchestrator_go_on(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        self.wait_for_more()
        before = c.inspect(workflow)

        for node in ("n1", "n2", "n3"):
            self.net.part("orchestrator", node)
        c.wait_for_nodes(0)
        self.wait_for_more(100)
        alone = numbers(c.lines("events.log"))
        self.assertEqual(alone, list(range(len(alone))))
        self.assertEqual(self.dropped(), {})
        for node in ("n1", "n2", "n3"):
            self.net.mend("orchestrator", node)

        c.wait_for_nodes(3)
        wait_for("the same as before", lambda: c.inspect(workflow) == before)
        self.wait_for_more()
        # Who comes back first is told whose session has ended, and refuses
        # what that one says until it is back, too: counted, never twice.
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, sorted(set(seen)), "twice, or out of order")
        missing = set(range(seen[-1])) - set(seen)
        self.assertLessEqual(len(missing), self.dropped().get("fenced", 0))
        self.check_accounts(workflow)

    def test_a_node_that_only_the_orchestrator_cannot_reach_is_fenced(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3")], [LOG])
        self.wait_for_more()
        victim = self.home(workflow, "generator")
        other = {"n2": "n3", "n3": "n2"}[victim]

        self.net.part("orchestrator", victim)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", other))
        # Its peers hear it, and refuse it.
        wait_for("refused events", lambda: self.dropped().get("fenced", 0))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        seen = len(self.lines_from(victim))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        self.assertEqual(len(self.lines_from(victim)), seen)
        self.net.mend("orchestrator", victim)

        c.wait_for_nodes(3)
        wait_for("the old copy to go", lambda: "exited: ok" in c.log(victim))
        self.assertEqual(self.home(workflow, "generator"), other)
        self.check_accounts(workflow)

    def test_two_nodes_that_cannot_reach_each_other(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        self.wait_for_more()
        before = c.inspect(workflow)

        self.net.part("n1", "n2")
        wait_for("dropped events", lambda: set(self.dropped())
                 & {"peer_lost", "egress_full"}, 60)
        self.net.mend("n1", "n2")

        self.wait_for_more()
        self.assertEqual(c.inspect(workflow), before)
        self.assertEqual(self.lost_nodes(), 0)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, sorted(set(seen)), "twice, or out of order")
        missing = set(range(seen[-1])) - set(seen)
        self.assertLessEqual(len(missing), sum(self.dropped().values()))
        self.check_accounts(workflow)


class Loss(HostsTest):
    keep_alive = 2  # as delivered
    needs_cables = True

    def test_a_tenth_of_all_packets_costs_no_node(self):
        c = self.cluster
        for name in ("orchestrator", "n1", "n2", "n3"):
            c.address(name)
        for name in ("n1", "n2", "n3"):
            if not self.net.lose(name, 10):
                self.skipTest("no packets can be lost here: nft cannot")
        self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        asked = "edgeless_orchestrator_keep_alive_seconds_count"
        wait_for("keep-alives", lambda: c.scrape("orchestrator")
                 .get(asked, 0) >= 30, 60)
        self.assertEqual(self.lost_nodes(), 0)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, list(range(len(seen))))
        self.check_accounts(workflow, exactly=True)
        for name in ("n1", "n2", "n3"):
            self.assertGreater(self.net.packets_lost(name), 0)


class Pulse:
    """How long each core of this machine has stood still for others, at most:
    a machine that is held up from outside says nothing about our programs."""
    beat = 0.01

    def __enter__(self):
        self.ending = threading.Event()
        self.worst = 0
        self.threads = [threading.Thread(target=self.watch, args=[x])
                        for x in os.sched_getaffinity(0)]
        for x in self.threads:
            x.start()
        return self

    def watch(self, core):
        os.sched_setaffinity(threading.get_native_id(), {core})
        while not self.ending.is_set():
            begin = time.monotonic()
            time.sleep(self.beat)
            late = time.monotonic() - begin - self.beat
            self.worst = max(self.worst, late)

    def __exit__(self, *problem):
        self.ending.set()
        for x in self.threads:
            x.join()


class Saturation(HostsTest):
    keep_alive = 0.05
    attempts = 3

    def alarms(self):
        """Nodes that were lost in ten seconds or so."""
        asked = "edgeless_orchestrator_keep_alive_seconds_count"

        def count():
            return self.cluster.scrape("orchestrator").get(asked, 0)
        lost = self.lost_nodes()
        begin = count()
        wait_for("keep-alives", lambda: count() >= begin + 3 * 20 * 10, 120)
        return self.lost_nodes() - lost

    def test_guests_on_all_cores_raise_no_alarm(self):
        c = self.start_three()
        forever = {"timeout_ms": "600000"}
        c.start([(f"spinner-{i}", "infinite_test", {},
                  forever | self.ids(f"n{i % 3 + 1}")) for i in range(6)])
        for _ in range(self.attempts):
            with Pulse() as pulse:
                alarms = self.alarms()
            if alarms == 0:
                return
            self.assertGreater(pulse.worst, 0.1, f"{alarms} alarms")
        self.skipTest("this machine is held up from outside, "
                      f"{pulse.worst * 1000:.0f} ms at a time")


class Pressure(HostsTest):
    keep_alive = 0  # nobody is replaced: the pressure stays

    def resident(self):
        result = {}
        for name, process in self.cluster.running.items():
            with open(f"/proc/{process.pid}/status") as file:
                result[name] = int(file.read().split("VmRSS:")[1].split()[0])
        return result

    def test_memory_stays_flat_while_a_consumer_is_stopped(self):
        c = self.start_three()
        functions = [("sink-n2", "noop", {}, self.ids("n2")),
                     ("sink-n3", "noop", {}, self.ids("n3"))]
        for node in ("n1", "n2"):
            for i in range(6):
                name, kind, outputs, annotations = self.generator(
                    node, to="sink-n3" if i < 4 else "sink-n2", period=1,
                    name=f"generator-{node}-{i}")
                annotations["init-payload"] \
                    = f"message={'x' * 1000},period=1"
                functions.append((name, kind, outputs, annotations))
        workflow = c.start(functions)
        wait_for("events", lambda: self.balance()[1] > 1000)

        c.signal("n3", signal.SIGSTOP)
        time.sleep(10)
        before = self.resident()
        time.sleep(50)
        after = self.resident()
        drops = self.dropped(["n1", "n2"])
        c.signal("n3", signal.SIGCONT)

        for name in before:
            if name != "n3":
                self.assertLessEqual(after[name] - before[name], 32 * 1024,
                                     name)
        self.assertTrue({"egress_full", "peer_lost"} & set(drops), drops)
        wait_for("the consumer", lambda: c.scrape("n3"))
        self.check_accounts(workflow)


if __name__ == "__main__":
    unittest.main()
