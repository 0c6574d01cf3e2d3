// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/modules.hpp"

namespace edgeless::benchmark {

namespace {

constexpr unsigned char burst_bytes[] = {
#include "benchmark/burst.wasm.inc"
};
constexpr unsigned char timed_caller_bytes[] = {
#include "benchmark/timed_caller.wasm.inc"
};
constexpr unsigned char relay_bytes[] = {
#include "benchmark/relay.wasm.inc"
};
constexpr unsigned char stateful_counter_bytes[] = {
#include "benchmark/stateful_counter.wasm.inc"
};
constexpr unsigned char spinner_bytes[] = {
#include "benchmark/spinner.wasm.inc"
};
constexpr unsigned char fan_out_bytes[] = {
#include "benchmark/fan_out.wasm.inc"
};
constexpr unsigned char vector_mul_bytes[] = {
#include "benchmark/vector_mul.wasm.inc"
};
constexpr unsigned char vector_mul_naive_bytes[] = {
#include "benchmark/vector_mul_naive.wasm.inc"
};
constexpr unsigned char matrix_mul_bytes[] = {
#include "benchmark/matrix_mul.wasm.inc"
};
constexpr unsigned char matrix_mul_naive_bytes[] = {
#include "benchmark/matrix_mul_naive.wasm.inc"
};
constexpr unsigned char numbers_bytes[] = {
#include "benchmark/numbers.wasm.inc"
};
constexpr unsigned char http_caller_bytes[] = {
#include "benchmark/http_caller.wasm.inc"
};
constexpr unsigned char http_processor_bytes[] = {
#include "benchmark/http_processor.wasm.inc"
};

} // namespace

#define EDGELESS_EMBEDDED_MODULE(name)                                         \
  std::string name##_module() {                                                \
    return {reinterpret_cast<const char*>(name##_bytes), sizeof name##_bytes}; \
  }

EDGELESS_EMBEDDED_MODULE(burst)
EDGELESS_EMBEDDED_MODULE(timed_caller)
EDGELESS_EMBEDDED_MODULE(relay)
EDGELESS_EMBEDDED_MODULE(stateful_counter)
EDGELESS_EMBEDDED_MODULE(spinner)
EDGELESS_EMBEDDED_MODULE(fan_out)
EDGELESS_EMBEDDED_MODULE(vector_mul)
EDGELESS_EMBEDDED_MODULE(vector_mul_naive)
EDGELESS_EMBEDDED_MODULE(matrix_mul)
EDGELESS_EMBEDDED_MODULE(matrix_mul_naive)
EDGELESS_EMBEDDED_MODULE(numbers)
EDGELESS_EMBEDDED_MODULE(http_caller)
EDGELESS_EMBEDDED_MODULE(http_processor)

} // namespace edgeless::benchmark
