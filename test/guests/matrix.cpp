// SPDX-License-Identifier: MIT
// matrix_mul, which casts its matrix to "matrix" for tests.
#include "edgeless.hpp"

#pragma push_macro("EDGELESS_EXPORT")
#undef EDGELESS_EXPORT
#define EDGELESS_EXPORT(type)
#include "functions/matrix_mul/matrix_mul.cpp"
#pragma pop_macro("EDGELESS_EXPORT")

struct open_matrix_mul : matrix_mul {
  void handle_cast(const instance_id& source, string_view message) {
    matrix_mul::handle_cast(source, message);
    string rows;
    for (uint32_t i = 0; i < n; ++i)
      rows.append({reinterpret_cast<const char*>(&matrix[i * stride()]),
                   n * sizeof(float)});
    cast("matrix", rows);
  }
};

EDGELESS_EXPORT(open_matrix_mul)
