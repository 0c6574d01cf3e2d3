// SPDX-License-Identifier: MIT
#include "runtime/services/conversation.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace edgeless;

TEST_CASE("conversation: a request has the model, what was said, and the "
          "question") {
  conversation x{"m", 30};
  CHECK(*x.request("hi", false)
        == R"({"model":"m","messages":[{"role":"user","content":"hi"}],)"
           R"("stream":false})");
  x.add("hi", "ho");
  CHECK(*x.request("\"?", true)
        == R"({"model":"m","messages":[{"role":"user","content":"hi"},)"
           R"({"role":"assistant","content":"ho"},)"
           R"({"role":"user","content":"\"?"}],"stream":true})");
}

TEST_CASE("conversation: a question that is no text is refused") {
  CHECK(!conversation{"m", 30}.request("\xff", false));
}

TEST_CASE("conversation: the oldest messages are forgotten, by number and by "
          "size") {
  conversation x{"m", 3};
  x.add("a", "b");
  x.add("c", "d");
  CHECK(x.state()
        == R"([{"role":"assistant","content":"b"},)"
           R"({"role":"user","content":"c"},)"
           R"({"role":"assistant","content":"d"}])");
  x.add("e", std::string(limits::chat_bytes + 1, 'x'));
  CHECK(x.state() == "[]");
  conversation none{"m", 0};
  none.add("a", "b");
  CHECK(none.state() == "[]");
}

TEST_CASE("conversation: continues from a state, and ignores what is none") {
  conversation x{"m", 30};
  x.add("a", "b");
  conversation y{"m", 30};
  y.restore(x.state());
  CHECK(y.state() == x.state());
  for (auto text : {"", "{", "{}", "[1]", R"([{"role":1,"content":"a"}])",
                    R"([{"role":"user"}])"}) {
    conversation z{"m", 30};
    z.restore(text);
    CHECK_MESSAGE(z.state() == "[]", text);
  }
}

TEST_CASE("conversation: the text of a response") {
  CHECK(*text_of_chat(
          R"({"message":{"role":"assistant","content":"ho"},"done":true})")
        == "ho");
  for (auto text : {"", "x", "[]", "{}", R"({"message":1})",
                    R"({"message":{}})", R"({"message":{"content":1}})"})
    CHECK_MESSAGE(!text_of_chat(text), text);
  auto refused = text_of_chat(R"({"error":"model 'm' not found"})");
  REQUIRE(!refused);
  CHECK(explain(refused.error()) == "the server answers: model 'm' not found");
}

TEST_CASE("line splitter: lines are whole, wherever the body is cut") {
  const std::string body = "one\n\ntwo\nrest";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    std::vector<std::string> seen;
    line_splitter x;
    for (auto part : {body.substr(0, cut), body.substr(cut)})
      x.add(part, [&](std::string_view line) { seen.emplace_back(line); });
    CHECK(seen == std::vector<std::string>{"one", "", "two"});
    CHECK(x.rest() == "rest");
  }
}
