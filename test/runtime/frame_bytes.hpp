// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/frame_check.hpp"

#include "messages/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/io/basp/header.hpp>
#include <caf/io/basp/version.hpp>

#include <string>
#include <vector>

/// Frames as CAF writes them, for tests to take apart.
namespace edgeless::bytes {

using caf::io::basp::message_type;

/// Serialises messages; has no network.
inline caf::actor_system& system() {
  struct config : caf::actor_system_config {
    config() {
      add_message_types<caf::id_block::edgeless_types>();
      add_message_types<caf::id_block::edgeless_handles>();
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", std::size_t{1});
    }
  };
  // Never destroyed: CAF's logger does not survive the end of main().
  static auto& result = *new caf::actor_system{*new config};
  return result;
}

/// What CAF writes for these values.
template <class... Ts>
std::string of(const Ts&... xs) {
  std::vector<char> buffer;
  caf::binary_serializer sink{system(), buffer};
  if (auto error = sink(const_cast<Ts&>(xs)...))
    return {};
  return {buffer.begin(), buffer.end()};
}

inline std::string atom_bits(caf::atom_value x) {
  return of(static_cast<std::uint64_t>(x));
}

/// A node's id that no other number gives.
inline std::string node_text(char number) {
  return atom_bits(caf::atom("default")) + of(std::uint32_t{7})
         + std::string(20, number);
}

inline node_bytes node_id_of(char number) {
  node_bytes result;
  auto text = node_text(number);
  std::copy(text.begin(), text.end(), result.begin());
  return result;
}

/// The ids of the two sides of the tests' connection.
inline constexpr char us = 'u';
inline constexpr char them = 't';

struct frame {
  message_type operation = message_type::direct_message;
  std::string payload;
  std::uint8_t flags = 0;
  std::uint64_t data = caf::message_id::default_async_value;
  std::uint64_t source = 11;
  std::uint64_t target = 22;

  operator std::string() const {
    caf::io::basp::header header{
      operation, flags,  static_cast<std::uint32_t>(payload.size()),
      data,      source, target};
    return of(header) + payload;
  }
};

inline frame greeting_of_client(char who = them) {
  return {message_type::client_handshake, node_text(who), 0, 0, 0, 0};
}

inline frame greeting_of_server(char who = them,
                                std::vector<std::string> applications
                                = {std::string{application_id}}) {
  return {message_type::server_handshake,
          node_text(who)
            + of(applications, std::uint64_t{33}, std::set<std::string>{}),
          0,
          caf::io::basp::version,
          0,
          0};
}

/// The content of a message, behind an empty forwarding stack.
template <class... Ts>
std::string content(Ts... xs) {
  return of(std::vector<caf::strong_actor_ptr>{},
            caf::make_message(std::move(xs)...));
}

/// A message's category, and a number that no other has.
inline std::uint64_t numbered() {
  static std::uint64_t number = 0;
  return caf::message_id::default_async_value | ++number;
}

template <class... Ts>
frame tell(Ts... xs) {
  return {message_type::direct_message, content(std::move(xs)...), 0,
          numbered()};
}

template <class... Ts>
frame answer(Ts... xs) {
  auto id = caf::message_id{1}.response_id().integer_value();
  return {message_type::direct_message, content(std::move(xs)...), 0, id};
}

inline frame monitor(char source = them, char target = us) {
  return {message_type::monitor_message,
          node_text(source) + node_text(target),
          0,
          0,
          0,
          22};
}

inline frame down(caf::error reason, char source = them, char target = us) {
  return {message_type::down_message,
          node_text(source) + node_text(target) + of(reason),
          0,
          0,
          11,
          0};
}

inline frame heartbeat() {
  return {message_type::heartbeat, "", 0, 0, 0, 0};
}

/// Hands bytes or a frame to a check.
inline refusal feed(frame_check& check, const std::string& x) {
  return check.feed(x);
}

/// A message with this signature and these bytes behind it.
inline frame raw(const std::string& signature, const std::string& values) {
  return {message_type::direct_message,
          std::string(1, '\0') + of(std::uint16_t{0}, signature) + values, 0,
          numbered()};
}

/// A handle of an actor on that node.
inline std::string handle(std::uint64_t actor, char who) {
  return of(actor) + node_text(who);
}

} // namespace edgeless::bytes
