// SPDX-License-Identifier: MIT
#include "runtime/net/tls_context.hpp"

#include "test/fixtures/tls_fixture.hpp"

#include <sys/stat.h>

namespace edgeless {

namespace {

std::string verdict(const tls_settings& files, const tls_identity& self) {
  auto result = tls_context::open(files, self);
  return result ? "" : explain(result.error());
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void replace(const std::string& file, const std::string& by) {
  std::filesystem::copy_file(by, file + ".new");
  std::filesystem::rename(file + ".new", file);
}

/// A TLS context that checks its files for every session, and its warnings.
struct watched : test_authority {
  watched() : files_of_self{issue(node_named(1))} {
    tls_options options;
    options.check_interval = 0ms;
    options.warn = [this](const std::string& line) {
      warnings.push_back(line);
    };
    auto opened = tls_context::open(files_of_self, node_named(1), options);
    REQUIRE_MESSAGE(opened, explain(opened.error()));
    context = *opened;
  }

  void become(const tls_settings& x) {
    replace(files_of_self.key, x.key);
    replace(files_of_self.certificate, x.certificate);
  }

  /// Whether this context and a peer certified by `authority` trust each
  /// other.
  bool is_trusted_by(test_authority& authority) {
    program there{authority.transport_settings_of(the_orchestrator)};
    auto url = there.open(there.spawn(test_module_source),
                          peer_role::orchestrator, {peer_role::node});
    auto settings = program::with_short_timeouts();
    settings.dial = test_timeout;
    settings.tls = context;
    program here{settings};
    return static_cast<bool>(
      here.dial(url, peer_role::node, peer_role::orchestrator).handle);
  }

  tls_settings files_of_self;
  std::vector<std::string> warnings;
  std::shared_ptr<tls_context> context;
};

} // namespace

TEST_CASE("tls context: accepts matching files") {
  test_authority from;
  CHECK(verdict(from.issue(node_named(1)), node_named(1)) == "");
  CHECK(verdict(from.issue(some_client), {peer_role::client, ""}) == "");
}

TEST_CASE("tls context: an error names the file and the problem") {
  test_authority from, other;
  auto good = from.issue(node_named(1));
  auto second = from.issue(node_named(1));
  from.files.write("noise", "not PEM at all");
  from.files.write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n"
                             "-----END CERTIFICATE-----\n");
  auto noise = (from.files / "noise").string();
  auto broken = (from.files / "broken").string();
  auto expect_problem = [&](tls_settings files, const std::string& why) {
    auto text = verdict(files, node_named(1));
    INFO(text);
    CHECK(text.starts_with(why));
    CHECK(text.find('\n') == std::string::npos);
  };

  expect_problem({"absent.pem", good.certificate, good.key},
                 "absent.pem: No such file");
  expect_problem({noise, good.certificate, good.key},
                 noise + ": has no certificate in PEM format");
  expect_problem({good.ca, noise, good.key},
                 noise + ": has no certificate in PEM format");
  expect_problem({good.ca, broken, good.key},
                 broken + ": has a broken certificate");
  expect_problem({good.ca, good.certificate, noise},
                 noise + ": has no private key in PEM format");
  expect_problem({good.ca, good.certificate, second.key},
                 second.key + ": is not the key of " + good.certificate);
  expect_problem(
    {(other.files / "ca.pem").string(), good.certificate, good.key},
    good.certificate + ": is not trusted by "
      + (other.files / "ca.pem").string());
  auto old = from.issue(node_named(1), -60s);
  expect_problem(old, old.certificate + ": has expired on 20");
}

TEST_CASE("tls context: refuses an encrypted key without a prompt") {
  test_authority from;
  auto files = from.issue(node_named(1));
  from.files.write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                 "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEF\n"
                                 "-----END ENCRYPTED PRIVATE KEY-----\n");
  files.key = (from.files / "locked.key").string();

  CHECK(verdict(files, node_named(1))
        == files.key
             + ": has no private key in PEM format, or one with a password");
}

TEST_CASE("tls context: refuses a certificate with another identity") {
  test_authority from;
  auto files = from.issue(node_named(2));

  CHECK(verdict(files, node_named(1))
        == files.certificate + ": names " + to_string(node_named(2))
             + ", but this is " + to_string(node_named(1)));
  CHECK(
    mentions(verdict(files, the_controller), "this is edgeless://controller"));
  CHECK(verdict(files, node_named(2)) == "");
}

TEST_CASE("tls context: refuses a certificate without an edgeless identity") {
  test_authority from;
  certificate_order order;
  order.hosts = {"example.org", "10.0.0.1", "::1"};
  REQUIRE(!issue_certificate(from.files / "", order, from.files / "x"));
  tls_settings files{(from.files / "ca.pem").string(),
                     (from.files / "x.pem").string(),
                     (from.files / "x.key").string()};

  CHECK(verdict(files, the_controller)
        == files.certificate
             + ": has no identity, but this is edgeless://controller");
}

TEST_CASE_FIXTURE(watched,
                  "tls context: warns of a key file that others may read") {
  CHECK(warnings.empty());
  ::chmod(files_of_self.key.c_str(), 0644);

  tls_options options;
  options.warn = [this](const std::string& line) {
    warnings.push_back(line);
  };
  REQUIRE(tls_context::open(files_of_self, node_named(1), options));

  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0]
        == files_of_self.key + ": others may read this key: chmod 600");
}

TEST_CASE_FIXTURE(watched,
                  "tls context: the next connection uses replaced files") {
  test_authority next;
  REQUIRE(is_trusted_by(*this));
  REQUIRE(!is_trusted_by(next));

  auto fresh = next.issue(node_named(1));
  replace(files_of_self.ca, fresh.ca);
  become(fresh);

  CHECK(is_trusted_by(next));
  CHECK(warnings.empty());
}

TEST_CASE_FIXTURE(
  watched, "tls context: invalid new files are ignored and reported once") {
  std::ofstream{files_of_self.certificate} << "half a certifi";
  for (int i = 0; i < 3; ++i)
    CHECK(is_trusted_by(*this));

  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0]
        == files_of_self.certificate
             + ": has no certificate in PEM format; the certificate that was "
               "read before stays in use");

  become(issue(node_named(1)));
  CHECK(is_trusted_by(*this));
  CHECK(warnings.size() == 1);
}

TEST_CASE_FIXTURE(watched,
                  "tls context: replaced files cannot change the identity") {
  become(issue(node_named(2)));

  CHECK(is_trusted_by(*this));
  CHECK(context->own_name(peer_role::node) == node_named(1).name);
  REQUIRE(!warnings.empty());
  CHECK(mentions(warnings.back(), "names " + to_string(node_named(2))));
}

TEST_CASE("tls context: files are checked once per interval only") {
  test_authority from;
  tls_options options;
  options.check_interval = test_timeout;
  auto files = from.issue(node_named(1));
  auto context = tls_context::open(files, node_named(1), options);
  REQUIRE(context);
  auto other = from.issue(node_named(1));
  std::filesystem::remove(files.key);

  CHECK((*context)->dial(peer_role::node));
  CHECK((*context)->own_name(peer_role::client) == std::nullopt);
}

} // namespace edgeless
