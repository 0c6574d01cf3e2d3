// SPDX-License-Identifier: MIT
#include "runtime/frame_check.hpp"

#include "test/runtime/frame_bytes.hpp"

#include "messages/limits.hpp"

#include <caf/sec.hpp>

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using namespace bytes;
using enum peer_role;

frame_rules rules(peer_role peer, peer_role self, bool accepted = true) {
  return {accepted, node_id_of(us),
          std::make_shared<admission_table>(admission(peer, self)), {}};
}

/// What becomes of a frame from `peer` on a connection that it has made.
std::string verdict(const std::string& frame, peer_role peer = node,
                    peer_role self = orchestrator) {
  frame_check check{rules(peer, self)};
  REQUIRE(feed(check, greeting_of_client()) == refusal::none);
  return std::string{to_string(feed(check, frame))};
}

/// What becomes of a first frame.
std::string first(const std::string& frame, bool accepted = true) {
  frame_check check{rules(node, orchestrator, accepted)};
  return std::string{to_string(feed(check, frame))};
}

template <class T>
frame with(frame x, T frame::*member, std::type_identity_t<T> value) {
  x.*member = std::move(value);
  return x;
}

auto fetch = tell(atom::fetch_v, code_id{"c"}, std::uint64_t{0});

} // namespace

// -- handshakes ---------------------------------------------------------------

TEST_CASE("a connection begins with the handshake of its side") {
  CHECK(first(greeting_of_client()) == "none");
  CHECK(first(greeting_of_server(), false) == "none");
  CHECK(first(greeting_of_server()) == "no_handshake");
  CHECK(first(greeting_of_client(), false) == "no_handshake");
  CHECK(first(heartbeat()) == "no_handshake");
  CHECK(first(fetch) == "no_handshake");
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
  CHECK(first(greeting_of_server(them, {"other", "edgeless-1"}), false)
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
  frame_check check{rules(node, orchestrator, false)};
  REQUIRE(feed(check, greeting_of_server()) == refusal::none);
  CHECK(feed(check, greeting_of_server()) == refusal::late_handshake);
}

// -- headers ------------------------------------------------------------------

TEST_CASE("a header keeps the rules of its kind of frame") {
  CHECK(verdict(heartbeat()) == "none");
  CHECK(verdict(with(heartbeat(), &frame::data, 1)) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::payload, "x")) == "bad_header");
  CHECK(verdict(with(heartbeat(), &frame::flags, 4)) == "bad_header");
  CHECK(verdict(with(fetch, &frame::flags, 2)) == "bad_header");
  CHECK(verdict(with(fetch, &frame::target, 0)) == "bad_header");
  CHECK(verdict(with(fetch, &frame::payload, "")) == "bad_header");
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
  auto header = std::string{fetch}.substr(0, frame_header::size);
  auto promise = [&](std::uint32_t length) {
    return verdict(header.substr(0, 4) + of(length) + header.substr(8));
  };
  CHECK(promise(limits::frame) == "none");
  CHECK(promise(limits::frame + 1) == "too_large");
  CHECK(promise(0xFFFFFFFF) == "too_large");
}

TEST_CASE("a promise takes no memory") {
  frame_check check{rules(node, orchestrator)};
  auto header = std::string{fetch}.substr(0, frame_header::size);
  feed(check, greeting_of_client());
  feed(check, header.substr(0, 4) + of(limits::frame) + header.substr(8));
  CHECK(check.room().size() < 64 << 10);
}

TEST_CASE("nothing is passed on to a third node") {
  CHECK(verdict(with(fetch, &frame::operation, message_type::routed_message))
        == "routed");
  CHECK(verdict(monitor(them, 'o')) == "routed");
  CHECK(verdict(down({}, them, 'o')) == "routed");
  auto stacked = fetch;
  stacked.payload = "\x01" + handle(5, them) + stacked.payload.substr(1);
  CHECK(verdict(stacked) == "routed");
}

TEST_CASE("nobody is addressed by name") {
  auto info = tell(caf::sys_atom_v, caf::get_atom_v, std::string{"info"});
  info.flags = 1;
  info.target = static_cast<std::uint64_t>(caf::atom("SpawnServ"));
  CHECK(verdict(info) == "named_receiver");
  CHECK(verdict(with(fetch, &frame::flags, 1)) == "named_receiver");
}

TEST_CASE("streams are refused: CAF trusts their types") {
  for (std::uint64_t category : {2, 3})
    CHECK(verdict(with(fetch, &frame::data, category << 60)) == "stream");
  CHECK(verdict(with(fetch, &frame::data, 1)) == "none");
}

// -- what may be said ---------------------------------------------------------

TEST_CASE("a role's own verbs pass") {
  CHECK(verdict(fetch) == "none");
  CHECK(verdict(tell(atom::exited_v, session_id{}, logical_id{},
                     physical_id{}, std::string{"trap"}))
        == "none");
  CHECK(verdict(tell(atom::deliver_v, std::uint64_t{1}, batch{0, {parcel{}}}),
                node, node)
        == "none");
  CHECK(verdict(tell(atom::start_v, workflow_id{},
                     workflow_spec{{component_draft{}}, {{"a", "b"}}}),
                client, controller)
        == "none");
}

TEST_CASE("the verbs of other roles do not pass") {
  CHECK(verdict(fetch, client, controller) == "not_admitted");
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
  auto doors = rules(node, orchestrator);
  doors.doors = {22};
  auto says = [&](const frame& x) {
    frame_check check{doors};
    feed(check, greeting_of_client());
    return feed(check, x);
  };
  CHECK(says(fetch) == refusal::none);
  CHECK(says(with(fetch, &frame::target, 23)) == refusal::wrong_receiver);
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
  CHECK(verdict(with(fetch, &frame::payload, fetch.payload + "x"))
        == "bad_content");
  for (std::size_t n = 1; n < fetch.payload.size(); ++n)
    CHECK(verdict(with(fetch, &frame::payload, fetch.payload.substr(0, n)))
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
  call.payload[kind] = static_cast<char>(event_kind::error);
  CHECK(verdict(call, client, node) == "none");
  call.payload[kind] = static_cast<char>(event_kind::error) + 1;
  CHECK(verdict(call, client, node) == "bad_content");
}

TEST_CASE("what is small on the wire is not large in memory") {
  auto strings = [](std::size_t count) {
    return answer(std::vector<std::string>(count));
  };
  CHECK(verdict(strings(1000), orchestrator, controller) == "none");
  CHECK(verdict(strings(2'000'000), orchestrator, controller) == "swells");
}

TEST_CASE("a handle belongs to whoever sends it") {
  auto attach = [](const std::string& library) {
    return raw("@<>+@atom+@str+edgeless::library_actor",
               atom_bits(atom::attach::value) + of(std::string{"domain"}) + library);
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
  frame_check check{rules(node, orchestrator)};
  feed(check, greeting_of_client());
  for (std::uint64_t i = 1; i <= limits::remote_actors; ++i)
    REQUIRE(feed(check, with(fetch, &frame::source, i)) == refusal::none);
  CHECK(feed(check, down({})) == refusal::none); // actor 11 is gone
  CHECK(feed(check, with(fetch, &frame::source, 1'000'000)) == refusal::none);
  CHECK(feed(check, with(fetch, &frame::source, 1'000'001))
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
  auto with_handle = raw("@<>+@error", "\x01" + atom_bits(caf::atom("edgeless"))
                                         + of(std::uint16_t{0},
                                              std::string{
                                                "@<>+edgeless::node_actor"})
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
  auto nested
    = caf::make_error(ec::stopping, caf::make_error(ec::stopping));
  CHECK(verdict(down(nested)) == "bad_content");
}

// -- the buffer ---------------------------------------------------------------

TEST_CASE("what has been checked is taken byte for byte") {
  std::string sent = std::string{greeting_of_client()} + std::string{fetch}
                     + std::string{heartbeat()};
  frame_check check{rules(node, orchestrator)};
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
  frame_check check{rules(node, orchestrator)};
  auto greeting = std::string{greeting_of_client()};
  feed(check, greeting);
  auto bytes = std::string{fetch};
  feed(check, bytes.substr(0, bytes.size() - 1));
  CHECK(check.ready() == greeting.size());
  feed(check, bytes.substr(bytes.size() - 1));
  CHECK(check.ready() == greeting.size() + bytes.size());
}

} // namespace edgeless
