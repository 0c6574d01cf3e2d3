// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace edgeless::test {

/// Where the modules of test/guests/ were built.
std::filesystem::path guests_folder();

/// conf/ of the sources.
std::filesystem::path conf_folder();

} // namespace edgeless::test
