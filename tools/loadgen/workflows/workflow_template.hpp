// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/files.hpp"
#include "runtime/config/json_reader.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <charconv>
#include <string>
#include <vector>

/// Reads the parameters of a workflow type from a template file or from the
/// command line.
namespace edgeless::benchmark {

template <class Shape>
using members_of
  = boost::describe::describe_members<Shape, boost::describe::mod_public>;

/// The template as a JSON file, with the defaults.
template <class Shape>
std::string template_of(const Shape& shape = {}) {
  std::string result = "{";
  boost::mp11::mp_for_each<members_of<Shape>>([&](auto member) {
    auto& value = shape.*member.pointer;
    result += (result.size() > 1 ? ",\n  \"" : "\n  \"")
              + std::string{member.name} + "\": ";
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
      result += '"' + value + '"';
    else
      result += std::to_string(value);
  });
  return result + "\n}\n";
}

inline caf::error read_value(const boost::json::value& from,
                             std::uint32_t& to) {
  auto number = from.is_uint64() ? from.as_uint64()
                : from.is_int64() && from.as_int64() >= 0
                  ? static_cast<std::uint64_t>(from.as_int64())
                  : UINT64_MAX;
  to = static_cast<std::uint32_t>(number);
  return number <= UINT32_MAX
           ? caf::error{}
           : fail(ec::bad_input, "must be an integer from 0 to 4294967295");
}

inline caf::error read_value(const boost::json::value& from, std::string& to) {
  if (!from.is_string())
    return fail(ec::bad_input, "must be a string");
  to = std::string{from.as_string()};
  return caf::none;
}

/// Reads a file made from a template: all keys must be there, and no others.
template <class Shape>
caf::expected<Shape>
parse_template(const std::string& name, std::string_view text) {
  auto document = parse_json(text);
  if (!document)
    return fail(ec::bad_input, name + ':' + explain(document.error()));
  auto* root = document->if_object();
  if (root == nullptr)
    return fail(ec::bad_input, name + ": must be an object");
  Shape result;
  std::string wrong;
  std::size_t known = 0;
  boost::mp11::mp_for_each<members_of<Shape>>([&](auto member) {
    if (!wrong.empty())
      return;
    auto* value = root->if_contains(member.name);
    if (value == nullptr)
      wrong = std::string{member.name} + " is missing";
    else if (auto problem = read_value(*value, result.*member.pointer))
      wrong = std::string{member.name} + " " + explain(problem);
    ++known;
  });
  if (wrong.empty() && root->size() != known)
    wrong = "has keys that are not in the template";
  if (!wrong.empty())
    return fail(ec::bad_input, name + ": " + wrong);
  if (auto problem = check(result))
    return fail(ec::bad_input, name + ": " + explain(problem));
  return result;
}

inline bool read_word(const std::string& from, std::uint32_t& to) {
  auto* end = from.data() + from.size();
  auto [stop, error] = std::from_chars(from.data(), end, to);
  return error == std::errc{} && stop == end;
}

inline bool read_word(const std::string& from, std::string& to) {
  to = from;
  return true;
}

/// Reads the values of the command line, in the order of the members; a
/// `redis_url` at the end may be left out.
template <class Shape>
caf::expected<Shape> parse_words(const std::vector<std::string>& words) {
  Shape result;
  std::size_t next = 0;
  std::string wrong;
  boost::mp11::mp_for_each<members_of<Shape>>([&](auto member) {
    if (!wrong.empty())
      return;
    if (next >= words.size()) {
      if (std::string_view{member.name} != "redis_url")
        wrong = std::string{member.name} + " is missing";
    } else if (!read_word(words[next++], result.*member.pointer)) {
      wrong
        = std::string{member.name} + " must be an integer from 0 to 4294967295";
    }
  });
  if (wrong.empty() && next < words.size())
    wrong = std::to_string(words.size() - next) + " values too many";
  if (!wrong.empty())
    return fail(ec::bad_input, wrong);
  if (auto problem = check(result))
    return problem;
  return result;
}

} // namespace edgeless::benchmark
