// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Keeps the newest number that it gets in the row of its workflow in the table
/// WorkflowState of the resource at "database"; the first one is the init
/// payload. Deletes the row when it stops.
struct sqlx_test {
  void handle_init(string_view payload, string_view) {
    log::info("sqlx function init");
    initial = number(payload);
    insert();
  }

  void handle_cast(const instance_id&, string_view message) {
    // The resource may not have run yet in init.
    if (!is_inserted)
      insert();
    auto old = execute("SELECT id, metadata FROM WorkflowState WHERE id=$1");
    if (old.outcome != call_result::reply)
      return;
    log::info("old state: ", old.payload, ", new value: ", message);
    execute(text("UPDATE WorkflowState SET metadata='",
                 metadata(number(message), "subsequent"), "'  WHERE id = $1"));
  }

  void insert() {
    auto done
      = execute(text("INSERT INTO WorkflowState (id, metadata) Values($1, '",
                     metadata(initial, "initial"), "')"));
    is_inserted = done.outcome == call_result::reply;
  }

  void handle_stop() {
    log::info("Try to clean database");
    execute("DELETE FROM WorkflowState WHERE id=$1");
  }

  static call_result execute(string_view sql) {
    auto result = call("database", sql);
    if (result.outcome == call_result::reply)
      log::info("Got Reply: ", result.payload);
    else
      log::error("Error when calling the database");
    return result;
  }

  static float number(string_view payload) {
    return parse<float>(payload).value_or(0);
  }

  /// JSON as serde writes it: a float has a dot.
  static string metadata(float foo, string_view bar) {
    auto digits = text(foo);
    string_view seen = digits;
    if (seen.find('.') == seen.size())
      digits.append(".0");
    return text("{\"foo\":", digits, ",\"bar\":\"", bar, "\"}");
  }

  float initial = 0;
  bool is_inserted = false;
};

EDGELESS_EXPORT(sqlx_test)
