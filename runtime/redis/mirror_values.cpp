// SPDX-License-Identifier: MIT
#include "runtime/redis/mirror_values.hpp"

#include "runtime/base/secrets.hpp"
#include "runtime/base/utf8.hpp"
#include "runtime/placement/state_policy.hpp"
#include "runtime/redis/record_json.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cmath>

namespace edgeless {

namespace {

/// EDGELESS writes these ids for "no instance".
constexpr node_id absent_node{0, 0x0000'fffe'0000'0000};
constexpr physical_id no_function{0, 0x0000'fffd'0000'0000};

/// {"key":value,..}
class object {
public:
  object& add(std::string_view key, const std::string& value) {
    text_ += text_.size() > 1 ? "," : "";
    text_ += json_quoted(key) + ":" + value;
    return *this;
  }

  std::string finish() const {
    return text_ + "}";
  }

private:
  std::string text_ = "{";
};

std::string list_of(const std::vector<std::string>& xs) {
  std::string result = "[";
  for (auto& x : xs)
    result += (&x == &xs.front() ? "" : ",") + json_quoted(x);
  return result + "]";
}

std::string map_of(const std::map<std::string, std::string>& xs) {
  object result;
  for (auto& [key, value] : xs)
    result.add(key, json_quoted(value));
  return result.finish();
}

std::string json_bool(bool x) {
  return x ? "true" : "false";
}

/// With a decimal point, so that readers take it for a float: 2000.0.
std::string json_float(double x) {
  auto text = decimal(x);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

/// The FunctionClassSpecification of EDGELESS, without the module.
std::string spec_of(const component_spec& x) {
  return object{}
    .add("id", json_quoted(x.class_id))
    .add("function_type", json_quoted(x.function_type))
    .add("version", json_quoted(x.version))
    .add("binary", "null")
    .add("code", json_quoted(x.code))
    .add("outputs", list_of(x.outputs))
    .finish();
}

/// The state belongs to the component: it has its id.
std::string state_of(const component_spec& x) {
  auto policy = state_policy_for(x);
  return object{}
    .add("state_id", json_quoted(to_string(x.id)))
    .add("state_policy", policy == state_policy::transient ? "\"Transient\""
                         : policy == state_policy::global  ? "\"Global\""
                         : policy == state_policy::memory  ? "\"Memory\""
                                                           : "\"NodeLocal\"")
    .finish();
}

} // namespace

std::string json_quoted(std::string_view text) {
  std::string valid{text};
  if (!is_utf8(text))
    for (auto& c : valid)
      if (static_cast<unsigned char>(c) >= 0x80)
        c = '?';
  return boost::json::serialize(boost::json::string_view{valid});
}

std::string decimal(double x) {
  if (!std::isfinite(x))
    return "0";
  char digits[400]; // the largest double has 309 of them
  auto end
    = std::to_chars(digits, digits + sizeof digits, x, std::chars_format::fixed)
        .ptr;
  return {digits, end};
}

std::string timestamp(std::chrono::system_clock::time_point when) {
  auto text = precise_timestamp(when);
  return text.substr(0, text.size() - 3);
}

std::string precise_timestamp(std::chrono::system_clock::time_point when) {
  auto count = std::chrono::duration_cast<std::chrono::microseconds>(
                 when.time_since_epoch())
                 .count();
  auto rest = std::to_string(1'000'000 + count % 1'000'000);
  return std::to_string(count / 1'000'000) + "." + rest.substr(1);
}

std::string json_of(const node_capabilities& x) {
  return object{}
    .add("num_cpus", std::to_string(x.num_cpus))
    .add("model_name_cpu", json_quoted(x.model_name_cpu))
    .add("clock_freq_cpu", json_float(x.clock_freq_cpu))
    .add("num_cores", std::to_string(x.num_cores))
    .add("mem_size", std::to_string(x.mem_size))
    .add("labels", list_of(x.labels))
    .add("is_tee_running", json_bool(x.is_tee_running))
    .add("has_tpm", json_bool(x.has_tpm))
    .add("runtimes", list_of(x.runtimes))
    .add("disk_tot_space", std::to_string(x.disk_tot_space))
    .add("num_gpus", std::to_string(x.num_gpus))
    .add("model_name_gpu", json_quoted(x.model_name_gpu))
    .add("mem_size_gpu", std::to_string(x.mem_size_gpu))
    .finish();
}

std::string json_of(const node_health& x) {
  object result;
  boost::mp11::mp_for_each<members_of<node_health>>(
    [&](auto d) { result.add(d.name, std::to_string(x.*d.pointer)); });
  return result.finish();
}

std::string json_of(const provider_description& x, const node_id& node) {
  return object{}
    .add("class_type", json_quoted(x.class_type))
    .add("node_id", json_quoted(to_string(node)))
    .add("outputs", list_of(x.outputs))
    .finish();
}

std::string json_of(const component_spec& x, const endpoint& at) {
  auto instance = json_quoted(to_string(instance_id{at.node, at.instance}));
  if (x.kind == component_kind::function)
    return "{\"Function\":["
           + object{}
               .add("annotations", map_of(masked(x.settings)))
               .add("spec", spec_of(x))
               .add("state_specification", state_of(x))
               .add("workflow_id", json_quoted(to_string(x.workflow)))
               .finish()
           + ",[" + (at ? instance : "") + "]]}";
  if (!at)
    instance = json_quoted(to_string(instance_id{absent_node, no_function}));
  return "{\"Resource\":["
         + object{}
             .add("class_type", json_quoted(x.class_id))
             .add("configuration", map_of(masked(x.settings)))
             .add("workflow_id", json_quoted(to_string(x.workflow)))
             .finish()
         + "," + instance + "]}";
}

std::string json_of(const std::map<std::string, logical_id>& wiring) {
  object result;
  for (auto& [channel, target] : wiring)
    result.add(channel, json_quoted(to_string(target)));
  return result.finish();
}

} // namespace edgeless
