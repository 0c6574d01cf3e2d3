// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/tls_context.hpp"

#include "messages/ids.hpp"

#include <filesystem>

namespace edgeless::benchmark {

/// Issues a certificate for a node. The certificate authority is in `folder`,
/// and is made if there is none. Nothing without a folder: connections are in
/// the clear.
caf::expected<std::shared_ptr<tls_context>>
certificate_of(const node_id& node, const std::filesystem::path& folder);

} // namespace edgeless::benchmark
