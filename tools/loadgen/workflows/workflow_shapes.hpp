// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>

/// The generated workflow types. Their members are the keys of the templates,
/// in the order of the values on the command line. In the drawn workflows, the
/// code of a function is the path of its module.
namespace edgeless::benchmark {

/// f0 -> f1 -> ...: each function multiplies matrices.
struct matrix_chain {
  std::uint32_t min_chain_length = 1;
  std::uint32_t max_chain_length = 3;
  std::uint32_t min_matrix_size = 100;
  std::uint32_t max_matrix_size = 500;
  /// Milliseconds; 0: the last function triggers the first one.
  std::uint32_t transaction_interval = 0;
  std::string function_wasm_path = "functions/matrix_mul/matrix_mul.wasm";
};
BOOST_DESCRIBE_STRUCT(matrix_chain, (),
                      (min_chain_length, max_chain_length, min_matrix_size,
                       max_matrix_size, transaction_interval,
                       function_wasm_path))

/// client -> f0 -> ... -> client: each function multiplies its matrix by a
/// vector.
struct vector_chain {
  std::uint32_t min_chain_length = 1;
  std::uint32_t max_chain_length = 3;
  std::uint32_t min_input_size = 100;
  std::uint32_t max_input_size = 500;
  std::string function_wasm_path = "functions/vector_mul/vector_mul.wasm";
};
BOOST_DESCRIBE_STRUCT(vector_chain, (),
                      (min_chain_length, max_chain_length, min_input_size,
                       max_input_size, function_wasm_path))

/// trigger -> s0 -> p0-0, p0-1, ... -> s1 -> ...: each stage waits for all
/// branches of the one before.
struct map_reduce {
  std::uint32_t min_transaction_interval_ms = 500;
  std::uint32_t max_transaction_interval_ms = 1500;
  std::uint32_t min_input_size = 100;
  std::uint32_t max_input_size = 1000;
  std::uint32_t min_num_stages = 1;
  std::uint32_t max_num_stages = 3;
  std::uint32_t min_fan_out = 1;
  std::uint32_t max_fan_out = 3;
  std::uint32_t min_fibonacci = 1000;
  std::uint32_t max_fibonacci = 5000;
  std::uint32_t min_memory_bytes = 0;
  std::uint32_t max_memory_bytes = 0;
  std::string functions_path = "functions/";
  /// Redis in which the last stage stores the last transaction, from which the
  /// first stage continues; empty: none.
  std::string redis_url;
};
BOOST_DESCRIBE_STRUCT(map_reduce, (),
                      (min_transaction_interval_ms, max_transaction_interval_ms,
                       min_input_size, max_input_size, min_num_stages,
                       max_num_stages, min_fan_out, max_fan_out, min_fibonacci,
                       max_fibonacci, min_memory_bytes, max_memory_bytes,
                       functions_path, redis_url))

/// An error if a number is out of range.
caf::error check(const matrix_chain& x);
caf::error check(const vector_chain& x);
caf::error check(const map_reduce& x);

/// The workflow `wfNUMBER`; lengths and sizes are drawn from their ranges.
workflow_spec draw_workflow(const matrix_chain& x, std::uint64_t number,
                            const random_source& random);
workflow_spec draw_workflow(const vector_chain& x, std::uint64_t number,
                            const random_source& random);
workflow_spec draw_workflow(const map_reduce& x, std::uint64_t number,
                            const random_source& random);

} // namespace edgeless::benchmark
