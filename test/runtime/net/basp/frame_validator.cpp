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

TEST_CASE(
  "frame validator: a connection starts with the handshake of its side") {
  CHECK(first(client_handshake_frame()) == "none");
  CHECK(first(server_handshake_frame(), false) == "none");
  CHECK(first(server_handshake_frame()) == "no_handshake");
  CHECK(first(client_handshake_frame(), false) == "no_handshake");
  CHECK(first(heartbeat()) == "no_handshake");
  CHECK(first(fetch()) == "no_handshake");
  CHECK(first("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == "no_handshake");
}

TEST_CASE(
  "frame validator: a handshake carries exactly one well-formed node id") {
  auto greeting = client_handshake_frame();
  auto verdict_of = [&](std::string payload) {
    return first(with(greeting, &frame::payload, std::move(payload)));
  };
  CHECK(verdict_of(node_text(remote_node)) == "none");
  CHECK(verdict_of("") == "bad_header");
  CHECK(verdict_of(node_text(remote_node).substr(1)) == "bad_handshake");
  CHECK(verdict_of(node_text(remote_node) + "x") == "bad_handshake");
  CHECK(
    verdict_of(atom_bits(caf::atom("uri")) + node_text(remote_node).substr(8))
    == "bad_handshake");
  CHECK(verdict_of(std::string(32, '\0')) == "bad_handshake");
  CHECK(verdict_of(node_text('\0')) == "bad_handshake");
  CHECK(verdict_of(std::string(limits::frame_handshake + 1, 'x'))
        == "too_large");
}

TEST_CASE("frame validator: refuses our own node id as peer") {
  CHECK(first(client_handshake_frame(remote_node)) == "none");
  CHECK(first(client_handshake_frame(local_node)) == "own_node");
}

TEST_CASE(
  "frame validator: a server handshake names our version and application") {
  auto greeting = server_handshake_frame();
  CHECK(
    first(server_handshake_frame(remote_node, {"other", "edgeless-4"}), false)
    == "none");
  CHECK(first(server_handshake_frame(remote_node, {"other"}), false)
        == "other_application");
  CHECK(first(with(greeting, &frame::data, 4), false) == "other_application");
  CHECK(first(with(greeting, &frame::payload,
                   node_text(remote_node) + "\xff\xff\x03"),
              false)
        == "bad_handshake");
  CHECK(first(with(greeting, &frame::payload, greeting.payload + "x"), false)
        == "bad_handshake");
}

TEST_CASE("frame validator: a client repeats its handshake with the same node "
          "id only") {
  auto selected = with(client_handshake_frame(), &frame::flags, 2);
  CHECK(verdict(selected) == "none");
  CHECK(verdict(client_handshake_frame('o')) == "late_handshake");
  frame_validator check{rules(node, orchestrator, false)};
  REQUIRE(feed(check, server_handshake_frame()) == refusal::none);
  CHECK(feed(check, server_handshake_frame()) == refusal::late_handshake);
}

// -- headers ------------------------------------------------------------------

TEST_CASE("frame validator: a header obeys the rules of its operation") {
  CHECK(verdict(heartbeat()) == "none");
  CHECK(verdict(with(heartbeat(), &frame::data, 1)) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::payload, "x")) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::flags, 4)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::flags, 2)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::target, 0)) == "bad_header");
  CHECK(verdict(with(fetch(), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(monitor(), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(down({}), &frame::payload, "")) == "bad_header");
  CHECK(verdict(with(client_handshake_frame(), &frame::payload, ""))
        == "bad_header");
  auto padded = std::string{heartbeat()};
  padded[1] = 1;
  CHECK(verdict(padded) == "bad_header");
  auto unknown = std::string{heartbeat()};
  unknown[0] = 7;
  CHECK(verdict(unknown) == "bad_header");
}

TEST_CASE("frame validator: refuses an oversized frame by its header") {
  auto header = std::string{fetch()}.substr(0, frame_header::size);
  auto verdict_of_length = [&](std::uint32_t length) {
    return verdict(header.substr(0, 4) + of(length) + header.substr(8));
  };
  CHECK(verdict_of_length(limits::frame) == "none");
  CHECK(verdict_of_length(limits::frame + 1) == "too_large");
  CHECK(verdict_of_length(0xFFFFFFFF) == "too_large");
}

TEST_CASE("frame validator: an announced length allocates no memory") {
  frame_validator check{rules(node, orchestrator)};
  auto header = std::string{fetch()}.substr(0, frame_header::size);
  feed(check, client_handshake_frame());
  feed(check, header.substr(0, 4) + of(limits::frame) + header.substr(8));
  CHECK(check.free_space().size() < 64 << 10);
}

TEST_CASE("frame validator: refuses frames to be routed to a third node") {
  CHECK(verdict(with(fetch(), &frame::operation, message_type::routed_message))
        == "routed");
  CHECK(verdict(monitor(remote_node, 'o')) == "routed");
  CHECK(verdict(down({}, remote_node, 'o')) == "routed");
  auto stacked = fetch();
  stacked.payload = "\x01" + handle(5, remote_node) + stacked.payload.substr(1);
  CHECK(verdict(stacked) == "routed");
}

TEST_CASE("frame validator: refuses named receivers") {
  auto info
    = request_frame(caf::sys_atom_v, caf::get_atom_v, std::string{"info"});
  info.flags = 1;
  info.target = static_cast<std::uint64_t>(caf::atom("SpawnServ"));
  CHECK(verdict(info) == "named_receiver");
  CHECK(verdict(with(fetch(), &frame::flags, 1)) == "named_receiver");
}

TEST_CASE(
  "frame validator: refuses CAF stream messages, whose types are not checked") {
  for (std::uint64_t category : {2, 3})
    CHECK(verdict(with(fetch(), &frame::data, category << 60)) == "stream");
  CHECK(verdict(with(fetch(), &frame::data, 1)) == "none");
}

// -- the buffer ---------------------------------------------------------------

TEST_CASE("frame validator: returns the validated bytes unchanged") {
  std::string sent = std::string{client_handshake_frame()}
                     + std::string{fetch()} + std::string{heartbeat()};
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

TEST_CASE("frame validator: returns no part of an incomplete frame") {
  frame_validator check{rules(node, orchestrator)};
  auto greeting = std::string{client_handshake_frame()};
  feed(check, greeting);
  auto bytes = std::string{fetch()};
  feed(check, bytes.substr(0, bytes.size() - 1));
  CHECK(check.ready() == greeting.size());
  feed(check, bytes.substr(bytes.size() - 1));
  CHECK(check.ready() == greeting.size() + bytes.size());
}

// -- outstanding requests -----------------------------------------------------

TEST_CASE("frame validator: limits the outstanding requests of a peer") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, client_handshake_frame()) == refusal::none);
  auto question = fetch();
  auto ask = [&](std::uint64_t number) {
    question.data = caf::message_id::default_async_value | number;
    return feed(check, question);
  };
  for (std::size_t i = 1; i <= limits::unanswered_requests; ++i)
    REQUIRE(ask(i) == refusal::none);

  check.on_response({question.source, number_of(question.data), 0});
  CHECK(ask(limits::unanswered_requests + 1) == refusal::none);
  CHECK(ask(limits::unanswered_requests + 2) == refusal::too_many_requests);
}

TEST_CASE("frame validator: refuses a repeated request id") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, client_handshake_frame()) == refusal::none);
  auto question = fetch();
  question.data = caf::message_id::default_async_value | 1;

  CHECK(feed(check, question) == refusal::none);
  CHECK(feed(check, question) == refusal::too_many_requests);
}

TEST_CASE("frame validator: a controller may have limits::workflows "
          "outstanding host requests") {
  frame_validator check{rules(controller, orchestrator)};
  REQUIRE(feed(check, client_handshake_frame()) == refusal::none);
  auto ask = [&](frame question, std::uint64_t number) {
    question.data = caf::message_id::default_async_value | number;
    auto result = feed(check, question);
    char taken[1024];
    while (check.ready() > 0)
      check.take(taken, sizeof taken);
    return result;
  };
  auto host
    = request_frame(atom::host_v, workflow_id{}, std::vector<component_spec>{});
  for (std::uint64_t i = 1; i <= limits::workflows; ++i)
    REQUIRE(ask(host, i) == refusal::none);

  CHECK(ask(request_frame(atom::describe_v), limits::workflows + 1)
        == refusal::none);
  CHECK(ask(host, limits::workflows + 2) == refusal::too_many_requests);
}

TEST_CASE(
  "frame validator: a message type with a response needs a request id") {
  CHECK(
    verdict(with(fetch(), &frame::data, caf::message_id::default_async_value))
    == "no_request");
}

TEST_CASE("frame validator: messages without a response are not limited") {
  frame_validator check{rules(node, orchestrator)};
  REQUIRE(feed(check, client_handshake_frame()) == refusal::none);
  std::string text = exited();
  for (std::size_t i = 0; i <= limits::unanswered_requests; ++i)
    REQUIRE(check.feed(text) == refusal::none);
}

TEST_CASE("frame validator: responses_in finds the responses among frames") {
  auto reply = response_frame(std::uint64_t{1});
  auto count = [](const std::string& frames) {
    return responses_in(frames).size();
  };
  std::string text = reply;

  CHECK(count("") == 0);
  CHECK(count(heartbeat()) == 0);
  CHECK(count(fetch()) == 0);
  CHECK(count(text + std::string{fetch()} + text) == 2);
  CHECK(count(text.substr(0, 20)) == 0);
  REQUIRE(count(text) == 1);
  CHECK(responses_in(text)[0].actor == reply.target);
  CHECK(responses_in(text)[0].request == number_of(reply.data));
  CHECK(responses_in(text)[0].bytes == text.size());
}

} // namespace edgeless
