# SPDX-License-Identifier: MIT
"""Hosts that crash, hang, are disconnected and return: failover of their
functions, and the accounting of every event."""
import os
import re
import signal
import threading
import time
import unittest

import hosts
from cluster import LOG, Cluster, SystemTest, wait_for


def numbers(lines):
    """The complete lines of a file; the last one may be incomplete."""
    return [int(x) for line in lines for x in re.findall(r"\[#(\d+)\]", line)]


class HostsTest(SystemTest):
    """Three nodes; the file log is on the first one. Each program has its own
    network namespace where the machine allows that."""
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
        """The lines of the generator on that node in the log."""
        return [x for x in self.cluster.lines("events.log")
                if "from node_id " + self.cluster.node_ids[node] in x]

    def wait_for_more(self, count=10, lines=None):
        lines = lines or (lambda: self.cluster.lines("events.log"))
        seen = len(lines())
        wait_for("more events", lambda: len(lines()) >= seen + count)

    def node_of(self, workflow, component):
        return self.cluster.inspect(workflow)[component][1]

    # -- accounting of events --------------------------------------------------

    def page(self, program):
        """The metrics of a program, retried while the machine is busy."""
        return wait_for("the metrics of " + program,
                        lambda: self.cluster.scrape(program))

    def dropped(self, nodes=("n1", "n2", "n3"), but=("late_answer",)):
        """Dropped events by reason, summed over nodes."""
        result = {}
        for node in nodes:
            for series, value in self.page(node).items():
                m = re.match(r'edgeless_node_events_dropped_total'
                             r'\{reason="(\w+)"\}', series)
                if m and m[1] not in but and value:
                    result[m[1]] = result.get(m[1], 0) + value
        return result

    def balance(self, nodes=("n1", "n2", "n3")):
        """Events sent, handled and dropped."""
        pages = [self.page(x) for x in nodes]
        sent = sum(x["edgeless_node_events_sent_total"] for x in pages)
        handled = sum(x["edgeless_node_events_handled_total"] for x in pages)
        return sent, handled + sum(self.dropped(nodes).values())

    def lost_nodes(self):
        return self.page("orchestrator")[
            "edgeless_orchestrator_nodes_lost_total"]

    def check_accounts(self, workflow, exactly=False):
        """Without further sends, every event is handled or dropped. An event in
        flight when its connection broke may count as both."""
        self.cluster.cli("workflow", "stop", workflow)

        def is_even():
            sent, accounted = self.balance()
            return sent == accounted if exactly else sent <= accounted
        wait_for("every event accounted for", is_even)


class Crashes(HostsTest):
    def test_without_faults_no_event_is_lost(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", to="relay"),
                            ("relay", "dup", {"out1": "log"},
                             self.ids("n3"))], [LOG])
        self.wait_for_more(50)
        self.assertLessEqual(set(self.dropped()), {"unmapped"})
        self.check_accounts(workflow, exactly=True)
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, list(range(len(seen))))
        # Events in flight when the workflow was stopped.
        self.assertLessEqual(set(self.dropped()),
                             {"unmapped", "stopped", "unknown_instance"})

    def test_events_relayed_by_a_killed_node_are_counted(self):
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
        # Events acknowledged by the killed node are lost: at 50 per second, one.
        self.assertLessEqual(len(missing), counted + 2)

    def test_a_node_that_restarts_at_once_gets_a_new_session(self):
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
        self.assertEqual(self.node_of(workflow, "generator"), "n2")
        self.assertEqual(self.lost_nodes(), 1)
        self.wait_for_more()
        # It counts from 0: it is not taken for the old instance.
        self.assertIn(0, numbers(c.lines("events.log"))[1:])

    def test_a_second_node_with_the_same_id_is_refused(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2")], [LOG])
        c.add_node_file("twin", file_log=False, node_id=c.node_ids["n2"])
        c.start_node("twin")
        wait_for("the refusal", lambda: "node_id already in use" in
                 c.log("twin"))
        self.wait_for_more()
        self.assertEqual(self.lost_nodes(), 0)

        c.kill("n2")

        wait_for("the replacement", lambda: "joined" in c.log("twin"))
        wait_for("the generator there", lambda: c.inspect(workflow)
                 ["generator"][0] == "running")
        self.wait_for_more()


class Addresses(HostsTest):
    needs_cables = True

    def test_an_address_that_other_hosts_cannot_use_is_refused(self):
        c = self.start_three()
        for host in ("127.0.0.1", "0.0.0.0"):
            c.add_node_file("lost", file_log=False)
            file = c.folder / "lost.toml"
            file.write_text(file.read_text().replace(
                'invocation_url_announced = ""', 'invocation_url_announced = '
                f'"http://{host}:{c.ports["lost"]}"'))
            c.start_node("lost")
            text = f"address http://{host}:{c.ports['lost']} does not lead to"
            wait_for("the refusal on both sides", lambda: all(
                text in c.log(x) for x in ("lost", "orchestrator")))
            c.terminate("lost")
        c.wait_for_nodes(3)


class Pauses(HostsTest):
    def test_a_paused_node_is_fenced_and_stops_replaced_instances(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3", period=5)], [LOG])
        self.wait_for_more()
        victim = self.node_of(workflow, "generator")
        other = {"n2": "n3", "n3": "n2"}[victim]

        c.signal(victim, signal.SIGSTOP)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", other))
        c.signal(victim, signal.SIGCONT)
        c.wait_for_nodes(3)

        wait_for("the old copy to go", lambda: "exited: ok" in c.log(victim))
        self.assertEqual(self.node_of(workflow, "generator"), other)
        self.wait_for_more(lines=lambda: self.lines_from(other))
        seen = len(self.lines_from(victim))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        self.assertEqual(len(self.lines_from(victim)), seen)
        for node in (victim, other):
            seen = numbers(self.lines_from(node))
            self.assertEqual(seen, sorted(set(seen)), node)
        # Events that it sent before it noticed are counted.
        self.assertTrue({"fenced", "peer_lost"} & set(self.dropped()),
                        self.dropped())
        self.check_accounts(workflow)


    def test_a_paused_orchestrator_declares_no_node_lost(self):
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


class Partitions(HostsTest):
    needs_cables = True

    def test_a_disconnected_host_is_replaced_and_rejoins(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3")], [LOG])
        self.wait_for_more()
        victim = self.node_of(workflow, "generator")
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
        # Events of its old session are refused.
        self.assertLessEqual(len(self.lines_from(victim)), seen + 1)
        self.assertEqual(self.node_of(workflow, "generator"), other)
        self.check_accounts(workflow)

    def test_nodes_without_an_orchestrator_keep_running(self):
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
        # The first node to rejoin learns the ended sessions and refuses their
        # events until the other one has rejoined: counted, never handled twice.
        seen = numbers(c.lines("events.log"))
        self.assertEqual(seen, sorted(set(seen)), "twice, or out of order")
        missing = set(range(seen[-1])) - set(seen)
        self.assertLessEqual(len(missing), self.dropped().get("fenced", 0))
        self.check_accounts(workflow)

    def test_a_node_that_only_the_orchestrator_cannot_reach_is_fenced(self):
        c = self.start_three()
        workflow = c.start([self.generator("n2", "n3")], [LOG])
        self.wait_for_more()
        victim = self.node_of(workflow, "generator")
        other = {"n2": "n3", "n3": "n2"}[victim]

        self.net.part("orchestrator", victim)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", other))
        # Its peers receive its events and refuse them.
        wait_for("refused events", lambda: self.dropped().get("fenced", 0))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        seen = len(self.lines_from(victim))
        self.wait_for_more(lines=lambda: self.lines_from(other))
        self.assertEqual(len(self.lines_from(victim)), seen)
        self.net.mend("orchestrator", victim)

        c.wait_for_nodes(3)
        wait_for("the old copy to go", lambda: "exited: ok" in c.log(victim))
        self.assertEqual(self.node_of(workflow, "generator"), other)
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
    keep_alive = 2  # the default
    needs_cables = True

    def test_a_packet_loss_of_ten_percent_loses_no_node(self):
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


class StallMeter:
    """The longest time that each core was not available to this process: on a
    machine that stalls, the results are not conclusive."""
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
        """Nodes lost within about ten seconds."""
        asked = "edgeless_orchestrator_keep_alive_seconds_count"

        def count():
            return self.cluster.scrape("orchestrator").get(asked, 0)
        lost = self.lost_nodes()
        begin = count()
        wait_for("keep-alives", lambda: count() >= begin + 3 * 20 * 10, 120)
        return self.lost_nodes() - lost

    def test_busy_guests_on_all_cores_lose_no_node(self):
        c = self.start_three()
        forever = {"timeout_ms": "600000"}
        c.start([(f"spinner-{i}", "infinite_test", {},
                  forever | self.ids(f"n{i % 3 + 1}")) for i in range(6)])
        for _ in range(self.attempts):
            with StallMeter() as pulse:
                alarms = self.alarms()
            if alarms == 0:
                return
            self.assertGreater(pulse.worst, 0.1, f"{alarms} alarms")
        self.skipTest("this machine is held up from outside, "
                      f"{pulse.worst * 1000:.0f} ms at a time")


class Pressure(HostsTest):
    keep_alive = 0  # no node is replaced: the back-pressure stays

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
