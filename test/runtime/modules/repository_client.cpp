// SPDX-License-Identifier: MIT
#include "runtime/modules/repository_client.hpp"

#include "messages/errors.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

using namespace edgeless;

namespace {

/// A web server on loopback that gives each request the next answer.
class web_server {
public:
  explicit web_server(std::vector<std::string> answers)
    : answers_{std::move(answers)}, listener_{
                                      ::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, any, size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    REQUIRE(::getsockname(listener_, any, &size) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread{[this] {
      serve();
    }};
  }

  web_server(const web_server&) = delete;

  ~web_server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url;

  /// To be read when all answers have been taken.
  std::vector<std::string> requests;

private:
  void serve() {
    for (auto& answer : answers_) {
      auto peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0)
        return;
      requests.push_back(receive(peer));
      static_cast<void>(
        ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::close(peer);
    }
  }

  static std::string receive(int peer) {
    std::string result;
    char part[4096];
    for (;;) {
      auto count = ::recv(peer, part, sizeof part, 0);
      if (count <= 0)
        return result;
      result.append(part, static_cast<std::size_t>(count));
      auto end = result.find("\r\n\r\n");
      if (end == std::string::npos)
        continue;
      auto at = result.find("Content-Length: ");
      auto body = at < end ? std::stoul(result.substr(at + 16)) : 0;
      if (result.size() >= end + 4 + body)
        return result;
    }
  }

  std::vector<std::string> answers_;
  int listener_;
  std::thread thread_;
};

std::string web_answer(const std::string& body,
                       const std::string& header = "") {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\n" + header
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool request_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("repository client: gets a function with basic authentication") {
  web_server server{{web_answer(R"({"id": "noop"})")}};
  repository_client client{{{server.url + "/"}, "me", "secret", ""}};

  auto text = client.get("no op");

  REQUIRE_MESSAGE(text, explain(text.error()));
  CHECK(*text == R"({"id": "noop"})");
  CHECK(server.requests[0].starts_with("GET /api/admin/function/no%20op "));
  CHECK(
    request_has(server.requests[0], "Authorization: Basic bWU6c2VjcmV0\r\n"));
}

TEST_CASE("repository client: with an API key it uses the later paths") {
  web_server server{{web_answer("wasm", "content-disposition: attachment; "
                                        "filename=\"../noop.wasm\"\r\n")}};
  repository_client client{{{server.url}, "", "", "key"}};

  auto file = client.download("42");

  REQUIRE_MESSAGE(file, explain(file.error()));
  CHECK(file->bytes == "wasm");
  CHECK(file->name == "noop.wasm");
  CHECK(server.requests[0].starts_with("GET /function/download/42 "));
  CHECK(request_has(server.requests[0], "Authorization: ApiKey_key\r\n"));
}

TEST_CASE("repository client: pushes the module, then the function") {
  web_server server{{web_answer(R"({"id": "7"})"),
                     web_answer(R"({"id": "noop"})"),
                     web_answer(R"({"id": "8"})"), web_answer("done")}};
  function_file function{"noop", "RUST_WASM", "0.2", "", {"out"}, {}};

  auto later
    = repository_client{{{server.url}, "", "", "key"}}.push("wasm", function);
  auto first
    = repository_client{{{server.url}, "u", "p", ""}}.push("wasm", function);

  REQUIRE_MESSAGE(later, explain(later.error()));
  REQUIRE_MESSAGE(first, explain(first.error()));
  CHECK(later->code_file == "7");
  CHECK(first->function == "noop");
  CHECK(server.requests[0].starts_with("POST /function/upload "));
  CHECK(request_has(server.requests[0], "name=\"file\"; filename=\"binary\""));
  CHECK(server.requests[1].ends_with(
    R"({"id":"noop","version":"0.2","outputs":["out"],)"
    R"("function_types":[{"type":"RUST_WASM","code_file_id":"7"}]})"));
  CHECK(server.requests[2].starts_with("POST /api/admin/function/upload "));
  CHECK(server.requests[3].ends_with(
    R"("outputs":["out"],"function_type":"RUST_WASM","code_file_id":"8"})"));
}

TEST_CASE("repository client: a status of failure is an error") {
  web_server server{
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno\x1bsuch\nx",
     "HTTP/1.1 302 Found\r\nLocation: /other\r\n"
     "Content-Length: 0\r\n\r\n"}};
  repository_client client{{{server.url}, "", "", "key"}};

  CHECK(explain(client.get("a").error())
        == server.url
             + "/function/a: answered with status 404 no\\x1bsuch\\nx");
  CHECK(
    request_has(explain(client.get("b").error()), "answered with status 302"));
}

TEST_CASE("repository client: answers are bounded") {
  web_server server{
    {web_answer(std::string(1001, 'x')), web_answer(std::string(1000, 'x'))}};

  auto large = fetch({server.url, {}}, 1000);
  auto small = fetch({server.url, {}}, 1000);

  REQUIRE(!large);
  CHECK(large.error() == ec::exhausted);
  REQUIRE(small);
  CHECK(small->body.size() == 1000);
}

TEST_CASE("repository client: a repository that is not there is unreachable") {
  std::string url;
  {
    web_server server{{}};
    url = server.url;
  }
  auto answer = fetch({url, {}}, 1000);

  REQUIRE(!answer);
  CHECK(answer.error() == ec::unreachable);
  CHECK(explain(answer.error()).starts_with(url + ": "));
}

TEST_CASE("repository client: other schemes than HTTP are refused") {
  CHECK(!fetch({"file:///etc/passwd", {}}, 100'000));
}

TEST_CASE("repository client: a file name has no folder and is not hidden") {
  CHECK(file_name_of(" attachment; filename=\"noop.wasm\"\r\n") == "noop.wasm");
  CHECK(file_name_of(" attachment; filename=noop.wasm; x=y\r\n")
        == "noop.wasm");
  CHECK(file_name_of("attachment; filename=\"/etc/cron.d/x\"") == "x");
  CHECK(file_name_of("attachment; filename=\"..\\\\x\"") == "x");
  for (auto bad :
       {"filename=\"..\"", "filename=\".profile\"", "filename=\"-x\"",
        "filename=\"a\x01\"", "filename=\"\"", "filename=", "attachment", ""})
    CHECK(file_name_of(bad).empty());
}
