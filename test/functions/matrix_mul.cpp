// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance_behind;
using edgeless::test::lines;
using edgeless::test::shared_door;

namespace {

/// What the function promises, by three plain loops.
struct plain_matrix {
  explicit plain_matrix(std::uint32_t seed, std::size_t n)
    : seed{seed}, n{n}, rows{random()} {
    // nop
  }

  /// The generator of EDGELESS.
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

TEST_CASE("matrix_mul multiplies its matrix by a random one with each event, "
          "whatever its size is to its tiles and blocks") {
  for (std::size_t n : {1, 3, 8, 61, 70, 256, 301}) {
    instance_behind<shared_door> x{"matrix"};
    x.handle(hook::init, "seed=7,matrix_size=" + std::to_string(n));
    plain_matrix own{7, n};
    for (auto id : {"4", "5"}) {
      x.handle(hook::cast, id);
      own.multiply();
      CHECK_MESSAGE(x.host.journal.back() == "matrix: " + own.bytes(), n);
    }
  }
}

TEST_CASE("the last matrix_mul ends a transaction and passes its number on") {
  instance_behind<shared_door> x{"matrix"};
  x.handle(hook::init, "matrix_size=2,is_last=true,outputs=0:3");
  x.handle(hook::cast, "9");
  x.host.journal.pop_back(); // The matrix.
  CHECK(x.host.journal
        == lines{"metric: function:begin:9", "metric: workflow:end:9",
                 "log 5 tend: 9", "metric: function:end:9", "out-0: 9",
                 "out-3: 9"});
}
