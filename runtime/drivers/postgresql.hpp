// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sql/sql_connection.hpp"

namespace edgeless {

/// The driver of PostgreSQL: `load_driver<postgresql_driver>("postgresql")`.
/// Its URLs are postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...
class postgresql_driver : public sql_driver {};

} // namespace edgeless
