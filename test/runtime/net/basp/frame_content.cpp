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

// -- what may be said ---------------------------------------------------------

TEST_CASE("a role's own verbs pass") {
  CHECK(verdict(fetch()) == "none");
  CHECK(verdict(tell(atom::exited_v, session_id{}, logical_id{}, physical_id{},
                     std::string{"trap"}))
        == "none");
  CHECK(verdict(tell(atom::deliver_v, std::uint64_t{1}, batch{0, {fragment{}}}),
                node, node)
        == "none");
  CHECK(verdict(tell(atom::start_v, workflow_id{},
                     workflow_spec{{component_draft{}}, {{"a", "b"}}}),
                client, controller)
        == "none");
}

TEST_CASE("the verbs of other roles do not pass") {
  CHECK(verdict(fetch(), client, controller) == "not_admitted");
  CHECK(verdict(tell(atom::keep_alive_v)) == "not_admitted");
  CHECK(verdict(tell(atom::stop_v), client, controller) == "not_admitted");
  CHECK(verdict(tell(atom::tick_v), controller, orchestrator)
        == "not_admitted");
  CHECK(verdict(tell(atom::fetch_v, code_id{"c"})) == "not_admitted");
}

TEST_CASE("what CAF sends by itself does not pass") {
  auto exit = raw("@<>+@exit", handle(5, them) + of(caf::error{}));
  CHECK(verdict(exit) == "not_admitted");
  CHECK(verdict(raw("@<>+@down", "")) == "not_admitted");
  auto link = raw("@<>+@atom+@strong_actor_ptr",
                  atom_bits(caf::atom("link")) + handle(5, them));
  CHECK(verdict(link) == "not_admitted");
  CHECK(verdict(raw("@<>+@message", "")) == "not_admitted");
  CHECK(verdict(raw("@<>", "")) == "not_admitted");
}

TEST_CASE("only the actors behind doors are asked, others may be answered") {
  auto acceptors = rules(node, orchestrator);
  acceptors.acceptors = {22};
  auto says = [&](const frame& x) {
    frame_validator check{acceptors};
    feed(check, greeting_of_client());
    return feed(check, x);
  };
  CHECK(says(fetch()) == refusal::none);
  CHECK(says(with(fetch(), &frame::target, 23)) == refusal::wrong_receiver);
  CHECK(says(with(answer(atom::ok_v), &frame::target, 23)) == refusal::none);
}

TEST_CASE("each verb has its own size") {
  auto fetch_of = [](std::size_t size) {
    return tell(atom::fetch_v, code_id(size, 'c'), std::uint64_t{0});
  };
  CHECK(verdict(fetch_of(64)) == "none");
  CHECK(verdict(fetch_of(2048)) == "too_large");
}

// -- values -------------------------------------------------------------------

TEST_CASE("values are whole, and nothing follows them") {
  CHECK(verdict(with(fetch(), &frame::payload, fetch().payload + "x"))
        == "bad_content");
  for (std::size_t n = 1; n < fetch().payload.size(); ++n)
    CHECK(verdict(with(fetch(), &frame::payload, fetch().payload.substr(0, n)))
          != "none");
}

TEST_CASE("a container that lies about its length is refused") {
  auto bomb = [](const std::string& length) {
    return raw("@<>+@atom+@u64+edgeless::batch",
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

TEST_CASE("an enumeration has only the values that it has") {
  auto call = tell(atom::invoke_v, physical_id{}, event{});
  REQUIRE(verdict(call, client, node) == "none");
  // The kind stands behind the ids of a target, a source and its component.
  auto kind = call.payload.size() - std::string{of(event{})}.size() + 48;
  call.payload[kind] = static_cast<char>(last_event_kind);
  CHECK(verdict(call, client, node) == "none");
  call.payload[kind] = static_cast<char>(last_event_kind) + 1;
  CHECK(verdict(call, client, node) == "bad_content");
}

TEST_CASE("what is small on the wire is not large in memory") {
  auto empty_strings = [](const std::string& length, std::size_t count) {
    auto result = raw("@<>+@strvec", length + std::string(count, '\0'));
    result.data = answer(atom::ok_v).data;
    return verdict(result, orchestrator, controller);
  };
  CHECK(empty_strings("\xe8\x07", 1000) == "none");
  CHECK(empty_strings("\x80\x89\x7a", 2'000'000) == "expands_too_much");
}

TEST_CASE("a handle belongs to whoever sends it") {
  auto attach = [](const std::string& library) {
    return raw("@<>+@atom+@str+edgeless::patron_actor",
               atom_bits(atom::attach::value) + of(std::string{"domain"})
                 + library);
  };
  auto says = [](const frame& x) {
    return verdict(x, controller, orchestrator);
  };
  CHECK(says(attach(handle(5, them))) == "none");
  CHECK(says(attach(handle(5, 'o'))) == "bad_content");
  CHECK(says(attach(handle(5, us))) == "bad_content");
  CHECK(says(attach(handle(0, them))) == "bad_content");
  CHECK(says(attach(of(std::uint64_t{0}) + atom_bits(caf::atom(""))))
        == "bad_content");
}

TEST_CASE("not more actors speak than may") {
  frame_validator check{rules(node, orchestrator)};
  feed(check, greeting_of_client());
  auto bytes = std::string{exited()};
  auto all_pass = true;
  for (std::uint64_t i = 1; i <= limits::remote_actors; ++i) {
    bytes.replace(16, 8, of(i)); // the header's source
    all_pass = all_pass && check.feed(bytes) == refusal::none;
  }
  CHECK(all_pass);
  CHECK(feed(check, down({})) == refusal::none); // actor 11 is gone
  CHECK(feed(check, with(exited(), &frame::source, 1'000'000))
        == refusal::none);
  CHECK(feed(check, with(exited(), &frame::source, 1'000'001))
        == refusal::too_many_actors);
}

// -- answers ------------------------------------------------------------------

TEST_CASE("answers to a pair's verbs pass, others do not") {
  CHECK(verdict(answer(atom::ok_v)) == "none");
  CHECK(verdict(answer(node_report{})) == "none");
  CHECK(verdict(answer(inventory{{}})) == "none");
  CHECK(verdict(answer()) == "none");
  CHECK(verdict(answer(workflow_status{})) == "not_admitted");
  CHECK(verdict(answer(code_part{})) == "not_admitted");
  CHECK(verdict(answer(code_part{}), orchestrator, node) == "none");
}

TEST_CASE("an answer without a question is no answer") {
  auto unasked = answer(node_report{});
  unasked.data = caf::message_id::default_async_value;
  CHECK(verdict(unasked) == "not_admitted");
}

TEST_CASE("an error with a plain context is an answer") {
  CHECK(verdict(answer(fail(ec::unknown_code, "no such module"))) == "none");
  CHECK(verdict(answer(caf::make_error(caf::sec::unexpected_message)))
        == "none");
  CHECK(verdict(answer(caf::make_error(
          ec::unknown_code, std::string(limits::frame_with_error, 'x'))))
        == "too_large");
}

TEST_CASE("an error with messages inside is none") {
  auto nested
    = caf::make_error(ec::unknown_code, caf::make_error(ec::stopping));
  CHECK(verdict(answer(nested)) == "bad_content");
  auto with_handle
    = raw("@<>+@error",
          "\x01" + atom_bits(caf::atom("edgeless"))
            + of(std::uint16_t{0}, std::string{"@<>+edgeless::node_actor"})
            + handle(5, them));
  with_handle.data = answer(atom::ok_v).data;
  CHECK(verdict(with_handle) == "bad_content");
}

// -- monitors -----------------------------------------------------------------

TEST_CASE("a peer may watch our actors and tell the end of its own") {
  CHECK(verdict(monitor()) == "none");
  CHECK(verdict(down({})) == "none");
  CHECK(verdict(down(caf::exit_reason::kill)) == "none");
  CHECK(verdict(down(fail(ec::stopping, "bye"))) == "none");
}

TEST_CASE("a peer does not watch or end anything in another's name") {
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
