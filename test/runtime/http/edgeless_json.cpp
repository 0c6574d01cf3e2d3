// SPDX-License-Identifier: MIT
#include "runtime/http/edgeless_json.hpp"

#include "runtime/http/base64.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("edgeless json: a request has the members of edgeless_http") {
  http_request x;
  x.method = "POST";
  x.host = "h:80";
  x.target = "/a?b=\"c\"";
  x.headers = {{"Accept", "a"}, {"accept", "b"}, {"X-Y", "z"}};
  x.body = std::string{"\0\xFF", 2};

  CHECK(to_http_payload(x)
        == R"({"method":"Post","protocol":"Unknown","host":"h:80",)"
           R"("path":"/a?b=\"c\"","body":[0,255],)"
           R"("headers":{"accept":"a, b","x-y":"z"}})");
}

TEST_CASE("edgeless json: reads what serde_json writes for a response") {
  auto x = response_of_http_payload(
    R"({"body":[87,111],"status":201,"headers":{"a":"b"}})");
  REQUIRE(x);
  CHECK(x->status == 201);
  CHECK(x->body == "Wo");
  CHECK(x->headers == http_headers{{"a", "b"}});
  x = response_of_http_payload(R"({"body":null,"status":404,"headers":{}})");
  REQUIRE(x);
  CHECK(x->body == "");
}

TEST_CASE("edgeless json: a request of a function becomes a URL") {
  auto x = request_of_http_payload(
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
                    R"({"status":200,"body":"no text","headers":{}})",
                    R"({"status":200,"body":null,"headers":{"a":1}})",
                    R"({"status":200,"body":null,"headers":{"a":{}}})",
                    R"({"status":200,"body":null,"headers":{"a":"b\r\nc: d"}})",
                    R"({"status":200,"body":null,"headers":{"a b":"c"}})",
                    R"({"status":200,"body":null,"headers":{}} x)"}) {
    INFO(text);
    CHECK(!response_of_http_payload(text));
  }
  for (auto text : {R"({"method":"GET","host":"h","headers":{}})",
                    R"({"method":"Get","host":"","headers":{}})"}) {
    INFO(text);
    CHECK(!request_of_http_payload(text));
  }
}

TEST_CASE("edgeless json: a body of any bytes survives") {
  http_response x;
  for (auto i = 0; i < 100'000; ++i)
    x.body += static_cast<char>(i * 7);

  auto back = response_of_http_payload(to_http_payload(x));

  REQUIRE(back);
  CHECK(back->body == x.body);
}

namespace {

/// A request and a response with bytes of every value.
http_request any_request() {
  http_request x{"PUT", "/a?b=c", "h:80", {{"A-b", "c: d"}, {"e", ""}}, {}};
  for (auto i = 0; i < 256; ++i)
    x.body += static_cast<char>(i);
  return x;
}

const auto all_formats = {http_body_format::numbers, http_body_format::base64,
                          http_body_format::raw};

} // namespace

TEST_CASE("http payload: each format of a request is read") {
  auto x = any_request();
  for (auto format : all_formats) {
    auto read = request_of_http_payload(to_http_payload(x, format));
    REQUIRE(read);
    CHECK(read->format == format);
    CHECK(read->url == "http://h:80/a?b=c");
    CHECK(read->content.method == "PUT");
    CHECK(read->content.body == x.body);
    CHECK(read->content.headers == http_headers{{"a-b", "c: d"}, {"e", ""}});
  }
}

TEST_CASE("http payload: each format of a response is read") {
  http_response x{299, {{"a", "b"}}, any_request().body};
  for (auto format : all_formats) {
    auto read = response_of_http_payload(to_http_payload(x, format));
    REQUIRE(read);
    CHECK(read->status == 299);
    CHECK(read->body == x.body);
    CHECK(read->headers == x.headers);
  }
}

TEST_CASE("http payload: the raw format is a head of lines and the body") {
  CHECK(to_http_payload(http_request{"POST", "/b", "a:80", {{"X", "y"}}, "\n{"},
                        http_body_format::raw)
        == "raw1\nPost\nUnknown\na:80\n/b\nx:y\n\n\n{");
  CHECK(to_http_payload(http_response{204, {}, ""}, http_body_format::raw)
        == "raw1\n204\n\n");
  CHECK(to_http_payload(http_response{200, {}, "hi"}, http_body_format::base64)
        == R"({"body":"aGk=","status":200,"headers":{}})");
}

TEST_CASE("http payload: a raw head that is incomplete or wrong is refused") {
  for (auto text :
       {"raw1\n", "raw1\n200", "raw1\n200\n", "raw1\n200\na:b\n", "raw1\n\n\n",
        "raw1\n20x\n\n", "raw1\n-1\n\n", "raw1\n99\n\n", "raw1\n600\n\n",
        "raw1\n200\n a:b\n\n", "raw1\n200\n:b\n\n", "raw1\n200\na:\rb\n\n",
        "raw2\n200\n\n", R"({"status":200,"body":"!","headers":{}})"}) {
    INFO(std::string{text});
    CHECK(!response_of_http_payload(text));
  }
  std::string many = "raw1\n200\n";
  for (std::size_t i = 0; i < limits::http_headers + 2; ++i)
    many += "a:b\n";
  CHECK(!response_of_http_payload(many + "\n"));
  CHECK(!request_of_http_payload("raw1\nPost\nHTTP\nh\n"));
  CHECK(!request_of_http_payload("raw1\nBrew\nHTTP\nh\n/\n\n"));
  CHECK(!request_of_http_payload("raw1\nPost\nHTTP\n\n/\n\n"));
}

TEST_CASE("http payload: the annotation names a format") {
  CHECK(parse_http_body_format("") == http_body_format::numbers);
  CHECK(parse_http_body_format("raw") == http_body_format::raw);
  CHECK(!parse_http_body_format("Raw"));
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
