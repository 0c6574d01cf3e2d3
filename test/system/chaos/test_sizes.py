# SPDX-License-Identifier: MIT
"""Workflows near and beyond the limits of what travels in one message."""
import json
import unittest

from chaos import ChaosTest, canary, function, workflow


class Sizes(ChaosTest):
    def setUp(self):
        super().setUp()
        self.cluster.start_all("n1")
        self.start(canary())

    def check_others(self, faults=("is gone", "broken", "too_large")):
        c = self.cluster
        self.goes_on()
        self.start(workflow([function("other", "noop")]))
        c.cli("workflow", "inspect", "all")
        for name in ("controller", "orchestrator"):
            log = c.log(name)
            for word in faults:
                self.assertNotIn(word, log)

    def test_reasons_of_a_thousand_pending_components(self):
        c = self.cluster
        many = [function(f"f{k}", "noop", label_match_all="L" * 700)
                for k in range(1000)]
        c.write("many.json", json.dumps(workflow(many)))
        done = c.cli("workflow", "start", "--wait-for-nodes", "many.json",
                     check=False)
        if done.returncode != 0:
            self.assertRegex(done.stderr, "large|bytes|more than")
        self.check_others()

    def test_a_payload_that_is_too_large_is_refused_with_a_sentence(self):
        done = self.start(workflow([function(
            "a", "noop", **{"init-payload": "A" * 3_000_000})]), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "large|bytes|more than")
        self.check_others()

    def test_the_largest_workflow_outlives_restarts(self):
        c = self.cluster
        large = [function(f"f{k}", "noop", **{"init-payload": "A" * 700})
                 for k in range(900)]
        id = self.start(workflow(large))
        for name, start in (("orchestrator", c.start_orchestrator),
                            ("controller", c.start_controller)):
            c.kill(name)
            start()
            c.wait_for_nodes(1)
        self.assertEqual({x[0] for x in c.inspect(id).values()}, {"running"})
        self.check_others(["too_large"])


if __name__ == "__main__":
    unittest.main()
