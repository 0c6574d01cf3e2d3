# SPDX-License-Identifier: MIT
"""Restarts of controller and orchestrator: running instances are kept."""
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from cluster import BIN, GENERATOR, LOG, Cluster, SystemTest, wait_for


def counters(lines):
    """The complete lines of a file; the last one may be incomplete."""
    return [int(x) for line in lines for x in re.findall(r"\[#(\d+)\]", line)]


class Restart(SystemTest):
    def restart_controller(self):
        self.cluster.kill("controller")
        self.cluster.start_controller()

    def listed(self):
        done = self.cluster.cli("workflow", "list", check=False)
        return done.stdout.split() if done.returncode == 0 else None

    def test_a_killed_controller_recovers_its_workflows(self):
        c = self.cluster
        c.start_all("n1", "n2")
        workflow = c.start([GENERATOR], [LOG])
        before = c.inspect(workflow)
        wait_for("events", lambda: len(c.lines("events.log")) > 1)

        self.restart_controller()
        wait_for("the workflow", lambda: self.listed() == [workflow])
        wait_for("its components", lambda: c.inspect(workflow) == before)
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 1)

        # The instance was kept: the generator continues to count.
        numbers = counters(c.lines("events.log"))
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_stopped_workflows_stay_stopped(self):
        c = self.cluster
        c.start_all("n1")
        kept = c.start([GENERATOR], [LOG])
        gone = c.start([GENERATOR], [LOG])
        c.cli("workflow", "stop", gone)

        self.restart_controller()

        wait_for("the workflow", lambda: self.listed() == [kept])

    def restart_orchestrator(self):
        self.cluster.kill("orchestrator")
        self.cluster.start_orchestrator()

    def test_a_killed_orchestrator_adopts_running_instances(self):
        c = self.cluster
        c.start_all("n1", "n2")
        workflow = c.start([GENERATOR], [LOG])
        before = c.inspect(workflow)
        wait_for("events", lambda: len(c.lines("events.log")) > 1)

        self.restart_orchestrator()
        c.wait_for_nodes(2)
        wait_for("its components", lambda: c.inspect(workflow) == before)
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 30)

        # The instance was kept and no event was lost.
        self.assertEqual(c.inspect(workflow), before)
        numbers = counters(c.lines("events.log"))
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_a_killed_orchestrator_stops_instances_of_stopped_workflows(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 1)

        c.kill("orchestrator")
        c.cli("workflow", "stop", workflow)
        c.start_orchestrator()
        c.wait_for_nodes(1)

        def quiet():
            seen = len(c.lines("events.log"))
            time.sleep(1)
            return len(c.lines("events.log")) == seen
        wait_for("silence", quiet)

    def test_an_orchestrator_killed_repeatedly_keeps_instances(self):
        """Killed at any time, also before its nodes have rejoined."""
        c = self.cluster
        c.start_all("n1", "n2")
        workflow = c.start([GENERATOR, ("relay", "noop", {}, {})], [LOG])
        before = c.inspect(workflow)
        rng = random.Random(1)

        for _ in range(6):
            time.sleep(rng.uniform(0, 0.6))
            self.restart_orchestrator()

        c.wait_for_nodes(2)
        wait_for("its components", lambda: c.inspect(workflow) == before)
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 30)
        numbers = counters(c.lines("events.log"))
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_a_controller_on_a_read_only_disk_lists_and_refuses(self):
        c = self.cluster
        (c.folder / "disk").mkdir()
        file = c.folder / "controller.toml"
        file.write_text('persistence_filename = "disk/controller.save"\n'
                        + file.read_text())
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        c.kill("controller")
        c.launch("controller", "/usr/bin/unshare", "-rm", "sh", "-c",
                 "mount --bind disk disk && mount -o remount,bind,ro disk && "
                 'exec "$0"', BIN / "edgeless_con_d")
        c.wait_for_nodes(1)

        self.assertEqual(c.cli("workflow", "list").stdout.split(), [workflow])
        wait_for("its components", lambda: c.inspect(workflow)["generator"][0]
                 == "running")
        for command in (["start", c.workflow([GENERATOR], [LOG])],
                        ["stop", workflow]):
            refused = c.cli("workflow", *command, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("it is on a read-only disk", refused.stderr)

        c.kill("controller")
        c.start_controller()
        c.wait_for_nodes(1)
        self.assertEqual(c.cli("workflow", "list").stdout.split(), [workflow])
        c.cli("workflow", "stop", workflow)

    def test_a_file_that_is_not_a_database_is_not_overwritten(self):
        c = self.cluster
        c.write("controller.save", "not a database\n" * 100)

        code = c.start_controller().wait(timeout=30)

        self.assertEqual(code, 1)
        self.assertIn("controller.save", c.log("controller"))
        self.assertIn("move it away", c.log("controller"))


class Acknowledged(SystemTest):
    """A controller that is killed while clients start and stop workflows."""

    def setUp(self):
        self.cluster = Cluster(0.5, metered=True)
        self.addCleanup(self.cluster.close)

    def instances(self):
        return sum(self.cluster.scrape(x).get("edgeless_node_instances", -1)
                   for x in ("n1", "n2"))

    def test_acknowledged_workflows_are_neither_lost_nor_doubled(self):
        c = self.cluster
        c.start_all("n1", "n2")
        file = c.workflow([("source", "incr", {"result": "sink"}, {}),
                           ("sink", "noop", {}, {})])
        rng = random.Random(1)
        started, stopped, doubtful = set(), set(), set()

        def visit():
            for _ in range(3):
                done = c.cli("workflow", "start", file, check=False)
                if done.returncode != 0:
                    continue
                started.add(done.stdout.strip())
                if victims := sorted(started - stopped - doubtful):
                    if rng.random() < 0.3:
                        gone = c.cli("workflow", "stop", victims[0],
                                     check=False)
                        (stopped if gone.returncode == 0
                         else doubtful).add(victims[0])

        for _ in range(6):
            client = threading.Thread(target=visit)
            client.start()
            time.sleep(rng.uniform(0, 0.8))
            c.kill("controller")
            c.start_controller()
            client.join()

        def listed():
            done = c.cli("workflow", "list", check=False)
            return set(done.stdout.split()) if done.returncode == 0 else None
        wait_for("the controller", lambda: listed() is not None)
        c.wait_for_nodes(2)
        self.assertLessEqual(started - stopped - doubtful, listed())
        self.assertFalse(stopped & listed())
        # Each component once, also of workflows without an acknowledgement.
        wait_for("two instances each",
                 lambda: self.instances() == 2 * len(listed()))
        for workflow in listed():
            for name, (phase, _, _) in c.inspect(workflow).items():
                self.assertEqual(phase, "running", name)

    def test_a_client_of_a_killed_controller_gets_an_error_at_once(self):
        c = self.cluster
        c.start_all("n1")
        file = c.workflow([("sink", "noop", {}, {})])
        # The controller cannot reply before its orchestrator has.
        c.signal("orchestrator", signal.SIGSTOP)
        asking = subprocess.Popen(
            [BIN / "edgeless_cli", "workflow", "start", file], cwd=c.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("the question", lambda: c.scrape("controller").get(
            "edgeless_controller_workflow_starts_total", 0) > 0)
        c.kill("controller")
        _, said = asking.communicate(timeout=10)
        self.assertEqual(asking.returncode, 1)
        self.assertIn("the receiver ended before it replied", said)


if __name__ == "__main__":
    unittest.main()
