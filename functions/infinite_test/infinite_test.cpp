// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Never returns from its first event: for tests of hosts.
struct infinite_test {
  void handle_init(string_view, string_view) {
    delayed_cast(1000, "self", "");
  }

  void handle_cast(const instance_id&, string_view) {
    lcg numbers(42);
    for (uint64_t round = 1;; ++round) {
      log::info(round);
      for (int i = 0; i < 1000; ++i) {
        float sum = 0;
        for (auto x : random_vector(numbers, 1'000'000))
          sum += x;
        // Keeps the compiler from leaving the work out.
        sink = sum;
      }
    }
  }

  volatile float sink = 0;
};

EDGELESS_EXPORT(infinite_test)
