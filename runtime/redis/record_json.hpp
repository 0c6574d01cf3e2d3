// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>

#include <map>
#include <string>
#include <type_traits>
#include <vector>

/// Described structs as JSON that other versions of the program can read:
/// members by name; unknown ones are skipped, absent ones keep their default.
namespace edgeless {

template <class T>
concept described = boost::describe::has_describe_members<T>::value;

template <class T>
using members_of
  = boost::describe::describe_members<T, boost::describe::mod_public>;

inline boost::json::value to_record(const std::string& x) {
  return boost::json::value(x);
}

template <class T>
requires std::is_arithmetic_v<T> boost::json::value to_record(T x) {
  return boost::json::value(x);
}

template <class T>
requires std::is_enum_v<T> boost::json::value to_record(T x) {
  return boost::json::value(static_cast<std::uint64_t>(x));
}

template <class Tag>
boost::json::value to_record(const id<Tag>& x) {
  return boost::json::value(to_string(x));
}

template <described T>
boost::json::value to_record(const T& x);

template <class T>
boost::json::value to_record(const std::vector<T>& xs) {
  boost::json::array result;
  for (auto& x : xs)
    result.push_back(to_record(x));
  return result;
}

template <class T>
boost::json::value to_record(const std::map<std::string, T>& xs) {
  boost::json::object result;
  for (auto& [key, x] : xs)
    result.emplace(key, to_record(x));
  return result;
}

template <described T>
boost::json::value to_record(const T& x) {
  boost::json::object result;
  boost::mp11::mp_for_each<members_of<T>>(
    [&](auto d) { result.emplace(d.name, to_record(x.*d.pointer)); });
  return result;
}

// -- reading: false if a value has the wrong type ----------------------------

inline bool from_record(const boost::json::value& in, std::string& x) {
  auto text = in.if_string();
  if (text != nullptr)
    x.assign(text->data(), text->size());
  return text != nullptr;
}

template <class T>
requires std::is_arithmetic_v<T>
bool from_record(const boost::json::value& in, T& x) {
  if constexpr (std::is_same_v<T, bool>) {
    if (auto flag = in.if_bool())
      return x = *flag, true;
    return false;
  } else {
    boost::json::error_code problem;
    x = in.to_number<T>(problem);
    return !problem;
  }
}

template <class T>
requires std::is_enum_v<T>
bool from_record(const boost::json::value& in, T& x) {
  std::underlying_type_t<T> number{};
  if (!from_record(in, number))
    return false;
  x = static_cast<T>(number);
  return true;
}

template <class Tag>
bool from_record(const boost::json::value& in, id<Tag>& x) {
  std::string text;
  auto parsed = from_record(in, text) ? parse_id<id<Tag>>(text) : std::nullopt;
  x = parsed.value_or(id<Tag>{});
  return parsed.has_value();
}

template <described T>
bool from_record(const boost::json::value& in, T& x);

template <class T>
bool from_record(const boost::json::value& in, std::vector<T>& xs) {
  auto list = in.if_array();
  if (list == nullptr)
    return false;
  for (auto& item : *list)
    if (!from_record(item, xs.emplace_back()))
      return false;
  return true;
}

template <class T>
bool from_record(const boost::json::value& in, std::map<std::string, T>& xs) {
  auto list = in.if_object();
  if (list == nullptr)
    return false;
  for (auto& item : *list)
    if (!from_record(item.value(), xs[std::string{item.key()}]))
      return false;
  return true;
}

template <described T>
bool from_record(const boost::json::value& in, T& x) {
  auto fields = in.if_object();
  if (fields == nullptr)
    return false;
  bool valid = true;
  boost::mp11::mp_for_each<members_of<T>>([&](auto d) {
    if (auto field = fields->if_contains(d.name))
      valid = from_record(*field, x.*d.pointer) && valid;
  });
  return valid;
}

} // namespace edgeless
