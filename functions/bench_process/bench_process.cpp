// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Works on each event by computing a Fibonacci number, digit by digit, and
/// passes it on to "out" if `forward` says so. Holds `allocate` bytes.
struct bench_process {
  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    forward = arguments.flag("forward");
    fibonacci = arguments.number<uint64_t>("fibonacci", 0);
    memory.reserve(arguments.number<uint32_t>("allocate", 0));
  }

  void handle_cast(const instance_id&, string_view message) {
    compute();
    if (forward)
      cast("out", message);
  }

  /// After n rounds, `low` is the n-th number of the sequence.
  void compute() {
    low.resize(0);
    high.resize(0);
    high.push_back(1);
    for (uint64_t i = 0; i < fibonacci; ++i)
      advance();
  }

  /// (low, high) becomes (high, low + high), in place: low is never longer.
  void advance() {
    low.resize(high.size());
    uint64_t carry = 0;
    for (size_t i = 0; i < high.size(); ++i) {
      auto next = high[i];
      carry += uint64_t(low[i]) + next;
      low[i] = next;
      high[i] = uint32_t(carry);
      carry >>= 32;
    }
    if (carry)
      high.push_back(uint32_t(carry));
  }

  bool forward = false;
  uint64_t fibonacci = 0;
  vector<char> memory;
  // Natural numbers to the base of 2^32, lowest digits first.
  vector<uint32_t> low, high;
};

EDGELESS_EXPORT(bench_process)
