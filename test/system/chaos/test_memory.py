# SPDX-License-Identifier: MIT
"""A function that eats memory, on nodes in control groups of 300 MiB."""
import os
import pathlib
import time
import unittest

from chaos import ChaosTest, canary, function, guest, workflow

GROUPS = pathlib.Path("/sys/fs/cgroup/memory")  # version 1

EATER = """struct eater {
  void handle_init(string_view, string_view) { cast("self", "t"); }
  void handle_cast(const instance_id&, string_view) {
    s.reserve(s.size() + 20000000);
    for (int i = 0; i < 2500000; ++i)
      s.append("12345678");
    delayed_cast(100, "self", "t");
  }
  string s;
};"""


@unittest.skipUnless(os.access(GROUPS, os.W_OK), "no control groups")
class Memory(ChaosTest):
    def group(self, name):
        """A command that runs another one in a new group."""
        folder = GROUPS / f"edgeless-{os.getpid()}-{name}"
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(300 << 20))
        self.groups.append(folder)
        return ["sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "-"]

    def setUp(self):
        super().setUp()
        self.groups = []

    def tearDown(self):
        super().tearDown()
        for name in list(self.cluster.running):
            self.cluster.kill(name)
        for folder in self.groups:
            folder.rmdir()

    def test_it_ends_no_node(self):
        c = self.cluster
        c.start_controller()
        c.start_orchestrator()
        names = ["n1", "n2"]
        for name in names:
            self.start_node(name, *self.group(name))
        c.wait_for_nodes(2)
        for name in names:
            self.start(canary(name + ".events", **self.on(name)))
            self.goes_on(name + ".events")

        self.start(workflow([function("eater", guest("eater", EATER))]))
        end = time.monotonic() + 12
        while time.monotonic() < end:
            for name in names:
                self.assertIsNone(c.running[name].poll(), name)
            time.sleep(0.2)
        for name in names:
            self.goes_on(name + ".events")


if __name__ == "__main__":
    unittest.main()
