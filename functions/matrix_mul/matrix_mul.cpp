// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

// Aligned to one element, so that rows of any length can be loaded.
typedef float four_floats __attribute__((vector_size(16), aligned(4)));

/// The sums of a tile of the result stay in registers; matrices are padded with
/// zeros to whole tiles. The factors are multiplied in blocks that stay in the
/// caches: `depth` columns of the first and rows of the second factor, and
/// `height` rows of the first.
constexpr uint32_t tile_rows = 4, tile_columns = 8, depth = 256, height = 64;

constexpr uint32_t whole(uint32_t n, uint32_t tile) {
  return (n + tile - 1) / tile * tile;
}

/// With each event, multiplies its matrix by a new random one and passes the
/// number of the transaction on. The first function of a chain begins
/// transactions: one after a second, then one every `inter_arrival`
/// milliseconds, or, with 0, one with each event; the last function ends them.
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
    matrix = make_matrix();
    for (uint32_t i = 0; i < n; ++i)
      numbers.fill(&matrix[i * stride()], n);
    other = make_matrix();
    result = make_matrix();
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
    if (is_last)
      cast("metric", text("workflow:end:", id));
    cast("metric", text("function:end:", id));
    for (auto& output : outputs)
      cast(output, text(id));
  }

  /// The number of a new transaction.
  uint64_t begin() {
    if (inter_arrival > 0)
      delayed_cast(inter_arrival, "self", "");
    cast("metric", text("workflow:begin:", next_id));
    return next_id++;
  }

  size_t stride() const {
    return whole(n, tile_columns);
  }

  /// A zero matrix for either order.
  vector<float> make_matrix() const {
    check(n < 32768, "out of memory");
    return vector<float>(whole(n, tile_rows) * stride());
  }

  /// The next random matrix, the second factor: stored by columns of tiles, in
  /// the order in which it is read.
  void fill_other() {
    for (uint32_t k = 0; k < n; ++k)
      for (uint32_t j = 0; j < n; j += tile_columns)
        numbers.fill(&other[size_t(j) * n + size_t(k) * tile_columns],
                     j + tile_columns <= n ? tile_columns : n - j);
  }

  /// Each sum in the order of its definition, whatever the order of tiles.
  void multiply() {
    fill_other();
    for (uint32_t k = 0; k < n; k += depth)
      for (uint32_t top = 0; top < n; top += height)
        for (uint32_t j = 0; j < n; j += tile_columns)
          for (uint32_t i = top; i < n && i < top + height; i += tile_rows)
            multiply_tile(&matrix[i * stride() + k],
                          &other[size_t(j) * n + size_t(k) * tile_columns],
                          &result[i * stride() + j], stride(),
                          n - k < depth ? n - k : depth, k == 0);
    auto swap = static_cast<vector<float>&&>(matrix);
    matrix = static_cast<vector<float>&&>(result);
    result = static_cast<vector<float>&&>(swap);
  }

  /// Adds the product of rows and a column of tiles to `sums`, or sets it.
  static void multiply_tile(const float* __restrict rows,
                            const float* __restrict column,
                            float* __restrict sums, size_t stride,
                            uint32_t depth, bool is_first) {
    four_floats left[tile_rows] = {}, right[tile_rows] = {};
    if (!is_first)
#pragma clang loop unroll(full)
      for (uint32_t r = 0; r < tile_rows; ++r) {
        left[r] = at(sums + r * stride);
        right[r] = at(sums + r * stride + 4);
      }
    for (uint32_t k = 0; k < depth; ++k, column += tile_columns) {
      auto a = at(column), b = at(column + 4);
#pragma clang loop unroll(full)
      for (uint32_t r = 0; r < tile_rows; ++r) {
        auto factor = rows[r * stride + k];
        left[r] += factor * a;
        right[r] += factor * b;
      }
    }
#pragma clang loop unroll(full)
    for (uint32_t r = 0; r < tile_rows; ++r) {
      at(sums + r * stride) = left[r];
      at(sums + r * stride + 4) = right[r];
    }
  }

  static const four_floats& at(const float* x) {
    return *reinterpret_cast<const four_floats*>(x);
  }
  static four_floats& at(float* x) {
    return *reinterpret_cast<four_floats*>(x);
  }

  uint64_t inter_arrival = 0; // Milliseconds; of the first function.
  bool is_first = false;
  bool is_last = false;
  uint32_t n = 0;
  uint64_t next_id = 0; // Of the first function.
  vector<string> outputs;
  lcg numbers;
  vector<float> matrix, result; // Row by row.
  vector<float> other;          // By columns of tiles.
};

EDGELESS_EXPORT(matrix_mul)
