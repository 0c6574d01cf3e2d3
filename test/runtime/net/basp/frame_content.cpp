// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_verdict.hpp"

#include "runtime/net/basp/frame_validator.hpp"

#include "messages/limits.hpp"

#include <caf/sec.hpp>

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using namespace bytes;
using enum peer_role;

} // namespace

// -- which messages are admitted ----------------------------------------------

TEST_CASE("frame content: messages of the role pass") {
  CHECK(verdict(fetch()) == "none");
  CHECK(verdict(request_frame(atom::exited_v, session_id{}, logical_id{},
                              physical_id{}, std::string{"trap"}))
        == "none");
  CHECK(verdict(request_frame(atom::deliver_v, std::uint64_t{1},
                              batch{0, {fragment{}}}),
                node, node)
        == "none");
  CHECK(verdict(request_frame(atom::start_v, workflow_id{},
                              workflow_spec{{component_draft{}}, {{"a", "b"}}},
                              if_infeasible::wait),
                client, controller)
        == "none");
}

TEST_CASE("frame content: refuses messages of other roles") {
  CHECK(verdict(fetch(), client, controller) == "not_admitted");
  CHECK(verdict(request_frame(atom::keep_alive_v)) == "not_admitted");
  CHECK(verdict(request_frame(atom::stop_v), client, controller)
        == "not_admitted");
  CHECK(verdict(request_frame(atom::tick_v), controller, orchestrator)
        == "not_admitted");
  CHECK(verdict(request_frame(atom::fetch_v, code_id{"c"})) == "not_admitted");
}

TEST_CASE("frame content: refuses CAF's internal messages") {
  auto exit
    = raw_message("@<>+@exit", handle(5, remote_node) + of(caf::error{}));
  CHECK(verdict(exit) == "not_admitted");
  CHECK(verdict(raw_message("@<>+@down", "")) == "not_admitted");
  auto link
    = raw_message("@<>+@atom+@strong_actor_ptr",
                  atom_bits(caf::atom("link")) + handle(5, remote_node));
  CHECK(verdict(link) == "not_admitted");
  CHECK(verdict(raw_message("@<>+@message", "")) == "not_admitted");
  CHECK(verdict(raw_message("@<>", "")) == "not_admitted");
}

TEST_CASE(
  "frame content: requests reach published actors only, responses any actor") {
  auto acceptors = rules(node, orchestrator);
  acceptors.acceptors = {22};
  auto verdict_of = [&](const frame& x) {
    frame_validator check{acceptors};
    feed(check, client_handshake_frame());
    return feed(check, x);
  };
  CHECK(verdict_of(fetch()) == refusal::none);
  CHECK(verdict_of(with(fetch(), &frame::target, 23))
        == refusal::wrong_receiver);
  CHECK(verdict_of(with(response_frame(atom::ok_v), &frame::target, 23))
        == refusal::none);
}

TEST_CASE("frame content: each message type has its own size limit") {
  auto fetch_of = [](std::size_t size) {
    return request_frame(atom::fetch_v, code_id(size, 'c'), std::uint64_t{0});
  };
  CHECK(verdict(fetch_of(64)) == "none");
  CHECK(verdict(fetch_of(2048)) == "too_large");
}

// -- values -------------------------------------------------------------------

TEST_CASE("frame content: refuses truncated values and trailing bytes") {
  CHECK(verdict(with(fetch(), &frame::payload, fetch().payload + "x"))
        == "bad_content");
  for (std::size_t n = 1; n < fetch().payload.size(); ++n)
    CHECK(verdict(with(fetch(), &frame::payload, fetch().payload.substr(0, n)))
          != "none");
}

TEST_CASE("frame content: refuses a container with a wrong length") {
  auto bomb = [](const std::string& length) {
    return raw_message("@<>+@atom+@u64+edgeless::batch",
                       atom_bits(atom::deliver::value) + of(std::uint64_t{1})
                         + of(std::uint64_t{0}) + length);
  };
  CHECK(verdict(bomb(std::string(1, '\0')), node, node) == "none");
  CHECK(verdict(bomb("\x01"), node, node) == "bad_content");
  CHECK(verdict(bomb("\xff\xff\xff\xff\x07"), node, node) == "bad_content");
  // CAF would shift by more than the width of the number.
  CHECK(verdict(bomb("\x80\x80\x80\x80\x80\x80\x80\x01"), node, node)
        == "bad_content");
}

TEST_CASE("frame content: refuses enumeration values out of range") {
  auto call = request_frame(atom::invoke_v, physical_id{}, event{});
  REQUIRE(verdict(call, client, node) == "none");
  // The kind follows the ids of the target, the source and its component.
  auto kind = call.payload.size() - std::string{of(event{})}.size() + 48;
  call.payload[kind] = static_cast<char>(last_event_kind);
  CHECK(verdict(call, client, node) == "none");
  call.payload[kind] = static_cast<char>(last_event_kind) + 1;
  CHECK(verdict(call, client, node) == "bad_content");
}

TEST_CASE("frame content: refuses messages that expand too much in memory") {
  auto empty_strings = [](const std::string& length, std::size_t count) {
    auto result = raw_message("@<>+edgeless::obstacles",
                              length + std::string(count + 1, '\0'));
    result.data = response_frame(atom::ok_v).data;
    return verdict(result, orchestrator, controller);
  };
  CHECK(empty_strings("\xe8\x07", 1000) == "none");
  CHECK(empty_strings("\x80\x89\x7a", 2'000'000) == "expands_too_much");
}

TEST_CASE(
  "frame content: refuses actor handles of other nodes than the sender") {
  auto attach = [](const std::string& test_module_source) {
    return raw_message("@<>+@atom+@str+edgeless::controller_link_actor",
                       atom_bits(atom::attach::value)
                         + of(std::string{"domain"}) + test_module_source);
  };
  auto verdict_of = [](const frame& x) {
    return verdict(x, controller, orchestrator);
  };
  CHECK(verdict_of(attach(handle(5, remote_node))) == "none");
  CHECK(verdict_of(attach(handle(5, 'o'))) == "bad_content");
  CHECK(verdict_of(attach(handle(5, local_node))) == "bad_content");
  CHECK(verdict_of(attach(handle(0, remote_node))) == "bad_content");
  CHECK(verdict_of(attach(of(std::uint64_t{0}) + atom_bits(caf::atom(""))))
        == "bad_content");
}

TEST_CASE("frame content: limits the number of remote actors per connection") {
  frame_validator check{rules(node, orchestrator)};
  feed(check, client_handshake_frame());
  auto bytes = std::string{exited()};
  auto all_pass = true;
  for (std::uint64_t i = 1; i <= limits::remote_actors; ++i) {
    bytes.replace(16, 8, of(i)); // the header's source
    all_pass = all_pass && check.feed(bytes) == refusal::none;
  }
  CHECK(all_pass);
  CHECK(feed(check, down({})) == refusal::none); // actor 11 is down
  CHECK(feed(check, with(exited(), &frame::source, 1'000'000))
        == refusal::none);
  CHECK(feed(check, with(exited(), &frame::source, 1'000'001))
        == refusal::too_many_actors);
}

// -- responses ----------------------------------------------------------------

TEST_CASE("frame content: responses pass if their request is admitted") {
  CHECK(verdict(response_frame(atom::ok_v)) == "none");
  CHECK(verdict(response_frame(node_report{})) == "none");
  CHECK(verdict(response_frame(inventory{{}})) == "none");
  CHECK(verdict(response_frame()) == "none");
  CHECK(verdict(response_frame(workflow_status{})) == "not_admitted");
  CHECK(verdict(response_frame(code_part{})) == "not_admitted");
  CHECK(verdict(response_frame(code_part{}), orchestrator, node) == "none");
}

TEST_CASE(
  "frame content: refuses a response type sent as an asynchronous message") {
  auto unsolicited = response_frame(node_report{});
  unsolicited.data = caf::message_id::default_async_value;
  CHECK(verdict(unsolicited) == "not_admitted");
}

TEST_CASE("frame content: an error with a plain context is a valid response") {
  CHECK(verdict(response_frame(fail(ec::unknown_code, "no such module")))
        == "none");
  CHECK(verdict(response_frame(caf::make_error(caf::sec::unexpected_message)))
        == "none");
  CHECK(verdict(response_frame(caf::make_error(
          ec::unknown_code, std::string(limits::frame_with_error, 'x'))))
        == "too_large");
}

TEST_CASE("frame content: refuses errors with nested messages or handles") {
  auto nested
    = caf::make_error(ec::unknown_code, caf::make_error(ec::stopping));
  CHECK(verdict(response_frame(nested)) == "bad_content");
  auto with_handle
    = raw_message("@<>+@error", "\x01" + atom_bits(caf::atom("edgeless"))
                                  + of(std::uint16_t{0},
                                       std::string{"@<>+edgeless::node_actor"})
                                  + handle(5, remote_node));
  with_handle.data = response_frame(atom::ok_v).data;
  CHECK(verdict(with_handle) == "bad_content");
}

// -- monitors -----------------------------------------------------------------

TEST_CASE(
  "frame content: a peer may monitor local actors and report its own as down") {
  CHECK(verdict(monitor()) == "none");
  CHECK(verdict(down({})) == "none");
  CHECK(verdict(down(caf::exit_reason::kill)) == "none");
  CHECK(verdict(down(fail(ec::stopping, "bye"))) == "none");
}

TEST_CASE("frame content: refuses monitor and down messages in the name of "
          "another node") {
  CHECK(verdict(monitor('o')) == "bad_content");
  CHECK(verdict(down({}, 'o')) == "bad_content");
  CHECK(verdict(with(monitor(), &frame::payload, monitor().payload + "x"))
        == "bad_content");
  CHECK(verdict(with(down({}), &frame::payload, down({}).payload + "x"))
        == "bad_content");
  auto nested = caf::make_error(ec::stopping, caf::make_error(ec::stopping));
  CHECK(verdict(down(nested)) == "bad_content");
}

} // namespace edgeless
