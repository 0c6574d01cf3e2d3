// SPDX-License-Identifier: MIT
#include "runtime/exposure.hpp"

#include "runtime/url.hpp"

#include "messages/errors.hpp"

namespace edgeless {

namespace {

bool leads_away(const std::string& address) {
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

caf::error check_exposure(const tls_settings& tls, const addresses& all) {
  if (!tls.ca.empty())
    return fail(ec::bad_input, "[tls]: connections cannot be encrypted yet; "
                               "remove ca, certificate and key, and stay on "
                               "this machine or say insecure = true");
  for (auto& [key, address] : all)
    if (!tls.insecure && leads_away(address))
      return fail(ec::bad_input,
                  key + ": " + address
                    + " leads beyond this machine, and connections are "
                      "neither encrypted nor authentic: say insecure = true "
                      "in [tls] if all who reach it are to be trusted");
  return caf::none;
}

std::string exposed(const addresses& all) {
  std::string result;
  for (auto& [key, address] : all)
    if (leads_away(address))
      result += (result.empty() ? "" : ", ") + address;
  return result;
}

} // namespace edgeless
