// SPDX-License-Identifier: MIT
#include "runtime/net/basp/frame_validator.hpp"

#include "test/fixtures/frame_verdict.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using namespace bytes;
using enum peer_role;

} // namespace

// -- handshakes ---------------------------------------------------------------

TEST_CASE("a connection begins with the handshake of its side") {
  CHECK(first(greeting_of_client()) == "none");
  CHECK(first(greeting_of_server(), false) == "none");
  CHECK(first(greeting_of_server()) == "no_handshake");
  CHECK(first(greeting_of_client(), false) == "no_handshake");
  CHECK(first(heartbeat()) == "no_handshake");
  CHECK(first(fetch()) == "no_handshake");
  CHECK(first("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == "no_handshake");
}

TEST_CASE("a handshake carries exactly one well-formed node id") {
  auto greeting = greeting_of_client();
  auto says = [&](std::string payload) {
    return first(with(greeting, &frame::payload, std::move(payload)));
  };
  CHECK(says(node_text(them)) == "none");
  CHECK(says("") == "bad_header");
  CHECK(says(node_text(them).substr(1)) == "bad_handshake");
  CHECK(says(node_text(them) + "x") == "bad_handshake");
  CHECK(says(atom_bits(caf::atom("uri")) + node_text(them).substr(8))
        == "bad_handshake");
  CHECK(says(std::string(32, '\0')) == "bad_handshake");
  CHECK(says(node_text('\0')) == "bad_handshake");
  CHECK(says(std::string(limits::frame_handshake + 1, 'x')) == "too_large");
}

TEST_CASE("a peer is not ourselves") {
  CHECK(first(greeting_of_client(them)) == "none");
  CHECK(first(greeting_of_client(us)) == "own_node");
}

TEST_CASE("a server speaks our version of our application") {
  auto greeting = greeting_of_server();
  CHECK(first(greeting_of_server(them, {"other", "edgeless-3"}), false)
        == "none");
  CHECK(first(greeting_of_server(them, {"other"}), false)
        == "other_application");
  CHECK(first(with(greeting, &frame::data, 4), false) == "other_application");
  CHECK(first(with(greeting, &frame::payload, node_text(them) + "\xff\xff\x03"),
              false)
        == "bad_handshake");
  CHECK(first(with(greeting, &frame::payload, greeting.payload + "x"), false)
        == "bad_handshake");
}

TEST_CASE("a client greets again under the same name only") {
  auto selected = with(greeting_of_client(), &frame::flags, 2);
  CHECK(verdict(selected) == "none");
  CHECK(verdict(greeting_of_client('o')) == "late_handshake");
  frame_validator check{rules(node, orchestrator, false)};
  REQUIRE(feed(check, greeting_of_server()) == refusal::none);
  CHECK(feed(check, greeting_of_server()) == refusal::late_handshake);
}

// -- headers ------------------------------------------------------------------

TEST_CASE("a header keeps the rules of its kind of frame") {
  CHECK(verdict(heartbeat()) == "none");
  CHECK(verdict(with(heartbeat(), &frame::data, 1)) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::payload, "x")) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::flags, 4)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::flags, 2)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::target, 0)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(monitor(), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(down({}), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(greeting_of_client(), &frame::payload, ""))
        == "bad_header");
  auto padded = std::string{heartbeat()};
  padded[1] = 1;
  CHECK(verdict(padded) == "bad_header");
  auto unknown = std::string{heartbeat()};
  unknown[0] = 7;
  CHECK(verdict(unknown) == "bad_header");
}

TEST_CASE("a header that promises too much is refused before more comes") {
  auto header = std::string{fetch()}.substr(0, frame_header::size);
  auto promise = [&](std::uint32_t length) {
    return verdict(header.substr(0, 4) + of(length) + header.substr(8));
  };
  CHECK(promise(limits::frame) == "none");
  CHECK(promise(limits::frame + 1) == "too_large");
  CHECK(promise(0xFFFFFFFF) == "too_large");
}

TEST_CASE("a promise takes no memory") {
  frame_validator check{rules(node, orchestrator)};
  auto header = std::string{fetch()}.substr(0, frame_header::size);
  feed(check, greeting_of_client());
  feed(check, header.substr(0, 4) + of(limits::frame) + header.substr(8));
  CHECK(check.room().size() < 64 << 10);
}

TEST_CASE("nothing is passed on to a third node") {
  CHECK(verdict(with(fetch(), &frame::operation, message_type::routed_message))
        == "routed");
  CHECK(verdict(monitor(them, 'o')) == "routed");
  CHECK(verdict(down({}, them, 'o')) == "routed");
  auto stacked = fetch();
  stacked.payload = "\x01" + handle(5, them) + stacked.payload.substr(1);
  CHECK(verdict(stacked) == "routed");
}

TEST_CASE("nobody is addressed by name") {
  auto info = tell(caf::sys_atom_v, caf::get_atom_v, std::string{"info"});
  info.flags = 1;
  info.target = static_cast<std::uint64_t>(caf::atom("SpawnServ"));
  CHECK(verdict(info) == "named_receiver");
  CHECK(verdict(with(fetch(), &frame::flags, 1)) == "named_receiver");
}

TEST_CASE("streams are refused: CAF trusts their types") {
  for (std::uint64_t category : {2, 3})
    CHECK(verdict(with(fetch(), &frame::data, category << 60)) == "stream");
  CHECK(verdict(with(fetch(), &frame::data, 1)) == "none");
}

// -- the buffer ---------------------------------------------------------------

TEST_CASE("what has been checked is taken byte for byte") {
  std::string sent = std::string{greeting_of_client()} + std::string{fetch()}
                     + std::string{heartbeat()};
  frame_validator check{rules(node, orchestrator)};
  std::string got;
  for (char x : sent) {
    REQUIRE(check.feed({&x, 1}) == refusal::none);
    char out[7];
    while (check.ready() > 0)
      got.append(out, check.take(out, sizeof out));
  }
  CHECK(got == sent);
}

TEST_CASE("nothing of a frame is given out before it is whole") {
  frame_validator check{rules(node, orchestrator)};
  auto greeting = std::string{greeting_of_client()};
  feed(check, greeting);
  auto bytes = std::string{fetch()};
  feed(check, bytes.substr(0, bytes.size() - 1));
  CHECK(check.ready() == greeting.size());
  feed(check, bytes.substr(bytes.size() - 1));
  CHECK(check.ready() == greeting.size() + bytes.size());
}

// -- how much a peer may ask --------------------------------------------------

TEST_CASE("a peer has so many questions open, and no more") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  auto question = fetch();
  auto ask = [&](std::uint64_t number) {
    question.data = caf::message_id::default_async_value | number;
    return feed(check, question);
  };
  for (std::size_t i = 1; i <= limits::unanswered_requests; ++i)
    REQUIRE(ask(i) == refusal::none);

  check.answered({question.source, number_of(question.data), 0});
  CHECK(ask(limits::unanswered_requests + 1) == refusal::none);
  CHECK(ask(limits::unanswered_requests + 2) == refusal::too_many_requests);
}

TEST_CASE("a question is asked once") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  auto question = fetch();
  question.data = caf::message_id::default_async_value | 1;

  CHECK(feed(check, question) == refusal::none);
  CHECK(feed(check, question) == refusal::too_many_requests);
}

TEST_CASE("a controller has as many hosts open as there may be workflows") {
  frame_validator check{rules(controller, orchestrator)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  auto ask = [&](frame question, std::uint64_t number) {
    question.data = caf::message_id::default_async_value | number;
    auto result = feed(check, question);
    char taken[1024];
    while (check.ready() > 0)
      check.take(taken, sizeof taken);
    return result;
  };
  auto host = tell(atom::host_v, workflow_id{}, std::vector<component_spec>{});
  for (std::uint64_t i = 1; i <= limits::workflows; ++i)
    REQUIRE(ask(host, i) == refusal::none);

  CHECK(ask(tell(atom::describe_v), limits::workflows + 1) == refusal::none);
  CHECK(ask(host, limits::workflows + 2) == refusal::too_many_requests);
}

TEST_CASE("what has an answer is asked with a number") {
  CHECK(
    verdict(with(fetch(), &frame::data, caf::message_id::default_async_value))
    == "no_request");
}

TEST_CASE("what has no answer may be said as often as one likes") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  std::string text = exited();
  for (std::size_t i = 0; i <= limits::unanswered_requests; ++i)
    REQUIRE(check.feed(text) == refusal::none);
}

TEST_CASE("answers are told from everything else") {
  auto reply = answer(std::uint64_t{1});
  auto count = [](const std::string& frames) {
    return answers_in(frames).size();
  };
  std::string text = reply;

  CHECK(count("") == 0);
  CHECK(count(heartbeat()) == 0);
  CHECK(count(fetch()) == 0);
  CHECK(count(text + std::string{fetch()} + text) == 2);
  CHECK(count(text.substr(0, 20)) == 0);
  REQUIRE(count(text) == 1);
  CHECK(answers_in(text)[0].actor == reply.target);
  CHECK(answers_in(text)[0].request == number_of(reply.data));
  CHECK(answers_in(text)[0].bytes == text.size());
}

} // namespace edgeless
