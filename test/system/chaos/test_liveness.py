# SPDX-License-Identifier: MIT
"""/livez of programs of which one thread stands still: ptrace stops it."""
import contextlib
import ctypes
import os
import pathlib
import time
import unittest
import urllib.error
import urllib.request

from chaos import ChaosTest, wait_for

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def standing_still(thread):
    ptrace(SEIZE, thread)
    try:
        ptrace(INTERRUPT, thread)
        os.waitpid(thread, 0x40000000)  # __WALL
        yield
    finally:
        ptrace(DETACH, thread)


class Liveness(ChaosTest):
    def livez(self, name):
        url = self.cluster.metrics_url(name) + "/livez"
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode()

    def threads(self, name, kind):
        folder = pathlib.Path(f"/proc/{self.cluster.running[name].pid}/task")
        return [int(x.name) for x in folder.iterdir()
                if (x / "comm").read_text().strip() == kind]

    def named(self, kind, parts):
        """Stops all threads of a kind: each program names that part."""
        with contextlib.ExitStack() as stopped:
            for name in parts:
                for thread in self.threads(name, kind):
                    stopped.enter_context(standing_still(thread))
            for name, part in parts.items():
                status, text = wait_for(
                    f"{name} is not alive",
                    lambda: (lambda x: x if x[0] != 200 else None)(
                        self.livez(name)), 15)
                self.assertEqual(status, 503)
                self.assertRegex(text, f"^({part}) has not answered for 1\\d s")
        for name in parts:
            wait_for(f"{name} lives again",
                     lambda: self.livez(name)[0] == 200)

    def test_each_program_names_the_part_that_hangs(self):
        c = self.cluster
        c.start_all("n1")
        time.sleep(12)  # longer than an answer may take
        roots = {"controller": "the CONTROLLER",
                 "orchestrator": "the ORCHESTRATOR", "n1": "the NODE"}
        for name in roots:
            self.assertEqual(self.livez(name), (200, "ok\n"), name)
        try:
            with standing_still(c.running["n1"].pid):
                pass
        except OSError as problem:
            self.skipTest(f"no ptrace: {problem}")

        # Detached actors have threads of this name...
        self.named("caf.actor", roots)
        # ...and these are the network thread and the pool.
        self.named("caf.multiplexer", {
            name: "the network thread|the thread pool" for name in roots})


if __name__ == "__main__":
    unittest.main()
