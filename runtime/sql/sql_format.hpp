// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sql/sql_connection.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

/// The events of sqlx, and its answers.
namespace edgeless {

struct sql_request {
  sql_statement statement;
  /// The statement alone, as in EDGELESS: then the answer is as there.
  bool is_plain = true;
};

/// Reads SQL, or {"sql": ..., "parameters": [...]}. $1 is the id of the
/// workflow; the parameters are $2, $3, ...
caf::expected<sql_request> parse_sql_request(std::string_view payload,
                                             const std::string& workflow);

/// Whether a statement can be executed twice: it only reads.
bool is_repeatable(std::string_view sql);

/// Of a plain statement: the first row as an object, or a sentence with the
/// number of rows. Otherwise {"rows": [...]} or {"rows_affected": N,
/// "last_insert_rowid": N}. Bytes are in base64.
std::string print_sql_result(const sql_result& x, bool is_plain);

/// The reason, or {"error": reason}.
std::string print_sql_refusal(const std::string& reason, bool is_plain);

} // namespace edgeless
