# SPDX-License-Identifier: MIT
"""The example of the documentation: scripts/walkthrough.sh compares what each
command prints with what the documentation shows. And the first command of the
README."""
import os
import subprocess
import unittest

from cluster import BIN, ROOT


class Walkthrough(unittest.TestCase):
    def test_each_command_does_what_the_documentation_shows(self):
        done = subprocess.run(
            [ROOT / "scripts/walkthrough.sh"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=540,
            env=dict(os.environ, EDGELESS_BIN=str(BIN)))
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])

    def test_the_demo_shows_a_failover_and_a_migration(self):
        done = subprocess.run(
            [ROOT / "scripts/demo.sh"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])


if __name__ == "__main__":
    unittest.main()
