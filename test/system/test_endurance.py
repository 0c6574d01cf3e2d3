# SPDX-License-Identifier: MIT
"""Endurance: unknown clients at all ports, and a thousand workflows, leave no
threads, files or memory behind."""
import os
import pathlib
import random
import re
import signal
import socket
import time
import unittest

from cluster import GENERATOR, LOG, SystemTest, wait_for

# Headers that kill an unguarded CAF listener, see BASP: op, pad, flags, size.
CRASHES = [bytes([op, 0, 0, 0]) + size.to_bytes(4, "big") + bytes(24)
           for op in range(8) for size in (0, 1, 2 ** 31, 2 ** 32 - 1)]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class UnknownClients(SystemTest):
    def test_garbage_and_silence_on_every_port(self):
        c = self.cluster
        c.start_all("n1", "n2")
        c.start([GENERATOR], [LOG])
        ports = [c.controller_port, c.orchestrator_port, *c.ports.values()]
        rng = random.Random(1)
        silent = []
        for port in ports:
            for number in range(60):
                s = socket.create_connection(("127.0.0.1", port), timeout=5)
                if number % 3 == 0:
                    silent.append(s)
                    continue
                try:
                    s.sendall(CRASHES[number % len(CRASHES)] if number % 3 == 1
                              else rng.randbytes(200))
                except OSError:
                    pass  # the program has already closed it
                s.close()
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 5)
        self.assertEqual(c.cli("domain", "list").stdout,
                         "domain domain-1 (2 nodes)\n")
        for name, process in c.running.items():
            self.assertIsNone(process.poll(), name)
            self.assertLess(resident_kib(process.pid), 200 * 1024, name)
        # Silent connections are closed.
        for s in silent:
            s.settimeout(20)
            try:
                self.assertEqual(s.recv(1), b"")
            except ConnectionResetError:
                pass
            s.close()


class ManyWorkflows(SystemTest):
    def test_a_thousand_workflows_leave_nothing_behind(self):
        c = self.cluster
        c.start_all("n1")
        file = c.workflow([("sink", "noop", {}, {}),
                           ("source", "incr", {"result": "sink"}, {})])

        def round_of(count):
            for _ in range(count):
                c.cli("workflow", "start", file)
            self.assertEqual(len(c.cli("workflow", "list").stdout.split()),
                             count)
            c.cli("workflow", "stop", "all")

        def settled(measure):
            """The minimum of several readings: instances that are being
            stopped do not count."""
            values = []
            for _ in range(10):
                values.append({name: measure(x.pid)
                               for name, x in c.running.items()})
                time.sleep(0.1)
            return {name: min(v[name] for v in values) for name in values[0]}

        for _ in range(2):
            round_of(100)
        before = {m: settled(m) for m in (descriptors, threads, resident_kib)}
        for _ in range(8):
            round_of(100)
        for name in c.running:
            for measure in (descriptors, threads):
                after = settled(measure)[name]
                self.assertLessEqual(after, before[measure][name] + 2,
                                     (name, measure))
            grown = settled(resident_kib)[name] - before[resident_kib][name]
            self.assertLess(grown, 16 * 1024, name)


class Blocking(SystemTest):
    keep_alive = 20  # longer than the consumer is stopped

    def test_on_full_block_loses_nothing_while_the_consumer_is_stopped(self):
        c = self.cluster
        c.add_node_file("n1", labels=["near"], file_log=False)
        c.add_node_file("n2")
        c.start_all("n1", "n2")
        c.start([("generator", "message_generator", {"output": "log"},
                  {"init-payload": "message=hello,period=1",
                   "label_match_all": "near", "on_full.output": "block"})],
                [("log", "file-log", {"filename": "events.log"})])

        def numbers():
            return [int(re.search(r"\[#(\d+)\]", x)[1])
                    for x in c.lines("events.log")[:-1]]
        wait_for("events", lambda: len(numbers()) > 100)
        c.signal("n2", signal.SIGSTOP)
        time.sleep(4)
        before = len(numbers())
        c.signal("n2", signal.SIGCONT)
        wait_for("events", lambda: len(numbers()) > before + 2000)
        all_of_them = numbers()
        self.assertEqual(all_of_them, list(range(len(all_of_them))))
        # The payload in the queue, and once the payload in flight.
        repeats = sum(map(int, re.findall(r"(\d+) repeated", c.log("n2"))))
        self.assertLess(repeats, 2000)


if __name__ == "__main__":
    unittest.main()
