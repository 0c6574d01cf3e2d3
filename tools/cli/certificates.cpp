// SPDX-License-Identifier: MIT
#include "tools/cli/certificates.hpp"

#include "runtime/net/certificate_authority.hpp"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>

namespace edgeless {

namespace {

/// What `issue` is told.
struct wishes {
  std::string folder, role, name, prefix;
  double days = 365;
  std::vector<std::string> hosts;
};

void tell(const std::filesystem::path& prefix) {
  std::cout << prefix.string() << ".pem\n" << prefix.string() << ".key\n";
}

caf::error init(const std::string& folder) {
  if (auto problem = make_authority(folder))
    return problem;
  tell(std::filesystem::path{folder} / "ca");
  return caf::none;
}

/// Names of files have no slashes.
std::string file_name(const tls_identity& x) {
  auto uri = to_string(x);
  uri = uri.substr(uri.find("//") + 2);
  std::ranges::replace(uri, '/', '-');
  return uri;
}

caf::error issue(const wishes& x) {
  auto whom = make_identity(x.role, x.name);
  if (!whom)
    return whom.error();
  certificate_order order;
  order.names = whom->role == peer_role::orchestrator
                  ? names_of_orchestrator(whom->name, os_random())
                  : std::vector{*whom};
  order.hosts = x.hosts;
  order.valid = std::chrono::duration_cast<std::chrono::seconds>(
    std::chrono::duration<double, std::ratio<86400>>{x.days});
  auto prefix = x.prefix.empty()
                  ? std::filesystem::path{x.folder} / file_name(*whom)
                  : std::filesystem::path{x.prefix};
  if (auto problem = issue_certificate(x.folder, order, prefix))
    return problem;
  tell(prefix);
  return caf::none;
}

} // namespace

void add_certificate_commands(CLI::App& options, command& chosen) {
  auto* group = options.add_subcommand(
    "certificate", "Make an authority, and certificates for [tls]");
  group->require_subcommand(1);
  auto told = std::make_shared<wishes>();
  auto* make = group->add_subcommand("init", "Make an authority in a folder");
  make->add_option("folder", told->folder)->required();
  make->callback([&chosen, told] {
    chosen = [told](const std::string&) {
      return init(told->folder);
    };
  });
  auto* sign = group->add_subcommand(
    "issue", "Make a certificate: FOLDER node UUID | orchestrator DOMAIN | "
             "controller | client NAME");
  sign->add_option("folder", told->folder, "Where the authority is")
    ->required();
  sign->add_option("role", told->role)->required();
  sign->add_option("name", told->name);
  sign->add_option("--out", told->prefix,
                   "Write PREFIX.pem and PREFIX.key; default: "
                   "FOLDER/ROLE-NAME");
  sign
    ->add_option("--days", told->days,
                 "How long it holds; a part of a day will do")
    ->capture_default_str()
    ->check(CLI::Range(0.0, 36500.0));
  sign->add_option("--host", told->hosts,
                   "A host name or address that it names as well");
  sign->callback([&chosen, told] {
    chosen = [told](const std::string&) {
      return issue(*told);
    };
  });
}

} // namespace edgeless
