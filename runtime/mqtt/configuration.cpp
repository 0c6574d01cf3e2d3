// SPDX-License-Identifier: MIT
#include "runtime/mqtt/configuration.hpp"

#include "runtime/base/utf8.hpp"
#include "runtime/placement/annotations.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

namespace {

constexpr std::size_t longest_topic = 65535;

/// Reads the keys of a configuration; the first problem counts.
class mqtt_key_reader {
public:
  explicit mqtt_key_reader(const mqtt_configuration& from) : from_{from} {
    // nop
  }

  std::string text(const std::string& key, std::string fallback = "") {
    auto i = from_.find(key);
    auto result = i == from_.end() ? std::move(fallback) : i->second;
    if (result.find('\0') != std::string::npos || result.size() > longest_topic)
      refuse(key, "is longer than 65535 bytes or has a zero byte");
    return result;
  }

  std::uint64_t number(const std::string& key, std::uint64_t fallback,
                       std::uint64_t max) {
    auto i = from_.find(key);
    if (i == from_.end())
      return fallback;
    auto result = parse_number(i->second);
    if (!result || *result > max)
      refuse(key, "\"" + i->second + "\" is no number from 0 to "
                    + std::to_string(max));
    return result.value_or(fallback);
  }

  bool flag(const std::string& key) {
    auto i = from_.find(key);
    if (i == from_.end() || i->second == "false")
      return false;
    if (i->second != "true")
      refuse(key, "must be \"true\" or \"false\"");
    return true;
  }

  void refuse(const std::string& key, const std::string& why) {
    if (!problem)
      problem = fail(ec::bad_input,
                     "configuration `" + key + "`: " + why.substr(0, 512));
  }

  caf::error problem;

private:
  const mqtt_configuration& from_;
};

/// mqtt://HOST[:PORT] or mqtts://HOST[:PORT].
bool read_mqtt_url(const std::string& text, mqtt_options& to) {
  std::string_view rest = text;
  if (rest.starts_with("mqtts://"))
    to.uses_tls = true;
  else if (!rest.starts_with("mqtt://"))
    return false;
  rest.remove_prefix(to.uses_tls ? 8 : 7);
  if (rest.ends_with('/'))
    rest.remove_suffix(1);
  to.port = to.uses_tls ? 8883 : 1883;
  auto host_end = rest.starts_with('[') ? rest.find(']') : 0;
  if (host_end == rest.npos)
    return false;
  if (auto colon = rest.find(':', host_end); colon != rest.npos) {
    auto port = parse_number(std::string{rest.substr(colon + 1)});
    if (!port || *port == 0 || *port > 65535)
      return false;
    to.port = static_cast<std::uint16_t>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']'))
    rest = rest.substr(1, rest.size() - 2);
  to.host = rest;
  return !rest.empty() && rest.size() <= limits::url
         && rest.find_first_of("/@ ") == rest.npos;
}

} // namespace

std::string mqtt_topic_fault(const std::string& topic) {
  if (topic.empty() || topic.size() > longest_topic)
    return "a topic has 1 to 65535 bytes";
  if (topic.find_first_of("+#") != std::string::npos)
    return "messages cannot be published on a topic with + or #";
  if (topic.find('\0') != std::string::npos || !is_utf8(topic))
    return "a topic is UTF-8 without zero bytes";
  return "";
}

std::string mqtt_filter_fault(const std::string& filter) {
  if (filter.empty() || filter.size() > longest_topic)
    return "a filter has 1 to 65535 bytes";
  if (filter.find('\0') != std::string::npos || !is_utf8(filter))
    return "a filter is UTF-8 without zero bytes";
  for (std::size_t begin = 0; begin <= filter.size();) {
    auto end = std::min(filter.find('/', begin), filter.size());
    auto level = std::string_view{filter}.substr(begin, end - begin);
    auto is_wild = level == "+" || level == "#";
    if (!is_wild && level.find_first_of("+#") != level.npos)
      return "the wildcards + and # take a whole level, as in a/+/b";
    if (level == "#" && end != filter.size())
      return "the wildcard # is the last level, as in a/#";
    begin = end + 1;
  }
  return "";
}

caf::expected<mqtt_options> mqtt_options_of(const mqtt_configuration& from,
                                            const mqtt_identity& identity) {
  mqtt_key_reader in{from};
  mqtt_options result;
  if (auto url = in.text("url"); !read_mqtt_url(url, result))
    in.refuse("url", "\"" + url
                       + "\" is no URL such as mqtt://localhost:1883 or "
                         "mqtts://broker.example.com");
  result.user = in.text("user");
  result.password = in.text("password");
  result.client_id = in.text("client_id");
  result.qos = static_cast<int>(in.number("qos", 1, 2));
  auto version = in.text("version", "5");
  result.is_version_5 = version == "5";
  if (version != "5" && version != "3.1.1")
    in.refuse("version", "must be \"5\" or \"3.1.1\"");
  result.session = std::chrono::seconds{
    in.number("session_secs", limits::mqtt_session.count(), 0xfffffffe)};
  result.keep_alive = limits::mqtt_keep_alive;
  result.connect_timeout = limits::mqtt_connect;
  result.pause_min = limits::mqtt_pause_min;
  result.pause_max = limits::mqtt_pause_max;
  if (auto topic = in.text("will_topic"); !topic.empty()) {
    if (auto wrong = mqtt_topic_fault(topic); !wrong.empty())
      in.refuse("will_topic", wrong);
    result.will
      = {topic, in.text("will_payload"),
         static_cast<int>(in.number("will_qos", 0, 2)), in.flag("will_retain")};
  }
  if (result.uses_tls) {
    result.ca = identity.ca;
    result.certificate = identity.certificate;
    result.key = identity.key;
  }
  if (in.problem)
    return in.problem;
  return result;
}

} // namespace edgeless
