// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/tls_context.hpp"

#include "messages/ids.hpp"

#include <filesystem>

namespace edgeless::benchmark {

/// The certificate of a node, for this run: signed by an authority in that
/// folder, which is made if there is none. Nobody without a folder.
caf::expected<std::shared_ptr<tls_context>>
certificate_of(const node_id& whom, const std::filesystem::path& folder);

} // namespace edgeless::benchmark
