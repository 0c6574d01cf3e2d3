// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace edgeless::test {

/// Where the modules of test/guests/ were built.
std::filesystem::path guests_folder();

/// conf/ of the sources.
std::filesystem::path conf_folder();

/// The program of a guest that does what it likes: test/fake_guest.cpp.
std::filesystem::path fake_guest();

} // namespace edgeless::test
