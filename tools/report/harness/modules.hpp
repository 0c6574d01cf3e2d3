// SPDX-License-Identifier: MIT
#pragma once

#include <string>

/// The functions in C++ that the program carries: as `function build` makes
/// them, and as nobody should.
namespace edgeless::benchmark {

std::string vector_mul_module();
std::string naive_vector_mul_module();
std::string matrix_mul_module();
std::string naive_matrix_mul_module();
/// Reads and prints numbers: see guests/numbers.cpp.
std::string numbers_module();

} // namespace edgeless::benchmark
