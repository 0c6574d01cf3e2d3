// SPDX-License-Identifier: MIT
#include "runtime/config/json_reader.hpp"

#include "messages/errors.hpp"

#include <boost/json/parser.hpp>
// The library's sources, compiled in this file only.
#include <boost/json/src.hpp>

#include <algorithm>

namespace edgeless {

namespace json = boost::json;

namespace {

constexpr std::string_view a_text = "must be a string";
constexpr std::string_view a_list = "must be an array of strings";
constexpr std::string_view a_map = "must be an object with string values";

/// `LINE:COLUMN` of a byte of a text, both from 1 on.
std::string position(std::string_view text, std::size_t at) {
  auto before = text.substr(0, at);
  auto line = std::ranges::count(before, '\n') + 1;
  auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return std::to_string(line) + ':' + std::to_string(column);
}

/// The end of the string that begins with the quote at `begin`.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  auto i = begin + 1;
  while (text[i] != '"')
    i += text[i] == '\\' ? 2 : 1;
  return i + 1;
}

/// The first key that an object of a valid document has twice, as an error:
/// the parser keeps one of the two, and no reader could tell.
caf::error find_repeated_key(std::string_view text) {
  // Of each object and array around the current place: its keys so far.
  std::vector<std::map<std::string, std::size_t, std::less<>>> around;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '{' || text[i] == '[') {
      around.emplace_back();
    } else if (text[i] == '}' || text[i] == ']') {
      around.pop_back();
    } else if (text[i] == '"') {
      auto end = end_of_string(text, i);
      auto next = text.find_first_not_of(" \t\r\n", end);
      if (next != std::string_view::npos && text[next] == ':') {
        auto quoted = text.substr(i, end - i);
        auto key = json::value_to<std::string>(json::parse(quoted));
        auto [first, is_new] = around.back().emplace(std::move(key), i);
        if (!is_new)
          return fail(ec::bad_input, position(text, i) + ": the key "
                                       + std::string{quoted}
                                       + " is there twice, first at "
                                       + position(text, first->second));
      }
      i = end - 1;
    }
  return {};
}

} // namespace

void fault_list::add(const std::string& sentence) {
  sentences.push_back(subject.empty() ? sentence : subject + ": " + sentence);
}

std::string json_section::path_of(std::string_view key) const {
  return (path_.empty() ? "" : path_ + '.') + std::string{key};
}

void json_section::add_fault(std::string_view key, const std::string& reason) {
  faults_->add(path_of(key) + ' ' + reason);
}

const json::value* json_section::find(std::string_view key) {
  auto result = object_ ? object_->if_contains(key) : nullptr;
  if (object_ && !result)
    add_fault(key, "is missing");
  return result;
}

std::string json_section::text(std::string_view key,
                               const std::string& fallback) {
  auto value = find(key);
  if (!value)
    return fallback;
  if (auto text = value->if_string())
    return std::string{*text};
  add_fault(key, std::string{a_text});
  return fallback;
}

std::string json_section::word(std::string_view key,
                               const std::string& fallback) {
  auto value = object_ ? object_->if_contains(key) : nullptr;
  if (value && value->is_string() && value->get_string().empty()) {
    add_fault(key, "is empty");
    return fallback;
  }
  return text(key, fallback);
}

std::string json_section::optional_text(std::string_view key) {
  auto value = object_ ? object_->if_contains(key) : nullptr;
  return value && !value->is_null() ? text(key) : "";
}

std::vector<std::string> json_section::texts(std::string_view key) {
  std::vector<std::string> result;
  auto value = find(key);
  if (!value)
    return result;
  auto array = value->if_array();
  auto is_text = [](const json::value& x) {
    return x.is_string();
  };
  if (!array || !std::ranges::all_of(*array, is_text)) {
    add_fault(key, std::string{a_list});
    return result;
  }
  for (auto& item : *array)
    result.emplace_back(item.get_string());
  return result;
}

std::map<std::string, std::string>
json_section::text_map(std::string_view key) {
  std::map<std::string, std::string> result;
  auto value = find(key);
  if (!value)
    return result;
  auto object = value->if_object();
  auto is_text = [](const json::key_value_pair& x) {
    return x.value().is_string();
  };
  if (!object || !std::ranges::all_of(*object, is_text)) {
    add_fault(key, std::string{a_map});
    return result;
  }
  for (auto& item : *object)
    result.emplace(item.key(), item.value().get_string());
  return result;
}

json_section json_section::section(std::string_view key) {
  auto value = find(key);
  auto object = value ? value->if_object() : nullptr;
  if (value && !object)
    add_fault(key, "must be an object");
  return {object, path_of(key), *faults_};
}

std::vector<json_section> json_section::sections(std::string_view key) {
  std::vector<json_section> result;
  auto value = find(key);
  auto array = value ? value->if_array() : nullptr;
  if (value && !array)
    add_fault(key, "must be an array of objects");
  if (!array)
    return result;
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto name = std::string{key} + '[' + std::to_string(i) + ']';
    if (auto object = (*array)[i].if_object())
      result.push_back({object, path_of(name), *faults_});
    else
      add_fault(name, "must be an object");
  }
  return result;
}

caf::expected<json::value> parse_json(std::string_view text) {
  // Editors on Windows put a byte order mark in front of UTF-8.
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  json::parser parser;
  json::error_code error;
  auto end = parser.write_some(text, error);
  auto rest = text.substr(std::min(end, text.size()));
  auto trailing = rest.find_first_not_of(" \t\r\n");
  if (!error && trailing != std::string_view::npos) {
    end += trailing;
    error = json::error::extra_data;
  }
  if (error)
    return fail(ec::bad_input, position(text, end) + ": " + error.message());
  if (auto repeated = find_repeated_key(text))
    return repeated;
  return parser.release();
}

} // namespace edgeless
