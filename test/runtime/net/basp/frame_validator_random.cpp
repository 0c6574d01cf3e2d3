// SPDX-License-Identifier: MIT
#include "test/fixtures/frame_bytes.hpp"

#include <doctest/doctest.h>

#include <random>

namespace edgeless {

namespace {

using namespace bytes;

/// A handshake and frames of all kinds that a node may send.
std::string conversation() {
  workflow_status status;
  status.components.resize(2);
  status.reasons = {"a", "b"};
  output_map outputs;
  outputs.channels["out"] = endpoint{};
  std::string result;
  for (const std::string& x : {
         std::string{client_handshake_frame()},
         std::string{
           request_frame(atom::fetch_v, code_id{"c"}, std::uint64_t{0})},
         std::string{request_frame(atom::deliver_v, std::uint64_t{1},
                                   batch{0, {fragment{}, fragment{}}})},
         std::string{response_frame(inventory{{}, {}})},
         std::string{response_frame(status)},
         std::string{response_frame(fail(ec::stopping, "bye"))},
         std::string{request_frame(atom::patch_v, physical_id{}, outputs)},
         std::string{monitor()},
         std::string{down(caf::exit_reason::kill)},
         std::string{heartbeat()},
       })
    result += x;
  return result;
}

/// Admits every message of every pair of roles.
const frame_rules& admit_all() {
  using enum peer_role;
  static frame_rules result;
  if (result.message_acl)
    return result;
  message_acl_list list;
  for (auto from : {client, controller, orchestrator, node})
    for (auto to : {client, controller, orchestrator, node})
      for (auto& x : message_acl(from, to))
        list.push_back(x);
  result
    = {true, node_id_of(local_node), std::make_shared<acl_table>(list), {}};
  return result;
}

/// The verdict on bytes that are received in pieces of this size, and the
/// bytes that passed before it.
std::pair<refusal, std::string> outcome(const std::string& sent,
                                        std::size_t piece) {
  frame_validator check{admit_all()};
  std::string passed;
  auto verdict = refusal::none;
  for (std::size_t i = 0; i < sent.size() && verdict == refusal::none;
       i += piece) {
    verdict = check.feed(sent.substr(i, piece));
    std::string out(check.ready(), '\0');
    check.take(out.data(), out.size());
    passed += out;
  }
  return {verdict, passed};
}

} // namespace

TEST_CASE("frame validator: valid frames pass in pieces of any size") {
  auto whole = conversation();
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, whole.size()}) {
    auto [verdict, passed] = outcome(whole, piece);
    CHECK(verdict == refusal::none);
    CHECK(passed == whole);
  }
}

TEST_CASE("frame validator: the whole frames of every prefix pass") {
  auto whole = conversation();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    auto [verdict, passed] = outcome(whole.substr(0, n), n + 1);
    REQUIRE(verdict == refusal::none);
    REQUIRE(whole.starts_with(passed));
  }
}

TEST_CASE("frame validator: a flipped bit gets the same verdict in pieces of "
          "any size") {
  auto whole = conversation();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    auto at_once = outcome(flipped, flipped.size());
    auto in_pieces = outcome(flipped, 61);
    REQUIRE(at_once == in_pieces);
  }
}

TEST_CASE(
  "frame validator: random bytes after a handshake are refused or incomplete") {
  std::mt19937 random{4711};
  auto greeting = std::string{client_handshake_frame()};
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(random() % 300, '\0');
    for (auto& x : noise)
      x = static_cast<char>(random());
    // A valid operation gets further into the validation.
    if (!noise.empty())
      noise[0] = static_cast<char>(random() % 7);
    auto [verdict, passed] = outcome(greeting + noise, 1000);
    REQUIRE(passed.size() <= greeting.size() + noise.size());
    REQUIRE((verdict != refusal::none || noise.size() < 400));
  }
}

} // namespace edgeless
