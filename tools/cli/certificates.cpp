// SPDX-License-Identifier: MIT
#include "tools/cli/certificates.hpp"

#include "tools/program.hpp"

#include "runtime/net/certificate_authority.hpp"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>

namespace edgeless {

namespace {

/// The arguments of both commands.
struct certificate_arguments {
  std::string folder, role, name, prefix;
  double days = 365;
  std::vector<std::string> hosts;
};

void print_files(const std::filesystem::path& prefix) {
  std::cout << prefix.string() << ".pem\n" << prefix.string() << ".key\n";
}

caf::error init(const std::string& folder) {
  if (auto problem = make_authority(folder))
    return problem;
  print_files(std::filesystem::path{folder} / "ca");
  return caf::none;
}

/// The URI of the identity with dashes for slashes.
std::string file_name(const tls_identity& x) {
  auto uri = to_string(x);
  uri = uri.substr(uri.find("//") + 2);
  std::ranges::replace(uri, '/', '-');
  return uri;
}

caf::error issue(const certificate_arguments& x) {
  auto identity = make_identity(x.role, x.name);
  if (!identity)
    return identity.error();
  certificate_order order;
  order.names = identity->role == peer_role::orchestrator
                  ? names_of_orchestrator(identity->name, os_random())
                  : std::vector{*identity};
  order.hosts = x.hosts;
  order.valid = std::chrono::duration_cast<std::chrono::seconds>(
    std::chrono::duration<double, std::ratio<86400>>{x.days});
  auto prefix = x.prefix.empty()
                  ? std::filesystem::path{x.folder} / file_name(*identity)
                  : std::filesystem::path{x.prefix};
  if (auto problem = issue_certificate(x.folder, order, prefix))
    return problem;
  print_files(prefix);
  return caf::none;
}

} // namespace

void add_certificate_commands(CLI::App& options, cli_command& chosen) {
  auto* group
    = add_group(options, "certificate",
                "Create a certificate authority, and certificates for [tls]");
  auto arguments = std::make_shared<certificate_arguments>();
  add_command(
    *group, "init", "Create a certificate authority in a folder", chosen,
    [arguments](const std::string&) { return init(arguments->folder); })
    ->add_option("folder", arguments->folder, "The folder of the authority")
    ->required();
  auto* sign = add_command(
    *group, "issue",
    "Issue a certificate: FOLDER node UUID | orchestrator DOMAIN | controller "
    "| client NAME",
    chosen, [arguments](const std::string&) { return issue(*arguments); });
  sign->add_option("folder", arguments->folder, "The folder of the authority")
    ->required();
  sign
    ->add_option("role", arguments->role,
                 "node, orchestrator, controller or client")
    ->required();
  sign->add_option("name", arguments->name,
                   "The node id, the domain id or the name of the client");
  sign->add_option("--out", arguments->prefix,
                   "Write PREFIX.pem and PREFIX.key; default: "
                   "FOLDER/ROLE-NAME");
  sign
    ->add_option("--days", arguments->days,
                 "Validity in days, fractions allowed")
    ->capture_default_str()
    ->check(CLI::Range(0.0, 36500.0));
  sign->add_option("--host", arguments->hosts,
                   "A host name or address that the certificate names, too");
}

} // namespace edgeless
