# SPDX-License-Identifier: MIT
"""Functions that fill what their node keeps for them."""
import time
import unittest

from chaos import ChaosTest, canary, function, guest, memory_mib, workflow

LOOP = """struct %s {
  void handle_init(string_view, string_view) { cast("self", "t"); }
  void handle_cast(const instance_id&, string_view) {
    string s;
    s.reserve(1000000);
    for (int i = 0; i < %d; ++i)
      s.append("12345678");
    for (;;)
      %s;
  }
};"""


class Floods(ChaosTest):
    def setUp(self):
        super().setUp()
        self.cluster.start_all("n1")
        self.start(canary())
        self.goes_on()

    def flood(self, module, count, **annotations):
        for _ in range(count):
            self.start(workflow([function("flood", module, **annotations)]))

    def test_states_without_end(self):
        module = guest("syncer", LOOP % ("syncer", 125000, "sync(s)"))
        self.flood(module, 4, state_policy="Global")
        peak, end = 0, time.monotonic() + 6
        while time.monotonic() < end:
            peak = max(peak, memory_mib(self.cluster.running["n1"]))
            time.sleep(0.1)
        self.assertLess(peak, 500)
        self.goes_on(within=15)

    def test_log_lines_without_end(self):
        module = guest("logger", LOOP % ("logger", 2000,
                                         "log::info(string_view(s))"))
        self.flood(module, 1)
        time.sleep(4)
        self.assertLess(len(self.cluster.log("n1")), 10_000_000)
        self.assertIn("omitted", self.cluster.log("n1"))
        self.goes_on(within=15)


if __name__ == "__main__":
    unittest.main()
