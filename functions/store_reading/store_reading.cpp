// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Stores each number in the table `reading` of the sqlx at "database", and
/// casts a sentence to "alert" for one above `threshold` of the init payload,
/// if the one before was not.
struct store_reading {
  void handle_init(string_view payload, string_view) {
    threshold = parse_init_payload(payload).number<double>("threshold", 1e9);
  }

  void handle_cast(const instance_id&, string_view message) {
    auto number = parse<double>(message);
    if (!number)
      return log::error("store_reading: no number: ", message);
    // The resource may not run yet in init.
    if (!has_table)
      has_table
        = call("database",
               "{\"sql\":\"CREATE TABLE IF NOT EXISTS reading (workflow "
               "VARCHAR(255), at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
               "value DOUBLE PRECISION)\"}")
            .outcome
          == call_result::reply;
    cast("database", text("{\"sql\":\"INSERT INTO reading (workflow, value) "
                          "VALUES ($1, $2)\",\"parameters\":[",
                          number.value, "]}"));
    auto is_high = number.value > threshold;
    if (is_high && !was_high)
      cast("alert", text("reading ", number.value, " is above ", threshold));
    was_high = is_high;
  }

  double threshold = 0;
  bool was_high = false;
  bool has_table = false;
};

EDGELESS_EXPORT(store_reading)
