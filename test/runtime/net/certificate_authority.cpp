// SPDX-License-Identifier: MIT
#include "runtime/net/certificate_authority.hpp"

#include "test/fixtures/tls_fixture.hpp"

#include <sys/stat.h>

namespace edgeless {

namespace {

::mode_t mode_of(const std::filesystem::path& file) {
  struct stat x {};
  REQUIRE(::stat(file.c_str(), &x) == 0);
  return x.st_mode & 0777;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("certificate authority: key files are readable by their owner only") {
  test_authority from;
  auto files = from.issue(some_client);

  CHECK(mode_of(from.files / "ca.key") == 0600);
  CHECK(mode_of(files.key) == 0600);
  CHECK(read_text(files.key).starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK(read_text(files.certificate).find("PRIVATE") == std::string::npos);
}

TEST_CASE(
  "certificate authority: does not overwrite an authority or a certificate") {
  test_authority from;
  auto ca = read_text(from.files / "ca.key");
  auto files = from.issue(some_client);
  auto key = read_text(files.key);

  CHECK(explain(make_authority(from.files / "")).find("is there already")
        != std::string::npos);
  certificate_order order;
  order.names = {some_client};
  auto prefix = std::filesystem::path{files.key}.replace_extension();
  CHECK(explain(issue_certificate(from.files / "", order, prefix))
          .find("is there already")
        != std::string::npos);

  CHECK(read_text(from.files / "ca.key") == ca);
  CHECK(read_text(files.key) == key);
}

TEST_CASE("certificate authority: a missing authority is reported with the "
          "command that creates it") {
  folder empty;
  certificate_order order;
  order.names = {some_client};

  auto problem = explain(issue_certificate(empty / "", order, empty / "x"));

  CHECK(problem.find("ca.pem") != std::string::npos);
  CHECK(problem.find("edgeless_cli certificate init") != std::string::npos);
  CHECK(!std::filesystem::exists(empty / "x.key"));
}

TEST_CASE(
  "certificate authority: refuses an authority whose key does not match") {
  test_authority one, two;
  std::filesystem::copy_file(two.files / "ca.key", one.files / "ca.key",
                             std::filesystem::copy_options::overwrite_existing);
  certificate_order order;
  order.names = {some_client};

  CHECK(
    explain(issue_certificate(one.files / "", order, one.files / "client-1"))
      .find("no certificate and its key")
    != std::string::npos);
}

TEST_CASE("certificate authority: an orchestrator's certificate names its "
          "collector node too") {
  auto names = names_of_orchestrator("domain-1", os_random());

  REQUIRE(names.size() == 2);
  CHECK(names[0] == the_orchestrator);
  CHECK(names[1].role == peer_role::node);
  CHECK(parse_identity(to_string(names[1])) == names[1]);
}

} // namespace edgeless
