// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/metrics/resource_counters.hpp"
#include "runtime/sql/sql_connection.hpp"

#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <string>

namespace edgeless {

/// Finds the driver for a URL; an error if there is none.
using sql_driver_finder
  = std::function<caf::expected<std::shared_ptr<sql_driver>>(
    const std::string& url)>;

/// SQLite by `sqlite`, PostgreSQL by its driver, which is loaded then.
sql_driver_finder find_sql_drivers(std::shared_ptr<sql_driver> sqlite);

/// The class sqlx: executes the statements that are its casts and calls in the
/// database of its configuration `url`, within `timeout-ms`. Resources with the
/// same URL share the connections.
resource_class sqlx(sql_driver_finder find, resource_counters_ptr counters);

} // namespace edgeless
