# SPDX-License-Identifier: MIT
"""Controller or orchestrator die and come back: nothing starts anew."""
import re
import time
import unittest

from cluster import GENERATOR, LOG, SystemTest, wait_for


def counters(lines):
    return [int(m[1]) for line in lines for m in [re.search(r"#(\d+)", line)]
            if m]


class Restart(SystemTest):
    def restart_controller(self):
        self.cluster.kill("controller")
        self.cluster.start_controller()

    def listed(self):
        done = self.cluster.cli("workflow", "list", check=False)
        return done.stdout.split() if done.returncode == 0 else None

    def test_a_killed_controller_knows_its_workflows_again(self):
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

        # Nothing was started anew: the generator counts on.
        numbers = counters(c.lines("events.log"))
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_what_was_stopped_stays_stopped(self):
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

    def test_a_killed_orchestrator_adopts_what_runs(self):
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

        # Nothing was started anew, and nothing was lost.
        self.assertEqual(c.inspect(workflow), before)
        numbers = counters(c.lines("events.log"))
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_a_killed_orchestrator_stops_what_was_stopped_meanwhile(self):
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

    def test_a_file_that_is_not_a_database_is_left_alone(self):
        c = self.cluster
        c.write("controller.save", "workflows of somebody else\n" * 100)

        code = c.start_controller().wait(timeout=30)

        self.assertEqual(code, 1)
        self.assertIn("controller.save", c.log("controller"))
        self.assertIn("move it away", c.log("controller"))


if __name__ == "__main__":
    unittest.main()
