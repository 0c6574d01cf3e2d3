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

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void replace(const std::string& file, const std::string& by) {
  std::filesystem::copy_file(by, file + ".new");
  std::filesystem::rename(file + ".new", file);
}

/// A keeper that looks at its files each time, and whom it warned.
struct watched : notary {
  watched() : files_of_self{issue(node_named(1))} {
    tls_options options;
    options.look = 0ms;
    options.warn = [this](const std::string& line) {
      warnings.push_back(line);
    };
    auto opened = tls_context::open(files_of_self, node_named(1), options);
    REQUIRE_MESSAGE(opened, explain(opened.error()));
    supervisor = *opened;
  }

  void become(const tls_settings& x) {
    replace(files_of_self.key, x.key);
    replace(files_of_self.certificate, x.certificate);
  }

  /// Whether this one and a peer vouched for by `who` trust each other.
  bool is_trusted_by(notary& who) {
    program there{who.wire_of(the_orchestrator)};
    auto url = there.open(there.spawn(library), peer_role::orchestrator,
                          {peer_role::node});
    auto settings = program::quick();
    settings.dial = ages;
    settings.tls = supervisor;
    program here{settings};
    return static_cast<bool>(
      here.dial(url, peer_role::node, peer_role::orchestrator).handle);
  }

  tls_settings files_of_self;
  std::vector<std::string> warnings;
  std::shared_ptr<tls_context> supervisor;
};

} // namespace

TEST_CASE("files that belong together are accepted") {
  notary from;
  CHECK(verdict(from.issue(node_named(1)), node_named(1)) == "");
  CHECK(verdict(from.issue(somebody), {peer_role::client, ""}) == "");
}

TEST_CASE("an error names the file and what is wrong with it") {
  notary from, other;
  auto good = from.issue(node_named(1));
  auto second = from.issue(node_named(1));
  from.files.write("noise", "not PEM at all");
  from.files.write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n"
                             "-----END CERTIFICATE-----\n");
  auto noise = (from.files / "noise").string();
  auto broken = (from.files / "broken").string();
  auto tells = [&](tls_settings files, const std::string& why) {
    auto text = verdict(files, node_named(1));
    INFO(text);
    CHECK(text.starts_with(why));
    CHECK(text.find('\n') == std::string::npos);
  };

  tells({"absent.pem", good.certificate, good.key}, "absent.pem: No such file");
  tells({noise, good.certificate, good.key},
        noise + ": has no certificate in PEM format");
  tells({good.ca, noise, good.key},
        noise + ": has no certificate in PEM format");
  tells({good.ca, broken, good.key}, broken + ": has a broken certificate");
  tells({good.ca, good.certificate, noise},
        noise + ": has no private key in PEM format");
  tells({good.ca, good.certificate, second.key},
        second.key + ": is not the key of " + good.certificate);
  tells({(other.files / "ca.pem").string(), good.certificate, good.key},
        good.certificate + ": is not trusted by "
          + (other.files / "ca.pem").string());
  auto old = from.issue(node_named(1), -60s);
  tells(old, old.certificate + ": has expired on 20");
}

TEST_CASE("a key with a password is refused, and nobody is asked for it") {
  notary from;
  auto files = from.issue(node_named(1));
  from.files.write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                 "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEF\n"
                                 "-----END ENCRYPTED PRIVATE KEY-----\n");
  files.key = (from.files / "locked.key").string();

  CHECK(verdict(files, node_named(1))
        == files.key
             + ": has no private key in PEM format, or one with a password");
}

TEST_CASE("nobody starts with the certificate of somebody else") {
  notary from;
  auto files = from.issue(node_named(2));

  CHECK(verdict(files, node_named(1))
        == files.certificate + ": names " + to_string(node_named(2))
             + ", but this is " + to_string(node_named(1)));
  CHECK(has(verdict(files, the_controller), "this is edgeless://controller"));
  CHECK(verdict(files, node_named(2)) == "");
}

TEST_CASE("a certificate without a name of ours names nobody") {
  notary from;
  certificate_order order;
  order.hosts = {"example.org", "10.0.0.1", "::1"};
  REQUIRE(!issue_certificate(from.files / "", order, from.files / "x"));
  tls_settings files{(from.files / "ca.pem").string(),
                     (from.files / "x.pem").string(),
                     (from.files / "x.key").string()};

  CHECK(verdict(files, the_controller)
        == files.certificate
             + ": names nobody, and this is edgeless://controller");
}

TEST_CASE_FIXTURE(watched, "a key that others may read is warned of") {
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

TEST_CASE_FIXTURE(watched, "new files are used by the next connection") {
  notary next;
  REQUIRE(is_trusted_by(*this));
  REQUIRE(!is_trusted_by(next));

  auto fresh = next.issue(node_named(1));
  replace(files_of_self.ca, fresh.ca);
  become(fresh);

  CHECK(is_trusted_by(next));
  CHECK(warnings.empty());
}

TEST_CASE_FIXTURE(watched, "broken files change nothing, and are told once") {
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

TEST_CASE_FIXTURE(watched, "nobody becomes somebody else by new files") {
  become(issue(node_named(2)));

  CHECK(is_trusted_by(*this));
  CHECK(supervisor->own_name(peer_role::node) == node_named(1).name);
  REQUIRE(!warnings.empty());
  CHECK(has(warnings.back(), "names " + to_string(node_named(2))));
}

TEST_CASE("files are looked at now and then only") {
  notary from;
  tls_options options;
  options.look = ages;
  auto files = from.issue(node_named(1));
  auto supervisor = tls_context::open(files, node_named(1), options);
  REQUIRE(supervisor);
  auto other = from.issue(node_named(1));
  std::filesystem::remove(files.key);

  CHECK((*supervisor)->dial(peer_role::node));
  CHECK((*supervisor)->own_name(peer_role::client) == std::nullopt);
}

} // namespace edgeless
