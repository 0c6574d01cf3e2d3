// SPDX-License-Identifier: MIT
#include "test/actors/connectors/resource_fixture.hpp"

#include "actors/connectors/ollama.hpp"
#include "actors/connectors/serverless.hpp"

#include "runtime/http/server.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

using texts = std::vector<std::string>;

/// A server of this test, and a client that may reach it.
struct services_fixture {
  services_fixture() {
    auto opened = http_server::open(
      {"http", "127.0.0.1", 0},
      [this](http_request x, http_responder respond) {
        std::lock_guard guard{mutex};
        requests.push_back(x.method + " " + x.target + " " + x.body);
        respond(response);
      },
      {"test"});
    REQUIRE(opened);
    server = std::move(*opened);
  }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + path;
  }

  resource_class ollama_class() const {
    return ollama(url("/api/chat"), 30, client, counters);
  }

  resource_class serverless_class() const {
    return serverless(url("/double"), client, counters);
  }

  void answer(unsigned status, const std::string& body) {
    std::lock_guard guard{mutex};
    response = {status, {}, body};
  }

  static std::string said(const std::string& text) {
    return R"({"message":{"role":"assistant","content":")" + text + "\"}}";
  }

  std::mutex mutex;
  texts requests;
  http_response response;
  resource_counters_ptr counters = std::make_shared<resource_counters>();
  std::shared_ptr<http_client> client
    = std::make_shared<http_client>(texts{"127.0.0.1"});
  std::unique_ptr<http_server> server;
};

} // namespace

TEST_CASE_FIXTURE(services_fixture,
                  "serverless: a cast is posted, and the answer cast to out") {
  bare_resource x{serverless_class(), {}};
  x.begin();
  answer(200, "4");
  x.send("2");
  x.await(1);
  CHECK(requests == texts{"POST /double 2"});
  CHECK(x.casts == texts{"out: 4"});
  CHECK(x.outcomes == texts{""});
  CHECK(counters->serverless_answered == 1);
}

TEST_CASE_FIXTURE(services_fixture, "serverless: a call gets the answer") {
  bare_resource x{serverless_class(), {}};
  x.begin();
  answer(200, "4");
  x.send("2", event_kind::call);
  x.await(1);
  CHECK(x.outcomes == texts{"4"});
  CHECK(x.casts.empty());
}

TEST_CASE_FIXTURE(services_fixture,
                  "serverless: another status than 200 is cast to err, in the "
                  "words of EDGELESS, and counted") {
  bare_resource x{serverless_class(), {}};
  x.begin();
  answer(202, "4");
  x.send("2");
  x.await(1);
  auto why = "error when calling serverless function at " + url("/double")
             + " for resource " + to_string(x.spec.id)
             + ": status 202 returned";
  CHECK(x.casts == texts{"err: " + why});
  CHECK(x.outcomes == texts{"failed: " + why});
  CHECK(counters->serverless_failed == 1);
}

TEST_CASE_FIXTURE(services_fixture,
                  "serverless: without a server, a cast ends at err") {
  bare_resource x{serverless("http://127.0.0.1:1/", client, counters), {}};
  x.begin();
  x.send("2");
  x.send("3", event_kind::call);
  x.await(2);
  REQUIRE(x.casts.size() == 1);
  CHECK(x.casts[0].starts_with("err: error when calling serverless function"));
  CHECK(counters->serverless_failed == 2);
}

TEST_CASE_FIXTURE(services_fixture,
                  "ollama: an answer is cast to out, and a part of the next "
                  "request") {
  bare_resource x{ollama_class(), {{"model", "m"}}};
  x.begin();
  answer(200, said("fine"));
  x.send("how are you?");
  x.await(1);
  CHECK(x.casts == texts{"out: fine"});
  x.send("sure?", event_kind::call);
  x.await(2);
  CHECK(x.outcomes == texts{"fine", "fine"});
  CHECK(x.casts.size() == 1);
  REQUIRE(requests.size() == 2);
  CHECK(requests[1]
        == R"(POST /api/chat {"model":"m","messages":[)"
           R"({"role":"user","content":"how are you?"},)"
           R"({"role":"assistant","content":"fine"},)"
           R"({"role":"user","content":"sure?"}],"stream":false})");
  CHECK(counters->chats_answered == 2);
}

TEST_CASE_FIXTURE(services_fixture,
                  "ollama: the conversation continues from its state") {
  bare_resource x{ollama_class(), {{"model", "m"}}};
  x.begin();
  answer(200, said("b"));
  x.send("a");
  x.await(1);
  bare_resource successor{ollama_class(), {{"model", "m"}}};
  successor.begin(x.state);
  successor.send("c");
  successor.await(1);
  CHECK(requests[1].find(R"({"role":"assistant","content":"b"})")
        != std::string::npos);
}

TEST_CASE_FIXTURE(services_fixture,
                  "ollama: with stream, the pieces are cast as they come, and "
                  "then the whole") {
  bare_resource x{ollama_class(), {{"model", "m"}, {"stream", "true"}}};
  x.begin();
  answer(200, said("Good ") + "\n" + said("day") + "\n"
                + R"({"message":{"content":""},"done":true})");
  x.send("?");
  x.await(1);
  CHECK(x.casts == texts{"token: Good ", "token: day", "out: Good day"});
  CHECK(requests[0].ends_with("\"stream\":true}"));
}

TEST_CASE_FIXTURE(services_fixture,
                  "ollama: what is no answer fails, is counted, and not a part "
                  "of the conversation") {
  bare_resource x{ollama_class(), {{"model", "m"}}};
  x.begin();
  std::size_t n = 0;
  for (auto& [status, body] : std::vector<std::pair<unsigned, std::string>>{
         {404, R"({"error":"model 'm' not found"})"},
         {200, "lie"},
         {200, R"({"error":"no"})"},
         {500, ""}}) {
    answer(status, body);
    x.send("?");
    x.await(++n);
    CHECK(x.outcomes.back().starts_with("failed: "));
  }
  x.send("\xff");
  CHECK(x.outcomes.size() == ++n);
  CHECK(counters->chats_failed == n);
  CHECK(x.casts.empty());
  CHECK(x.state.empty());
}

TEST_CASE_FIXTURE(services_fixture,
                  "ollama: an error in the middle of an answer ends it") {
  bare_resource x{ollama_class(), {{"model", "m"}, {"stream", "true"}}};
  x.begin();
  answer(200, said("Good ") + "\n{\"error\":\"out of memory\"}\n");
  x.send("?");
  x.await(1);
  CHECK(x.casts == texts{"token: Good "});
  CHECK(x.outcomes == texts{"failed: the server answers: out of memory"});
}

TEST_CASE_FIXTURE(services_fixture, "ollama: a model is needed") {
  CHECK(bare_resource{ollama_class(), {}}.problem);
}
