// SPDX-License-Identifier: MIT
#include "runtime/redis/intent_codec.hpp"

#include "runtime/placement/annotations.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

namespace edgeless {

namespace {

/// `text` in quotes, shortened for an error message.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 100;
  auto rest = text.size() > longest ? "\"..." : "\"";
  return "\"" + std::string{text.substr(0, longest)} + rest;
}

caf::error bad_intent(const std::string& what) {
  return fail(ec::bad_input, what);
}

/// Without the white space around it: `echo NODE | redis-cli -x set KEY` leaves
/// a newline behind the value.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

caf::expected<intent> parse_migrate(std::string_view component,
                                    std::string_view value) {
  intent result;
  auto id = parse_id<logical_id>(component);
  if (!id)
    return bad_intent(quoted(component) + " is not a component id (UUID)");
  result.component = *id;
  for (auto item : split_list(value)) {
    auto node = parse_id<node_id>(trimmed(item));
    if (!node)
      return bad_intent(quoted(item) + " is not a node id (UUID)");
    result.nodes.push_back(*node);
  }
  return result;
}

} // namespace

bool is_intent_key(std::string_view key) {
  return keys::intent.contains(key) && !keys::intent_result.contains(key)
         && key.size() <= limits::text;
}

caf::expected<intent> parse_intent(std::string_view key,
                                   std::string_view value) {
  if (!is_intent_key(key))
    return bad_intent(
      quoted(key) + " is not an intent key such as intent:migrate:COMPONENT");
  auto rest = keys::intent.id_of(key);
  auto colon = rest.find(':');
  auto kind = rest.substr(0, colon);
  auto subject = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  value = trimmed(value);
  if (kind != "migrate" && kind != "cordon" && kind != "drain")
    return bad_intent(quoted(kind) + " is not one of migrate, cordon, drain");
  if (value.empty() && kind != "drain")
    return bad_intent(quoted(key) + " has no value");
  if (value.size() > limits::intent_text)
    return bad_intent(quoted(key) + " has a value of more than "
                      + std::to_string(limits::intent_text) + " bytes");
  if (kind == "migrate")
    return parse_migrate(subject, value);
  intent result;
  auto node = parse_id<node_id>(subject);
  if (!node)
    return bad_intent(quoted(subject) + " is not a node id (UUID)");
  result.nodes.push_back(*node);
  if (kind == "drain") {
    if (!value.empty() && value != "yes")
      return bad_intent(quoted(value) + " is not yes");
    result.kind = intent_kind::drain;
  } else if (value == "yes" || value == "no") {
    result.kind = value == "yes" ? intent_kind::cordon : intent_kind::uncordon;
  } else {
    return bad_intent(quoted(value) + " is neither yes nor no");
  }
  return result;
}

std::string intent_result_key(std::string_view key) {
  auto rest = key.substr(0, limits::text);
  if (is_intent_key(key)) {
    rest = keys::intent.id_of(rest);
    if (auto colon = rest.find(':'); colon != std::string_view::npos)
      rest.remove_prefix(colon + 1);
  }
  return keys::intent_result(rest);
}

std::string intent_result(std::string_view key, std::string_view value,
                          bool done, std::string_view reason,
                          std::chrono::system_clock::time_point when) {
  auto seconds
    = std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count();
  return "{\"intent\":" + json_quoted(key.substr(0, limits::text))
         + ",\"value\":" + json_quoted(value.substr(0, limits::intent_text))
         + ",\"outcome\":" + (done ? "\"done\"" : "\"refused\"")
         + ",\"reason\":" + json_quoted(reason.substr(0, limits::text))
         + ",\"time\":" + std::to_string(seconds) + "}";
}

} // namespace edgeless
