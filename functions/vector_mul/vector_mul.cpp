// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

// Aligned to one element, so that rows of any length can be loaded.
typedef float four_floats __attribute__((vector_size(16), aligned(4)));

/// Multiplies its random matrix by the received vector; the client sends random
/// vectors: one after a second, then one for each that returns.
/// An event is the text `id,v1,...,vn`.
struct vector_mul {
  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    numbers = lcg(arguments.number<uint32_t>("seed", 0));
    is_client = arguments.flag("is_client");
    n = arguments.number<uint32_t>("input_size", 100);
    if (is_client)
      delayed_cast(1000, "self", "");
    else
      matrix = random_matrix(numbers, n);
  }

  void handle_cast(const instance_id&, string_view message) {
    if (is_client)
      send_next();
    else
      multiply(message);
  }

  void send_next() {
    if (last_id > 0)
      cast("metric", text("workflow:end:", last_id));
    ++last_id;
    auto payload = to_text(last_id, random_vector(numbers, n));
    cast("metric", text("workflow:begin:", last_id));
    cast("out", payload);
  }

  void multiply(string_view message) {
    auto comma = message.find(',');
    auto id = parse<uint32_t>(message.substr(0, comma)).value_or(0);
    vector<float> input;
    input.reserve(n);
    if (comma < message.size())
      split(message.substr(comma + 1), ',', [&](string_view number) {
        input.push_back(parse<float>(number).value_or(0));
      });
    check(input.size() == n, "vector_mul: wrong number of values");
    cast("metric", text("function:begin:", id));
    vector<float> output(n);
    for (uint32_t row = 0; row < n; ++row)
      output[row] = product(&matrix[size_t(row) * n], input.data(), n);
    cast("out", to_text(id, output));
    cast("metric", text("function:end:", id));
  }

  /// The scalar product. Eight independent sums hide the latency of the
  /// additions: the speed of the memory is the limit.
  static float product(const float* __restrict row,
                       const float* __restrict input, uint32_t n) {
    four_floats sums[8] = {};
    uint32_t i = 0;
    for (; i + 32 <= n; i += 32)
#pragma clang loop unroll(full)
      for (int k = 0; k < 8; ++k)
        sums[k] += *reinterpret_cast<const four_floats*>(row + i + 4 * k)
                   * *reinterpret_cast<const four_floats*>(input + i + 4 * k);
    auto sum = ((sums[0] + sums[1]) + (sums[2] + sums[3]))
               + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    auto result = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    for (; i < n; ++i)
      result += row[i] * input[i];
    return result;
  }

  static string to_text(uint32_t id, const vector<float>& values) {
    string out;
    out.reserve(16 + 12 * values.size());
    put(out, id);
    for (auto x : values) {
      out.push_back(',');
      put(out, x);
    }
    // An empty vector has one empty part after the id.
    if (values.empty())
      out.push_back(',');
    return out;
  }

  bool is_client = false;
  uint32_t n = 0;
  uint32_t last_id = 0; // Of the client.
  lcg numbers;
  vector<float> matrix; // Of the others, row by row.
};

EDGELESS_EXPORT(vector_mul)
