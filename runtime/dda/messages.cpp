// SPDX-License-Identifier: MIT
#include "runtime/dda/messages.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

namespace edgeless {

namespace {

namespace json = boost::json;
using kind = dda_request::kind;
using pattern = dda_subscription::pattern;

/// Subscriptions of one resource: each has a thread.
constexpr std::size_t max_subscriptions = 64;

/// What a function may ask for: the variants of the enumeration, with the types
/// of their fields: a name, the end of a range, or data.
struct dda_variant {
  std::string_view name;
  kind what;
  std::string_view fields;  ///< n, e, d
  std::string_view pattern; ///< that the alias needs; empty: it has none
};

constexpr dda_variant dda_variants[] = {
  {"ComPublishEvent", kind::publish_event, "nd", "event"},
  {"ComPublishAction", kind::publish_action, "nd", "action"},
  {"ComPublishQuery", kind::publish_query, "nd", "query"},
  {"ComPublishActionResult", kind::publish_action_result, "nd", ""},
  {"ComPublishQueryResult", kind::publish_query_result, "nd", ""},
  {"StatePublishSet", kind::propose_set, "nd", ""},
  {"StatePublishDelete", kind::propose_delete, "n", ""},
  {"StoreGet", kind::store_get, "n", ""},
  {"StoreSet", kind::store_set, "nd", ""},
  {"StoreDelete", kind::store_delete, "n", ""},
  {"StoreDeleteAll", kind::store_delete_all, "", ""},
  {"StoreDeletePrefix", kind::store_delete_prefix, "n", ""},
  {"StoreDeleteRange", kind::store_delete_range, "ne", ""},
  {"StoreScanPrefix", kind::store_scan_prefix, "n", ""},
  {"StoreScanRange", kind::store_scan_range, "ne", ""},
};

caf::error refuse_dda(const std::string& why) {
  return fail(ec::bad_input, "dda: " + why.substr(0, limits::text));
}

std::optional<std::string> from_numbers(const json::value& x) {
  auto* numbers = x.if_array();
  if (!numbers)
    return std::nullopt;
  std::string result;
  for (auto& number : *numbers) {
    boost::system::error_code problem;
    auto byte = number.to_number<std::uint8_t>(problem);
    if (problem)
      return std::nullopt;
    result += static_cast<char>(byte);
  }
  return result;
}

json::array to_numbers(const std::string& x) {
  json::array result;
  result.reserve(x.size());
  for (unsigned char byte : x)
    result.emplace_back(byte);
  return result;
}

/// A variant with one field is that field, one with several is an array.
template <class... Ts>
std::string to_text(const char* variant, Ts&&... fields) {
  json::value content;
  if constexpr (sizeof...(Ts) == 1)
    content = json::value(std::forward<Ts>(fields)...);
  else
    content = json::array{json::value(std::forward<Ts>(fields))...};
  return json::serialize(json::object{{variant, std::move(content)}});
}

/// The items of a mapping: objects of texts.
caf::expected<std::vector<std::map<std::string, std::string>>>
items_of(const std::string& text, const char* key,
         std::initializer_list<const char*> fields) {
  auto where = std::string{"configuration `"} + key + "`";
  boost::system::error_code problem;
  auto value = json::parse(text, problem);
  if (problem || !value.is_array())
    return refuse_dda(where + " is no JSON array");
  std::vector<std::map<std::string, std::string>> result;
  for (auto& item : value.get_array()) {
    auto& entry = result.emplace_back();
    for (auto* field : fields) {
      auto* content
        = item.is_object() ? item.get_object().if_contains(field) : nullptr;
      if (!content || !content->is_string())
        return refuse_dda(where + ": item " + std::to_string(result.size())
                          + " has no text `" + field + "`");
      entry.emplace(field, content->get_string());
    }
  }
  return result;
}

std::optional<pattern> parse_pattern(const std::string& x) {
  constexpr std::string_view names[]
    = {"event", "action", "query", "input", "membership"};
  auto i = std::ranges::find(names, x);
  if (i == std::end(names))
    return std::nullopt;
  return static_cast<pattern>(i - std::begin(names));
}

} // namespace

caf::expected<dda_publications> dda_publications_of(const std::string& text) {
  constexpr auto key = "dda_com_publication_mapping";
  auto items = items_of(text, key, {"topic", "pattern", "alias"});
  if (!items)
    return items.error();
  dda_publications result;
  for (auto& x : *items) {
    auto& alias = x["alias"];
    if (!result.emplace(alias, dda_publication{x["topic"], x["pattern"]})
           .second)
      return refuse_dda(std::string{"configuration `"} + key + "`: the alias \""
                        + printable(alias) + "\" is there twice");
  }
  return result;
}

caf::expected<std::vector<dda_route>> dda_routes_of(const std::string& text) {
  constexpr auto key = "dda_com_subscription_mapping";
  auto where = std::string{"configuration `"} + key + "`: ";
  auto items = items_of(text, key, {"topic", "pattern", "method", "target"});
  if (!items)
    return items.error();
  if (items->size() > max_subscriptions)
    return refuse_dda(where + "there are more than "
                      + std::to_string(max_subscriptions) + " items");
  std::vector<dda_route> result;
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (auto& x : *items) {
    auto what = parse_pattern(x["pattern"]);
    if (!what)
      return refuse_dda(
        where + "the pattern \"" + printable(x["pattern"])
        + "\" is none of event, action, query, input, membership");
    auto& method = x["method"];
    if (method != "cast" && method != "call")
      return refuse_dda(where + "the method \"" + printable(method)
                        + "\" is neither cast nor call");
    if (!seen.emplace(x["topic"], x["pattern"], method).second)
      return refuse_dda(where + "topic \"" + printable(x["topic"])
                        + "\", pattern " + x["pattern"] + " and method "
                        + method + " are there twice");
    result.push_back({{*what, x["topic"]}, method == "call", x["target"]});
  }
  return result;
}

caf::expected<dda_request>
dda_request_of(std::string_view payload, const dda_publications& publications) {
  boost::system::error_code problem;
  auto value = json::parse({payload.data(), payload.size()}, problem);
  auto* object = problem ? nullptr : value.if_object();
  if (!object || object->size() != 1)
    return refuse_dda("an event is no JSON object with one key");
  auto& [name, content] = *object->begin();
  std::string_view variant{name.data(), name.size()};
  auto known = std::ranges::find(dda_variants, variant, &dda_variant::name);
  if (known == std::end(dda_variants))
    return refuse_dda("\"" + printable(variant) + "\" is no request");
  json::array fields;
  if (known->fields.size() == 1)
    fields.push_back(content);
  else if (auto* several = content.if_array())
    fields = *several;
  auto malformed = refuse_dda(std::string{variant} + " has the wrong fields");
  if (fields.size() != known->fields.size())
    return malformed;
  dda_request result;
  result.what = known->what;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (known->fields[i] == 'd') {
      auto bytes = from_numbers(fields[i]);
      if (!bytes)
        return malformed;
      result.data = std::move(*bytes);
    } else if (auto* text = fields[i].if_string()) {
      (known->fields[i] == 'e' ? result.end : result.name) = *text;
    } else {
      return malformed;
    }
  }
  if (known->pattern.empty())
    return result;
  auto alias = publications.find(result.name);
  if (alias == publications.end() || alias->second.pattern != known->pattern)
    return refuse_dda("dda_com_publication_mapping has no alias \""
                      + printable(result.name) + "\" with the pattern "
                      + std::string{known->pattern});
  result.name = alias->second.topic;
  return result;
}

std::string to_dda_reply(kind what, const dda_result& x) {
  switch (what) {
  case kind::publish_action:
    return to_text("ComSubscribeActionResult", to_numbers(x.data));
  case kind::publish_query:
    return to_text("ComSubscribeQueryResult", to_numbers(x.data));
  case kind::store_get:
    return to_text("StoreGetResult", to_numbers(x.data));
  case kind::store_scan_prefix:
    return to_text("StoreScanPrefixResult", x.name, to_numbers(x.data));
  case kind::store_scan_range:
    return to_text("StoreScanRangeResult", x.name, to_numbers(x.data));
  default:
    return "";
  }
}

std::string to_dda_event(pattern what, const dda_message& x) {
  switch (what) {
  case pattern::event:
    return to_text("ComSubscribeEvent", to_numbers(x.data));
  case pattern::action:
    return to_text("ComSubscribeAction", x.name, to_numbers(x.data));
  case pattern::query:
    return to_text("ComSubscribeQuery", x.name, to_numbers(x.data));
  case pattern::input:
    return x.is_set ? to_text("StateSubscribeSet", x.name, to_numbers(x.data))
                    : to_text("StateSubscribeDelete", x.name);
  default:
    return to_text("StateSubscribeMembershipChange", x.name, x.is_set);
  }
}

} // namespace edgeless
