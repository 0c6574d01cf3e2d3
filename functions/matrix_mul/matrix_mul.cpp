// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// With each event, multiplies its matrix by a new random one and passes the
/// number of the transaction on. The first one of a chain makes transactions:
/// one after a second, then one every `inter_arrival` milliseconds, or, with 0,
/// with each event that it gets; the last one ends them.
struct matrix_mul {
  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    numbers = lcg(arguments.number<uint32_t>("seed", 0));
    inter_arrival = arguments.number<uint64_t>("inter_arrival", 1000);
    is_first = arguments.flag("is_first");
    is_last = arguments.flag("is_last");
    n = arguments.number<uint32_t>("matrix_size", 100);
    split(arguments.get("outputs", "0"), ':', [&](string_view token) {
      if (auto number = parse<uint32_t>(token))
        add_output(number.value);
    });
    matrix = random_matrix(numbers, n);
    if (is_first)
      delayed_cast(1000, "self", "");
  }

  void add_output(uint32_t number) {
    auto name = text("out-", number);
    for (auto& other : outputs)
      if (string_view(other) == string_view(name))
        return;
    outputs.push_back(static_cast<string&&>(name));
  }

  void handle_cast(const instance_id&, string_view message) {
    auto id = is_first ? begin() : parse<uint64_t>(message).value_or(0);
    cast("metric", text("function:begin:", id));
    multiply();
    if (is_last) {
      cast("metric", text("workflow:end:", id));
      telemetry_log(5, "tend", text(id));
    }
    cast("metric", text("function:end:", id));
    for (auto& output : outputs)
      cast(output, text(id));
  }

  /// The number of a new transaction.
  uint64_t begin() {
    if (inter_arrival > 0)
      delayed_cast(inter_arrival, "self", "");
    cast("metric", text("workflow:begin:", next_id));
    telemetry_log(5, "tbegin", text(next_id));
    return next_id++;
  }

  /// Row by row of the result, so that all three are read in their order.
  void multiply() {
    auto other = random_matrix(numbers, n);
    vector<float> result(size_t(n) * n);
    for (uint32_t i = 0; i < n; ++i) {
      auto* __restrict out = &result[size_t(i) * n];
      for (uint32_t k = 0; k < n; ++k) {
        auto factor = matrix[size_t(i) * n + k];
        const auto* __restrict row = &other[size_t(k) * n];
        for (uint32_t j = 0; j < n; ++j)
          out[j] += factor * row[j];
      }
    }
    matrix = static_cast<vector<float>&&>(result);
  }

  uint64_t inter_arrival = 0; // Milliseconds, of the first one.
  bool is_first = false;
  bool is_last = false;
  uint32_t n = 0;
  uint64_t next_id = 0; // Of the first one.
  vector<string> outputs;
  lcg numbers;
  vector<float> matrix; // Row by row.
};

EDGELESS_EXPORT(matrix_mul)
