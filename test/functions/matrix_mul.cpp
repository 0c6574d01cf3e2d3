// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::guest_instance;
using edgeless::test::lines;
using edgeless::test::shared_isolation;

namespace {

/// The reference implementation, with three plain loops.
struct reference_matrix {
  explicit reference_matrix(std::uint32_t seed, std::size_t n)
    : seed{seed}, n{n}, rows{random()} {
    // nop
  }

  /// The random number generator of EDGELESS' matrix_mul.
  std::vector<float> random() {
    std::vector<float> result(n * n);
    for (auto& x : result) {
      seed = (1103515245 * seed + 12345) & 0x7fffffff;
      x = static_cast<float>(seed) / 2147483648.F;
    }
    return result;
  }

  void multiply() {
    auto other = random();
    std::vector<float> result(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < n; ++k)
          result[i * n + j] += rows[i * n + k] * other[k * n + j];
    rows = result;
  }

  std::string bytes() const {
    return {reinterpret_cast<const char*>(rows.data()),
            rows.size() * sizeof(float)};
  }

  std::uint32_t seed;
  std::size_t n;
  std::vector<float> rows;
};

} // namespace

TEST_CASE("matrix_mul: multiplies its matrix by a random one per event, for "
          "sizes on and off its tile borders") {
  for (std::size_t n : {1, 3, 8, 61, 70, 256, 301}) {
    guest_instance<shared_isolation> x{"matrix"};
    x.handle(hook::init, "seed=7,matrix_size=" + std::to_string(n));
    reference_matrix own{7, n};
    for (auto id : {"4", "5"}) {
      x.handle(hook::cast, id);
      own.multiply();
      CHECK_MESSAGE(x.host.journal.back() == "matrix: " + own.bytes(), n);
    }
  }
}

TEST_CASE(
  "matrix_mul: the last stage ends the transaction and forwards its number") {
  guest_instance<shared_isolation> x{"matrix"};
  x.handle(hook::init, "matrix_size=2,is_last=true,outputs=0:3");
  x.handle(hook::cast, "9");
  x.host.journal.pop_back(); // The matrix.
  CHECK(x.host.journal
        == lines{"metric: function:begin:9", "metric: workflow:end:9",
                 "metric: function:end:9", "out-0: 9", "out-3: 9"});
}
