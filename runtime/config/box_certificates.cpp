// SPDX-License-Identifier: MIT
#include "runtime/config/box_certificates.hpp"

#include "runtime/config/settings.hpp"
#include "runtime/net/certificate_authority.hpp"

namespace edgeless {

namespace {

std::string stem(const config_file& x) {
  return std::filesystem::path{x.name}.stem().string();
}

/// Replaces the commented section [tls] at the end of a template.
std::string enable_tls(const config_file& x) {
  auto name = stem(x);
  return x.text.substr(0, x.text.find("#[tls]"))
         + "[tls]\nca = \"tls/ca.pem\"\ncertificate = \"tls/" + name
         + ".pem\"\nkey = \"tls/" + name + ".key\"\n";
}

caf::expected<std::vector<tls_identity>>
identities_for(const config_file& x, const random_source& random) {
  if (x.name == "controller.toml")
    return std::vector{tls_identity{peer_role::controller, ""}};
  if (x.name == "cli.toml")
    return std::vector{tls_identity{peer_role::client, "box"}};
  if (x.name == "orchestrator.toml") {
    auto settings = parse_orchestrator_settings(x.name, x.text);
    if (!settings)
      return settings.error();
    return names_of_orchestrator(settings->general.domain_id, random);
  }
  auto settings = parse_node_settings(x.name, x.text);
  if (!settings)
    return settings.error();
  return std::vector{
    tls_identity{peer_role::node, to_string(settings->general.node_id)}};
}

} // namespace

std::vector<config_file> with_tls(std::vector<config_file> files) {
  files.push_back({"cli.toml", cli_template()});
  for (auto& x : files)
    x.text = enable_tls(x);
  return files;
}

caf::error write_box_certificates(const std::filesystem::path& folder,
                                  const std::vector<config_file>& files,
                                  const random_source& random) {
  auto tls = folder / "tls";
  if (auto problem = make_authority(tls))
    return problem;
  for (auto& x : files) {
    auto identities = identities_for(x, random);
    if (!identities)
      return identities.error();
    certificate_order order;
    order.names = std::move(*identities);
    if (auto problem = issue_certificate(tls, order, tls / stem(x)))
      return problem;
  }
  return caf::none;
}

} // namespace edgeless
