// SPDX-License-Identifier: MIT
#include "tools/report/harness/modules.hpp"

namespace edgeless::benchmark {

namespace {

constexpr unsigned char vector_mul_bytes[] = {
#include "benchmark/vector_mul.wasm.inc"
};
constexpr unsigned char naive_vector_mul_bytes[] = {
#include "benchmark/vector_mul_naive.wasm.inc"
};
constexpr unsigned char matrix_mul_bytes[] = {
#include "benchmark/matrix_mul.wasm.inc"
};
constexpr unsigned char naive_matrix_mul_bytes[] = {
#include "benchmark/matrix_mul_naive.wasm.inc"
};
constexpr unsigned char numbers_bytes[] = {
#include "benchmark/numbers.wasm.inc"
};

template <std::size_t Size>
std::string text_of(const unsigned char (&bytes)[Size]) {
  return {reinterpret_cast<const char*>(bytes), Size};
}

} // namespace

std::string vector_mul_module() {
  return text_of(vector_mul_bytes);
}

std::string naive_vector_mul_module() {
  return text_of(naive_vector_mul_bytes);
}

std::string matrix_mul_module() {
  return text_of(matrix_mul_bytes);
}

std::string naive_matrix_mul_module() {
  return text_of(naive_matrix_mul_bytes);
}

std::string numbers_module() {
  return text_of(numbers_bytes);
}

} // namespace edgeless::benchmark
