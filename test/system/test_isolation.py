# SPDX-License-Identifier: MIT
"""Functions with isolation = process: they run, migrate and are restarted."""
import os
import pathlib
import signal
import unittest

import test_redis
from cluster import LOG, SystemTest, wait_for

APART = ("generator", "message_generator", {"output": "log"},
         {"init-payload": "message=hello,period=50", "isolation": "process"})


def guests_of(process):
    """The pids of the sandbox processes of a node."""
    found = []
    for task in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children"):
        for pid in task.read_text().split():
            command = pathlib.Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"--run-guest" in command.read_bytes():
                found.append(int(pid))
    return found


class Steps:
    def guest(self, name):
        return wait_for("a process of a guest",
                        lambda: guests_of(self.cluster.running[name]))

    def more_events(self):
        c = self.cluster
        seen = len(c.lines("events.log"))
        wait_for("events", lambda: len(c.lines("events.log")) > seen + 2)


class Isolation(Steps, SystemTest):
    def test_a_sandboxed_function_works(self):
        c = self.cluster
        c.start_all("n1")
        c.start([APART], [LOG])
        self.more_events()
        self.assertEqual(len(self.guest("n1")), 1)

    def test_a_killed_sandbox_is_a_crash_and_is_restarted(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([APART], [LOG])
        self.more_events()
        before = c.inspect(workflow)["generator"]

        os.kill(self.guest("n1")[0], signal.SIGKILL)

        wait_for("another instance", lambda:
                 c.inspect(workflow).get("generator", before)[2]
                 not in (None, before[2]))
        self.more_events()
        self.assertIn("its process was killed by signal 9", c.log("n1"))

    def test_the_sandboxes_of_a_killed_node_end(self):
        c = self.cluster
        c.start_all("n1")
        c.start([APART], [LOG])
        self.more_events()
        pid = self.guest("n1")[0]

        c.kill("n1")

        wait_for("its end", lambda: not pathlib.Path(f"/proc/{pid}").exists()
                 or ") Z " in pathlib.Path(f"/proc/{pid}/stat").read_text())

    def test_a_stopped_workflow_ends_its_sandboxes(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([APART], [LOG])
        self.guest("n1")
        c.cli("workflow", "stop", workflow)
        wait_for("its end", lambda: not guests_of(c.running["n1"]))


class Migration(Steps, test_redis.RedisTest):
    def test_a_sandboxed_function_migrates_to_another_node(self):
        c = self.cluster
        self.start("n1", "n2")
        workflow = c.start([APART], [LOG])
        self.more_events()
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
        self.more_events()
        self.assertEqual(len(self.guest(other)), 1)
        wait_for("the old one to go",
                 lambda: not guests_of(c.running[source]))


if __name__ == "__main__":
    unittest.main()
