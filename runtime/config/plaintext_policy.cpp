// SPDX-License-Identifier: MIT
#include "runtime/config/plaintext_policy.hpp"

#include "runtime/net/url.hpp"

#include "messages/errors.hpp"

namespace edgeless {

namespace {

bool is_remote(const std::string& address) {
  auto parsed = parse_url(address);
  return parsed && !is_loopback(*parsed);
}

} // namespace

addresses addresses_of(const controller_settings& x) {
  addresses result{{"controller_url", x.controller_url}};
  for (auto& domain : x.orchestrators)
    result.emplace_back("orchestrator_url", domain.orchestrator_url);
  return result;
}

addresses addresses_of(const orchestrator_settings& x) {
  return {{"orchestrator_url", x.general.orchestrator_url},
          {"invocation_url", x.general.invocation_url}};
}

addresses addresses_of(const node_settings& x) {
  return {{"invocation_url", x.general.invocation_url},
          {"orchestrator_url", x.general.orchestrator_url}};
}

addresses addresses_of(const cli_settings& x) {
  return {{"controller_url", x.controller_url}};
}

caf::error check_plaintext_policy(const tls_settings& tls,
                                  const addresses& all) {
  if (!tls.ca.empty())
    return caf::none;
  for (auto& [key, address] : all) {
    if (address.starts_with("https:"))
      return fail(ec::bad_input,
                  key + ": " + address
                    + " needs encryption: set ca, certificate and key in "
                      "[tls]");
    if (!tls.insecure && is_remote(address))
      return fail(ec::bad_input,
                  key + ": " + address
                    + " leads beyond this machine: set ca, certificate and "
                      "key in [tls], or insecure = true if every host that "
                      "can reach it is trusted");
  }
  return caf::none;
}

std::string plaintext_addresses(const tls_settings& tls, const addresses& all) {
  std::string result;
  for (auto& [key, address] : all)
    if (tls.ca.empty() && is_remote(address))
      result += (result.empty() ? "" : ", ") + address;
  return result;
}

} // namespace edgeless
