// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/confined_folder.hpp"
#include "runtime/sql/sql_connection.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>

namespace edgeless {

/// The databases `sqlite://NAME` in a folder. Statements cannot reach other
/// files, keep a transaction open, or change the settings of a connection.
caf::expected<std::shared_ptr<sql_driver>>
make_sqlite_driver(const std::filesystem::path& folder);

} // namespace edgeless
