// SPDX-License-Identifier: MIT
#pragma once

#include <string>

/// Modules in C++ that are embedded in the program: built with the flags of
/// `function build`, and without optimisation ("naive").
namespace edgeless::benchmark {

std::string vector_mul_module();
std::string naive_vector_mul_module();
std::string matrix_mul_module();
std::string naive_matrix_mul_module();
/// Reads and prints numbers: see guests/numbers.cpp.
std::string numbers_module();

} // namespace edgeless::benchmark
