# SPDX-License-Identifier: MIT
"""The life cycle of the programs: start in any order, failure, and shutdown."""
import fcntl
import itertools
import os
import signal
import unittest

from cluster import BIN, GENERATOR, LOG, SystemTest, wait_for


class Lifecycle(SystemTest):
    def test_programs_start_in_any_order(self):
        for order in itertools.permutations(["controller", "orchestrator",
                                             "node"]):
            with self.subTest(order=order):
                self.setUp()
                c = self.cluster
                c.add_node_file("n1")
                for role in order:
                    {"controller": c.start_controller,
                     "orchestrator": c.start_orchestrator,
                     "node": lambda: c.start_node("n1")}[role]()
                c.wait_for_nodes(1)
                c.start([GENERATOR], [LOG])
                wait_for("events", lambda: len(c.lines("events.log")) > 2)
                c.close()

    def test_every_program_ends_within_two_seconds(self):
        c = self.cluster
        c.start_all("n1", "n2")
        c.start([GENERATOR], [LOG])
        for name in ["n1", "orchestrator", "controller", "n2"]:
            code, seconds = c.terminate(name)
            self.assertEqual(code, 0, name)
            self.assertLess(seconds, 2, name)

    def test_a_box_ends_at_once_with_any_number_of_nodes(self):
        for nodes in (1, 3, 10):
            with self.subTest(nodes=nodes):
                folder = self.cluster.folder / f"box{nodes}"
                folder.mkdir()
                # A network of its own: a box has fixed ports.
                self.cluster.launch(
                    f"box{nodes}", "/usr/bin/unshare", "-rn", "sh", "-c",
                    'ip link set lo up && cd "$0" && '
                    '{ [ "$2" != 1 ] || "$1" -t; } && exec "$1" -n "$2"',
                    folder, BIN / "edgeless_inabox", str(nodes))
                wait_for("the nodes", lambda: self.cluster.log(
                    f"box{nodes}").count("joined orchestrator") >= nodes)
                code, seconds = self.cluster.terminate(f"box{nodes}")
                self.assertEqual(code, 0)
                self.assertLess(seconds, 1.75)
                self.assertNotIn("shutdown timed out",
                                 self.cluster.log(f"box{nodes}"))

    def test_a_hangup_ends_no_program(self):
        c = self.cluster
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        for name in ["n1", "orchestrator", "controller"]:
            c.signal(name, signal.SIGHUP)
        wait_for("all to log it", lambda: all(
            "SIGHUP" in c.log(x) for x in ["n1", "orchestrator",
                                           "controller"]))
        seen = len(c.lines("events.log"))
        wait_for("events", lambda: len(c.lines("events.log")) > seen + 5)
        self.assertEqual(c.log("n1").count("joined orchestrator"), 1)

    def test_a_renamed_log_is_created_again(self):
        c = self.cluster
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)
        (c.folder / "events.log").rename(c.folder / "events.log.1")
        wait_for("more events", lambda: len(c.lines("events.log")) > 2)

    def test_a_workflow_reaches_no_file_of_its_node(self):
        c = self.cluster
        c.start_all("n1")
        before = (c.folder / "n1.toml").read_text()
        for file in ("n1.toml", str(c.folder / "n1.toml"), "../n1.log",
                     "/dev/null"):
            workflow = c.start(
                [GENERATOR], [("log", "file-log", {"filename": file})])
            text = c.cli("workflow", "inspect", workflow).stdout
            self.assertIn(f"cannot open {file}: ", text)
            c.cli("workflow", "stop", workflow)
        self.assertEqual((c.folder / "n1.toml").read_text(), before)

    def test_a_node_ends_in_time_though_a_guest_spins(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([("spinner", "infinite_test", {}, {})])
        _, _, instance = c.inspect(workflow)["spinner"]
        c.cli("function", "invoke", "cast",
              f"http://127.0.0.1:{c.ports['n1']}", c.node_ids["n1"], instance,
              "go")
        # The guest spins; the node still replies.
        c.wait_for_nodes(1)
        code, seconds = c.terminate("n1")
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2)

    def test_a_workflow_with_a_spinning_guest_is_stopped(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([("spinner", "infinite_test", {}, {})])
        _, _, instance = c.inspect(workflow)["spinner"]
        c.cli("function", "invoke", "cast",
              f"http://127.0.0.1:{c.ports['n1']}", c.node_ids["n1"], instance,
              "go")
        self.assertEqual(c.cli("workflow", "stop", workflow).stdout,
                         f"Workflow {workflow} stopped\n")
        wait_for("the guest to go", lambda: f"{instance} exited" in
                 c.log("n1"))

    def test_a_second_process_with_the_same_id_is_refused(self):
        c = self.cluster
        c.start_all("n1")
        c.add_node_file("twin", node_id=c.node_ids["n1"])
        c.start_node("twin")
        wait_for("the refusal", lambda: "node_id already in use" in
                 c.log("twin"))
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)


class UnreadLog(SystemTest):
    keep_alive = 0.5

    def launch(self, name, program, *arguments):
        """Launches a program with a pipe of one page for its log; returns the
        reading end."""
        out, into = os.pipe()
        self.addCleanup(os.close, out)
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
        self.cluster.launch(name, program, *arguments, "--log-level", "debug",
                            log=into)
        os.close(into)
        return out

    def test_programs_with_a_blocked_log_keep_working_and_end(self):
        c = self.cluster
        c.add_node_file("n1")
        logs = {"controller": self.launch("controller", "edgeless_con_d"),
                "orchestrator": self.launch("orchestrator", "edgeless_orc_d"),
                "n1": self.launch("n1", "edgeless_node_d", "-c", "n1.toml")}
        c.wait_for_nodes(1)
        for _ in range(30):
            c.cli("workflow", "stop", c.start([GENERATOR], [LOG]))
        workflow = c.start([GENERATOR], [LOG])
        seen = len(c.lines("events.log"))
        wait_for("events", lambda: len(c.lines("events.log")) > seen + 20)
        self.assertEqual(c.inspect(workflow)["generator"][:2],
                         ("running", "n1"))
        for name, log in logs.items():
            code, seconds = c.terminate(name)
            self.assertEqual(code, 0, name)
            self.assertLess(seconds, 2, name)
            # It has logged more than the pipe can hold.
            self.assertGreater(len(os.read(log, 8192)), 3500, name)


class ClosedStreams(SystemTest):
    def test_closed_standard_streams_are_not_reused_for_connections(self):
        c = self.cluster
        for name, program in [("controller", "edgeless_con_d"),
                              ("orchestrator", "edgeless_orc_d")]:
            c.launch(name, "/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-',
                     BIN / program)
        c.wait_for_nodes(0)
        for name in ["controller", "orchestrator"]:
            pid = c.running[name].pid
            self.assertEqual([os.readlink(f"/proc/{pid}/fd/{i}")
                              for i in range(3)], ["/dev/null"] * 3, name)
            self.assertEqual(c.terminate(name)[0], 0)


class Fairness(SystemTest):
    keep_alive = 0.5

    def test_a_hundred_spinning_guests_starve_no_other_instance(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([(f"spinner-{i}", "infinite_test", {}, {})
                            for i in range(100)])
        for _, _, instance in c.inspect(workflow).values():
            c.cli("function", "invoke", "cast",
                  f"http://127.0.0.1:{c.ports['n1']}", c.node_ids["n1"],
                  instance, "go")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 3)
        # Neither the node nor its connections have waited for a guest.
        self.assertNotIn("lost node", c.log("orchestrator"))
        code, seconds = c.terminate("n1")
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2.1)


class Loss(SystemTest):
    keep_alive = 0.5

    def start_generator_on(self, node):
        """Starts the workflow until the generator is on that node."""
        c = self.cluster
        for _ in range(4):
            workflow = c.start([GENERATOR], [LOG])
            if c.inspect(workflow)["generator"][1] == node:
                return workflow
            c.cli("workflow", "stop", workflow)
        self.fail("never placed on " + node)

    def two_nodes(self):
        c = self.cluster
        c.add_node_file("n1")
        c.add_node_file("n2", file_log=False)
        c.start_all("n1", "n2")
        return c, self.start_generator_on("n2")

    def test_a_killed_node_is_replaced(self):
        c, workflow = self.two_nodes()
        wait_for("events from n2", lambda: any(
            c.node_ids["n2"] in x for x in c.lines("events.log")))
        c.kill("n2")
        wait_for("events from n1", lambda: any(
            "from node_id " + c.node_ids["n1"] in x
            for x in c.lines("events.log")))
        self.assertEqual(c.inspect(workflow)["generator"][:2],
                         ("running", "n1"))

    def test_a_silent_node_is_lost_and_rejoins(self):
        c, workflow = self.two_nodes()
        c.signal("n2", signal.SIGSTOP)
        wait_for("the move", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", "n1"))
        c.signal("n2", signal.SIGCONT)
        c.wait_for_nodes(2)
        # Its old instance is stopped: only the generator on n1 continues.
        wait_for("the old copy to go", lambda: "exited: ok" in c.log("n2"))
        self.assertEqual(c.inspect(workflow)["generator"][:2],
                         ("running", "n1"))
        # Events of its fenced session are refused.
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 5)
        tail = c.lines("events.log")[seen + 2:]
        self.assertFalse([x for x in tail if c.node_ids["n2"] in x])

    def test_a_component_without_a_feasible_node_stays_pending(self):
        c = self.cluster
        c.add_node_file("n1")
        c.add_node_file("n2", labels=["special"], file_log=False)
        c.start_all("n1", "n2")
        name, kind, outputs, annotations = GENERATOR
        workflow = c.start([(name, kind, outputs,
                             annotations | {"label_match_all": "special"})],
                           [LOG])
        self.assertEqual(c.inspect(workflow)["generator"][:2],
                         ("running", "n2"))
        c.kill("n2")
        wait_for("it to be pending", lambda: c.inspect(workflow)["generator"]
                 [0] == "pending")
        self.assertIn("special", c.cli("workflow", "inspect", workflow).stdout)
        c.start_node("n2")
        wait_for("its return", lambda: c.inspect(workflow)["generator"][:2]
                 == ("running", "n2"))


if __name__ == "__main__":
    unittest.main()
