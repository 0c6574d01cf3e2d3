// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/encryption.hpp"

#include "runtime/net/certificate_authority.hpp"

namespace edgeless::benchmark {

caf::expected<std::shared_ptr<tls_context>>
certificate_of(const node_id& node, const std::filesystem::path& folder) {
  if (folder.empty())
    return std::shared_ptr<tls_context>{};
  if (!std::filesystem::exists(folder / "ca.pem"))
    if (auto problem = make_authority(folder))
      return problem;
  tls_identity self{peer_role::node, to_string(node)};
  auto prefix = folder / self.name;
  certificate_order order;
  order.names = {self};
  if (auto problem = issue_certificate(folder, order, prefix))
    return problem;
  return tls_context::open({(folder / "ca.pem").string(),
                            prefix.string() + ".pem", prefix.string() + ".key"},
                           self);
}

} // namespace edgeless::benchmark
