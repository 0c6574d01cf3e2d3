# SPDX-License-Identifier: MIT
"""Functions with state_policy = Memory, and hibernated ones, in real programs: a
counter goes on when it is moved, and when its node or sandbox is killed."""
import os
import re
import signal
import time
import unittest

import test_redis
from cluster import LOG, SystemTest, wait_for
from test_isolation import guests_of


def generator(**annotations):
    return ("generator", "message_generator", {"output": "log"},
            {"init-payload": "message=hello,period=50",
             "state_policy": "Memory", "checkpoint_ms": "100", **annotations})


class Steps:
    def numbers(self):
        """The numbers of all messages so far."""
        found = (re.search(r"\[#(\d+)\]", x)
                 for x in self.cluster.lines("events.log"))
        return [int(x.group(1)) for x in found if x]

    def count_to(self, number):
        wait_for(f"message {number}", lambda: max(self.numbers(), default=-1)
                 >= number)

    def assert_never_back(self, steps):
        """No number is skipped; one is repeated at most by so many steps."""
        numbers = self.numbers()
        for before, after in zip(numbers, numbers[1:]):
            self.assertLessEqual(after, before + 1)
            self.assertGreater(after, before - steps)


class Crash(Steps, SystemTest):
    def setUp(self):
        super().setUp()
        c = self.cluster
        # The log is on a node that lives.
        c.add_node_file("logger", labels=("logger",))
        c.add_node_file("n1", labels=("worker",), file_log=False)
        c.add_node_file("n2", labels=("worker",), file_log=False)

    def start(self, **annotations):
        c = self.cluster
        c.start_all("logger", "n1", "n2")
        return c.start([generator(label_match_all="worker", **annotations)],
                       [LOG])

    def test_a_counter_goes_on_after_kill_9_of_its_node(self):
        c = self.cluster
        workflow = self.start()
        self.count_to(20)
        for _ in range(3):
            node = c.inspect(workflow)["generator"][1]
            reached = max(self.numbers())
            c.kill(node)
            self.count_to(reached + 20)
            c.start_node(node)
            c.wait_for_nodes(3)
        # A checkpoint each 100 ms, and messages each 50 ms.
        self.assert_never_back(steps=40)

    def test_a_counter_goes_on_after_kill_9_of_its_sandbox(self):
        c = self.cluster
        workflow = self.start(isolation="process")
        self.count_to(20)
        node = c.inspect(workflow)["generator"][1]
        reached = max(self.numbers())
        os.kill(guests_of(c.running[node])[0], signal.SIGKILL)
        self.count_to(reached + 20)
        self.assert_never_back(steps=40)

    def test_a_counter_goes_on_after_a_restart_of_the_orchestrator(self):
        c = self.cluster
        workflow = self.start()
        self.count_to(20)
        c.kill("orchestrator")
        time.sleep(0.5)
        c.start_orchestrator()
        c.wait_for_nodes(3)
        reached = max(self.numbers())
        self.count_to(reached + 20)
        # The state outlives it: the node dies now.
        node = wait_for("its node", lambda: c.inspect(workflow).get(
            "generator", (None, None))[1])
        time.sleep(1)
        c.kill(node)
        self.count_to(reached + 60)
        self.assert_never_back(steps=40)


class Hibernation(Steps, SystemTest):
    def test_idle_functions_free_their_sandbox_and_wake(self):
        c = self.cluster
        c.start_all("n1")
        c.start([("generator", "message_generator", {"output": "log"},
                  {"init-payload": "message=hello,period=2000",
                   "isolation": "process", "hibernate_after_ms": "200"})],
                [LOG])
        self.count_to(0)
        wait_for("hibernation", lambda: not guests_of(c.running["n1"]))
        self.count_to(2)
        self.assertEqual(self.numbers(), sorted(set(self.numbers())))


class Migration(Steps, test_redis.RedisTest):
    def move(self, workflow):
        c = self.cluster
        _, source, instance = self.running(workflow)["generator"]
        other = {"n1": "n2", "n2": "n1"}[source]
        key = wait_for("the mirror", lambda: next(
            (key for key, text in self.redis.texts("instance:").items()
             if instance in text), None))
        intent = "intent:migrate:" + key
        self.redis.ask("SET", intent, c.node_ids[other])
        self.redis.ask("RPUSH", "intents", intent)
        wait_for("the move", lambda:
                 c.inspect(workflow)["generator"][1] == other)

    def migrate(self, **annotations):
        c = self.cluster
        self.start("n1", "n2")
        workflow = c.start([generator(**annotations)], [LOG])
        self.count_to(10)
        for _ in range(4):
            reached = max(self.numbers())
            self.move(workflow)
            self.count_to(reached + 10)
        numbers = self.numbers()
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_a_counter_goes_on_in_migrations(self):
        self.migrate()

    def test_a_counter_goes_on_in_migrations_of_sandboxes(self):
        self.migrate(isolation="process")


if __name__ == "__main__":
    unittest.main()
