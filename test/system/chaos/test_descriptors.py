# SPDX-License-Identifier: MIT
"""Programs without free file descriptors."""
import socket
import time
import unittest

from chaos import (ChaosTest, canary, descriptors, file_log, processor_time,
                   wait_for, workflow)

FEW = ["prlimit", "--nofile=256:256"]


class Descriptors(ChaosTest):
    def exhaust(self):
        """A node whose workflows want more files than it may open."""
        c = self.cluster
        c.start_controller()
        c.start_orchestrator()
        self.start_node("n1", *FEW)
        c.wait_for_nodes(1)
        self.start(canary())
        self.goes_on()
        return self.start(workflow([], [file_log(f"r{k}", "r.log")
                                        for k in range(400)]))

    def test_a_node_keeps_descriptors_for_itself(self):
        c = self.cluster
        big = self.exhaust()
        phases = [x[0] for x in c.inspect(big).values()]
        self.assertGreater(phases.count("running"), 100)
        self.assertGreater(phases.count("pending"), 100)
        self.assertIn("too many files and connections are open",
                      c.cli("workflow", "inspect", big).stdout)
        self.assertLess(descriptors(c.running["n1"]), 256)
        self.assertTrue(c.scrape("n1"))

        c.kill("orchestrator")
        c.start_orchestrator()

        c.wait_for_nodes(1)
        self.goes_on()
        self.assertTrue(c.scrape("n1"))
        c.cli("workflow", "stop", big)
        self.start(workflow([], [file_log("after", "after.log")]))

    def test_it_does_not_spin_while_it_is_scraped(self):
        self.exhaust()
        node = self.cluster.running["n1"]
        waiting = [socket.create_connection(
            ("127.0.0.1", self.cluster.metrics["n1"])) for _ in range(80)]
        self.addCleanup(lambda: [x.close() for x in waiting])
        before = processor_time(node)
        self.silence("canary.log", 3)
        self.assertLess(processor_time(node) - before, 1.5)

    def test_silent_clients_take_the_descriptors_of_any_program(self):
        c = self.cluster
        c.launch("controller", "edgeless_con_d", before=FEW)
        c.launch("orchestrator", "edgeless_orc_d", before=FEW)
        self.start_node("n1", *FEW)
        c.wait_for_nodes(1)
        self.start(canary())
        for name, port in (("controller", c.controller_port),
                           ("orchestrator", c.orchestrator_port),
                           ("n1", c.ports["n1"])):
            process = c.running[name]
            clients = [socket.create_connection(("127.0.0.1", port), timeout=2)
                       for _ in range(300)]
            before = processor_time(process)
            time.sleep(2)
            self.assertLess(processor_time(process) - before, 1, name)
            self.assertIsNone(process.poll(), name)
            wait_for(f"{name} serves again", lambda: c.cli(
                "workflow", "list", check=False).returncode == 0)
            self.goes_on()
            for x in clients:
                x.close()


if __name__ == "__main__":
    unittest.main()
