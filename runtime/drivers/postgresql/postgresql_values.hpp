// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sql/sql_connection.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Values as texts of PostgreSQL.
namespace edgeless {

/// The value of a column of that type (an OID of pg_type), which is not NULL.
sql_value value_of_postgresql(unsigned type, std::string_view text);

/// nullopt: NULL.
std::optional<std::string> text_for_postgresql(const sql_value& x);

} // namespace edgeless
