// SPDX-License-Identifier: MIT
#include "runtime/http/edgeless_json.hpp"

#include "runtime/http/base64.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("edgeless json: a request has the members of edgeless_http") {
  http_request x;
  x.method = "POST";
  x.host = "h:80";
  x.target = "/a?b=\"c\"";
  x.headers = {{"Accept", "a"}, {"accept", "b"}, {"X-Y", "z"}};
  x.body = std::string{"\0\xFF", 2};

  CHECK(to_edgeless_json(x)
        == R"({"method":"Post","protocol":"Unknown","host":"h:80",)"
           R"("path":"/a?b=\"c\"","body":[0,255],)"
           R"("headers":{"accept":"a, b","x-y":"z"}})");
}

TEST_CASE("edgeless json: reads what serde_json writes for a response") {
  auto x = response_of_edgeless_json(
    R"({"body":[87,111],"status":201,"headers":{"a":"b"}})");
  REQUIRE(x);
  CHECK(x->status == 201);
  CHECK(x->body == "Wo");
  CHECK(x->headers == http_headers{{"a", "b"}});
  x = response_of_edgeless_json(R"({"body":null,"status":404,"headers":{}})");
  REQUIRE(x);
  CHECK(x->body == "");
}

TEST_CASE("edgeless json: a request of a function becomes a URL") {
  auto x = request_of_edgeless_json(
    R"({"method":"Get","protocol":"HTTPS","host":"api.github.com:443",)"
    R"("path":"/users","body":null,"headers":{"Accept":"*/*"}})");

  REQUIRE(x);
  CHECK(x->url == "https://api.github.com:443/users");
  CHECK(x->content.method == "GET");
  CHECK(x->content.headers == http_headers{{"Accept", "*/*"}});
}

TEST_CASE("edgeless json: what is no such document is refused") {
  for (auto text : {"",
                    "{",
                    "[]",
                    "1",
                    "null",
                    "{}",
                    R"({"status":"200"})",
                    R"({"status":99,"body":null,"headers":{}})",
                    R"({"status":600,"body":null,"headers":{}})",
                    R"({"status":200.5,"body":null,"headers":{}})",
                    R"({"status":-200,"body":null,"headers":{}})",
                    R"({"status":200,"body":[256],"headers":{}})",
                    R"({"status":200,"body":[-1],"headers":{}})",
                    R"({"status":200,"body":["a"],"headers":{}})",
                    R"({"status":200,"body":[[1]],"headers":{}})",
                    R"({"status":200,"body":"text","headers":{}})",
                    R"({"status":200,"body":null,"headers":{"a":1}})",
                    R"({"status":200,"body":null,"headers":{"a":{}}})",
                    R"({"status":200,"body":null,"headers":{"a":"b\r\nc: d"}})",
                    R"({"status":200,"body":null,"headers":{"a b":"c"}})",
                    R"({"status":200,"body":null,"headers":{}} x)"}) {
    INFO(text);
    CHECK(!response_of_edgeless_json(text));
  }
  for (auto text : {R"({"method":"GET","host":"h","headers":{}})",
                    R"({"method":"Get","host":"","headers":{}})"}) {
    INFO(text);
    CHECK(!request_of_edgeless_json(text));
  }
}

TEST_CASE("edgeless json: a body of any bytes survives") {
  http_response x;
  for (auto i = 0; i < 100'000; ++i)
    x.body += static_cast<char>(i * 7);

  auto back = response_of_edgeless_json(to_edgeless_json(x));

  REQUIRE(back);
  CHECK(back->body == x.body);
}

TEST_CASE("base64: RFC 4648, section 10") {
  const std::pair<std::string, std::string> vectors[]
    = {{"", ""},
       {"f", "Zg=="},
       {"fo", "Zm8="},
       {"foo", "Zm9v"},
       {"foob", "Zm9vYg=="},
       {"fooba", "Zm9vYmE="},
       {"foobar", "Zm9vYmFy"}};
  for (auto& [bytes, text] : vectors) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  for (auto text : {"Z", "Zg=", "Zg==Zg==", "Z===", "====", " Zg==", "Zg==\n",
                    "Z*==", "Zm9v\n"}) {
    INFO(text);
    CHECK(!from_base64(text));
  }
}
