# SPDX-License-Identifier: MIT
"""Disks that are full, or that do not answer."""
import contextlib
import os
import pathlib
import re
import subprocess
import unittest

from chaos import ChaosTest, canary, file_log, function, modules, workflow

# Blocks in write() to files named stuck*, as a network mount whose server is
# away does.
HANGING_WRITES = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t write(int fd, const void* data, size_t size) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = 0;
  if (strstr(path, "/stuck"))
    for (;;)
      pause();
  return syscall(SYS_write, fd, data, size);
}
"""


class HangingDisk(ChaosTest):
    def test_files_that_hang_stop_no_other_function(self):
        c = self.cluster
        library = pathlib.Path(modules.name) / "hanging_writes.so"
        subprocess.run(["clang", "-shared", "-fPIC", "-x", "c", "-", "-o",
                        library], input=HANGING_WRITES.encode(), check=True)
        c.start_controller()
        c.start_orchestrator()
        self.start_node("n1", "env", f"LD_PRELOAD={library}")
        c.wait_for_nodes(1)
        self.start(canary())
        self.goes_on()

        # More than the node has threads in its pool.
        stuck = self.start(workflow(
            [function(f"f{k}", "message_generator", {"output": f"log{k}"},
                      **{"init-payload": "message=m,period=50"})
             for k in range(16)],
            [file_log(f"log{k}", f"stuck{k}") for k in range(16)]))
        self.assertLess(self.silence("canary.log", 4), 1.5)
        self.start(workflow([function("other", "noop")]))
        self.assertEqual(c.lines("stuck0"), [])
        c.cli("workflow", "stop", stuck)
        self.goes_on()


@unittest.skipUnless(os.geteuid() == 0, "mounts a file system")
class FullDisk(ChaosTest):
    def setUp(self):
        super().setUp()
        self.disk = self.cluster.folder / "disk"
        self.disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k",
                               "tmpfs", self.disk], capture_output=True)
        if done.returncode != 0:
            self.skipTest("cannot mount a file system")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])

    def fill(self):
        with contextlib.suppress(OSError), \
                open(self.disk / "fill", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def test_everything_goes_on_when_there_is_room_again(self):
        c = self.cluster
        text = (c.folder / "controller.toml").read_text()
        c.write("controller.toml",
                'persistence_filename = "disk/controller.save"\n' + text)
        c.start_all("n1")
        first = self.start(canary("disk/x.log"))
        self.goes_on("disk/x.log")

        self.fill()
        self.silence("disk/x.log", 1)
        refused = self.start(workflow([function("o", "noop")]), check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(first, c.cli("workflow", "list").stdout)
        os.unlink(self.disk / "fill")

        self.start(workflow([function("o", "noop")]))
        self.goes_on("disk/x.log")
        for line in c.lines("disk/x.log"):
            self.assertTrue(re.fullmatch(r"from .* \[#\d+\]: c", line), line)


if __name__ == "__main__":
    unittest.main()
