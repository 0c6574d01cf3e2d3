// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::guest_instance;
using edgeless::test::lines;
using edgeless::test::shared_isolation;

namespace {

std::string request(const std::string& method, const std::string& path,
                    const std::string& body) {
  std::string bytes;
  for (auto c : body)
    bytes += (bytes.empty() ? "" : ",")
             + std::to_string(static_cast<unsigned char>(c));
  return R"({"method":")" + method + R"(","protocol":"Unknown","host":"h",)"
         + R"("path":")" + path + R"(","body":[)" + bytes
         + R"(],"headers":{}})";
}

struct http_function : guest_instance<shared_isolation> {
  using guest_instance::guest_instance;

  /// The status and the body of the response.
  std::string call(const std::string& method, const std::string& path,
                   const std::string& body = "") {
    handle(hook::call, request(method, path, body));
    REQUIRE(!host.results.empty());
    auto& reply = host.results.back();
    if (reply.kind != event_kind::reply)
      return "failed";
    auto status = reply.payload.substr(10, 3);
    std::string text;
    auto at = reply.payload.find('[') + 1;
    while (reply.payload[at] >= '0' && reply.payload[at] <= '9') {
      std::size_t digits = 0;
      text += static_cast<char>(std::stoi(reply.payload.substr(at), &digits));
      at = reply.payload.find_first_not_of(", ", at + digits);
    }
    return status + " " + text;
  }

  /// What it has sent, without its log.
  lines sent() {
    lines result;
    for (auto& x : host.journal)
      if (!x.starts_with("log "))
        result.push_back(x);
    return result;
  }
};

} // namespace

TEST_CASE("http_read_number: casts integers in requests for its path only") {
  http_function x{"http_read_number"};
  x.handle(hook::init);
  CHECK(x.call("Post", "/read_number", "42") == "200 ");
  CHECK(x.call("Post", "/read_number", "-7") == "200 ");
  CHECK(x.call("Post", "/read_number", "4.2")
        == "400 body does not contain an integer");
  CHECK(x.call("Post", "/read_number", "99999999999")
        == "400 body does not contain an integer");
  CHECK(x.call("Get", "/read_number") == "400 empty body");
  CHECK(x.call("Post", "/", "42") == "404 invalid path");
  CHECK(x.sent() == lines{"parsed_value: 42", "parsed_value: -7"});
  x.handle(hook::call, "no request");
  CHECK(x.host.results.back().kind == event_kind::error);
}

TEST_CASE("http_extractor: casts bodies, and answers 200") {
  http_function x{"http_extractor"};
  x.handle(hook::init);
  CHECK(x.call("Post", "/any", "hello") == "200 ");
  CHECK(x.call("Get", "/any") == "200 ");
  CHECK(x.sent() == lines{"out: hello"});
}

TEST_CASE("http_write_number: posts its events to the host of its payload") {
  http_function x{"http_write_number"};
  x.host.immediate_result = caf::expected<call_result>{
    call_result{event_kind::reply, R"({"status":200,"body":[],"headers":{}})"}};
  x.handle(hook::init, "localhost:10000");
  x.handle(hook::cast, "86");
  CHECK(x.sent()
        == lines{R"(call external_sink: {"method":"Post","protocol":"HTTP",)"
                 R"("host":"localhost:10000","path":"","body":[56, 54],)"
                 R"("headers":{}})"});
  CHECK(x.host.journal.back()
        == "log 3 http_write_number: http_write_number: "
           "200 ");
  x.host.immediate_result
    = caf::expected<call_result>{call_result{event_kind::error, ""}};
  x.handle(hook::cast, "1");
  CHECK(x.host.journal.back()
        == "log 2 http_write_number: http_write_number: no response");
}

TEST_CASE("http_counter: counts, and continues from its state") {
  http_function x{"http_counter"};
  x.handle(hook::init);
  CHECK(x.call("Get", "/counter") == "200 0\n");
  CHECK(x.call("Post", "/counter", "5") == "200 5\n");
  CHECK(x.call("Post", "/counter", "-2") == "200 3\n");
  CHECK(x.sent() == lines{"sync: 5", "sync: 3"});
  CHECK(x.call("Post", "/counter", "x") == "400 the body is no integer\n");
  CHECK(x.call("Put", "/counter", "1")
        == "405 the methods are GET, POST and DELETE\n");
  CHECK(x.call("Get", "/") == "404 the path is /counter\n");

  http_function next{"http_counter"};
  next.handle(hook::init, "", "3");
  CHECK(next.call("Get", "/counter") == "200 3\n");
  CHECK(next.call("Delete", "/counter") == "200 0\n");
}
