// SPDX-License-Identifier: MIT
#include "runtime/config/plaintext_policy.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

namespace edgeless {

namespace {

node_settings node_at(const std::string& url) {
  node_settings x;
  x.general.invocation_url = url;
  x.general.orchestrator_url = "http://127.0.0.1:7011";
  return x;
}

std::string verdict(const node_settings& x) {
  auto problem = check_plaintext_policy(x.tls, addresses_of(x));
  return problem ? explain(problem) : "";
}

} // namespace

TEST_CASE("plaintext policy: loopback addresses need no permission") {
  for (auto url : {"http://127.0.0.1:7002", "http://localhost:7002",
                   "http://[::1]:7002", "http://127.1.2.3:7002"})
    CHECK(verdict(node_at(url)) == "");
}

TEST_CASE(
  "plaintext policy: addresses beyond this machine need insecure = true") {
  for (auto url : {"http://0.0.0.0:7002", "http://192.168.0.1:7002",
                   "http://node-1.example.org:7002"}) {
    auto x = node_at(url);
    auto why = verdict(x);
    CHECK(why.starts_with("invocation_url: "));
    CHECK(why.find("certificate and key in [tls]") != std::string::npos);
    CHECK(why.find("insecure = true") != std::string::npos);
    CHECK(plaintext_addresses(x.tls, addresses_of(x)) == url);

    x.tls.insecure = true;
    CHECK(verdict(x) == "");
  }
}

TEST_CASE("plaintext policy: checks every address of every settings file") {
  controller_settings controller;
  controller.controller_url = "http://127.0.0.1:7001";
  controller.orchestrators = {{"d", "http://10.0.0.1:7011"}};
  CHECK(check_plaintext_policy({}, addresses_of(controller)));
  cli_settings cli;
  cli.controller_url = "http://10.0.0.1:7001";
  CHECK(check_plaintext_policy({}, addresses_of(cli)));
  orchestrator_settings orchestrator;
  orchestrator.general.orchestrator_url = "http://0.0.0.0:7011";
  CHECK(check_plaintext_policy({}, addresses_of(orchestrator)));
}

TEST_CASE(
  "plaintext policy: allows every address if certificates are configured") {
  for (auto url : {"http://192.168.0.1:7002", "https://192.168.0.1:7002",
                   "https://127.0.0.1:7002"}) {
    auto x = node_at(url);
    x.tls.ca = x.tls.certificate = x.tls.key = "some.pem";

    CHECK(verdict(x) == "");
    CHECK(plaintext_addresses(x.tls, addresses_of(x)) == "");
  }
}

TEST_CASE("plaintext policy: refuses https without certificates") {
  for (auto insecure : {false, true}) {
    auto x = node_at("https://127.0.0.1:7002");
    x.tls.insecure = insecure;

    CHECK(verdict(x)
          == "invocation_url: https://127.0.0.1:7002 needs encryption: set ca, "
             "certificate and key in [tls]");
  }
}

} // namespace edgeless
