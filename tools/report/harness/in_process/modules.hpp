// SPDX-License-Identifier: MIT
#pragma once

#include <string>

/// WebAssembly modules that are embedded in the program.
namespace edgeless::benchmark {

// guests/*.wat
std::string burst_module();
std::string timed_caller_module();
std::string relay_module();
std::string stateful_counter_module();
std::string spinner_module();
std::string fan_out_module();

// Functions in C++, built with the flags of `function build`, or without
// optimisation ("naive").
std::string vector_mul_module();
std::string vector_mul_naive_module();
std::string matrix_mul_module();
std::string matrix_mul_naive_module();
std::string numbers_module();
std::string http_caller_module();
std::string http_processor_module();

} // namespace edgeless::benchmark
