// SPDX-License-Identifier: MIT
#include "runtime/redis/mirror_reader.hpp"

#include "runtime/config/json_reader.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace edgeless {

namespace json = boost::json;

namespace {

/// EDGELESS writes these ids for "no node" and "no workflow".
constexpr auto no_node = node_id{0, 0x0000'fffe'0000'0000};
constexpr auto no_workflow = workflow_id{0, 0x0000'ffff'0000'0000};

/// Integers beyond this are not exact in JSON.
constexpr auto largest = 9e15;

/// A JSON object and the list of its faults.
class reader {
public:
  explicit reader(const json::object& object) : object_(object) {
    // nop
  }

  bool has(std::string_view key) const {
    return object_.contains(key);
  }

  json_section texts() {
    return {&object_, "", faults_};
  }

  double real(std::string_view key) {
    auto value = object_.if_contains(key);
    json::error_code wrong;
    auto result = value && value->is_number()
                    ? value->to_number<double>(wrong)
                    : std::numeric_limits<double>::quiet_NaN();
    if (wrong || !std::isfinite(result)) {
      texts().add_fault(key, value ? "must be a number" : "is missing");
      return 0;
    }
    return result;
  }

  std::int64_t number(std::string_view key, double from = -largest,
                      double to = largest) {
    auto result = real(key);
    if (result < from || result > to) {
      texts().add_fault(key, "is out of range");
      return 0;
    }
    return static_cast<std::int64_t>(result);
  }

  std::uint32_t count(std::string_view key) {
    return static_cast<std::uint32_t>(
      number(key, 0, std::numeric_limits<std::uint32_t>::max()));
  }

  bool flag(std::string_view key) {
    auto value = object_.if_contains(key);
    if (value && value->is_bool())
      return value->get_bool();
    texts().add_fault(key, value ? "must be true or false" : "is missing");
    return false;
  }

  /// The first fault, or `result` if there is none.
  template <class T>
  caf::expected<T> finish(T result) {
    if (faults_.sentences.empty())
      return result;
    return fail(ec::bad_input, faults_.sentences.front());
  }

private:
  const json::object& object_;
  fault_list faults_;
};

/// Parses a JSON object, which `document` owns.
caf::expected<const json::object*> object_of(std::string_view text,
                                             json::value& document) {
  if (text.size() > limits::payload)
    return fail(ec::bad_input, "is too large");
  auto parsed = parse_json(text);
  if (!parsed)
    return fail(ec::bad_input, "is not JSON: " + explain(parsed.error()));
  document = std::move(*parsed);
  if (auto object = document.if_object())
    return object;
  return fail(ec::bad_input, "must be a JSON object");
}

std::optional<double> read_number(std::string_view text) {
  double result = 0;
  auto end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, result);
  if (problem != std::errc{} || stop != end || !std::isfinite(result))
    return std::nullopt;
  return result;
}

/// Reads two numbers with `separator` between them.
std::optional<std::pair<double, double>> read_pair(std::string_view text,
                                                   char separator) {
  auto at = text.find(separator);
  if (at == std::string_view::npos)
    return std::nullopt;
  auto first = read_number(text.substr(0, at));
  auto second = read_number(text.substr(at + 1));
  if (!first || !second)
    return std::nullopt;
  return std::pair{*first, *second};
}

/// The two parts of a component: its specification and its instances.
struct parts {
  const json::object* origin = nullptr;
  const json::value* instances = nullptr;
};

parts parts_of(const json::object& object, std::string_view kind) {
  auto value = object.if_contains(kind);
  auto pair = value ? value->if_array() : nullptr;
  if (!pair || pair->size() != 2)
    return {};
  return {(*pair)[0].if_object(), &(*pair)[1]};
}

/// Appends the instance that `text` names; false if it names none.
bool add_instance(const json::value& text,
                  std::vector<instance_id>& instances) {
  auto string = text.if_string();
  auto instance = string ? read_instance(*string) : std::nullopt;
  if (instance && instance->node != no_node)
    instances.push_back(*instance);
  return instance.has_value();
}

/// The string at `key`, or an empty one.
std::string text_of(const json::object& object, std::string_view key) {
  auto value = object.if_contains(key);
  auto text = value ? value->if_string() : nullptr;
  return text ? std::string{*text} : "";
}

} // namespace

std::int64_t mirrored_health::figure(std::string_view name) const {
  auto i = figures.find(name);
  return i == figures.end() ? -1 : i->second;
}

caf::expected<mirrored_capabilities> read_capabilities(std::string_view text) {
  json::value document;
  auto object = object_of(text, document);
  if (!object)
    return object.error();
  reader in{**object};
  mirrored_capabilities result;
  auto& x = result.basic;
  x.num_cpus = in.count("num_cpus");
  x.model_name_cpu = in.texts().text("model_name_cpu");
  x.clock_freq_cpu = in.real("clock_freq_cpu");
  x.num_cores = in.count("num_cores");
  x.mem_size = in.count("mem_size");
  x.labels = in.texts().texts("labels");
  x.is_tee_running = in.flag("is_tee_running");
  x.has_tpm = in.flag("has_tpm");
  x.runtimes = in.texts().texts("runtimes");
  result.has_more = in.has("disk_tot_space");
  if (result.has_more) {
    x.disk_tot_space = in.count("disk_tot_space");
    x.num_gpus = in.count("num_gpus");
    x.model_name_gpu = in.texts().text("model_name_gpu");
    x.mem_size_gpu = in.count("mem_size_gpu");
  }
  return in.finish(std::move(result));
}

caf::expected<mirrored_health> read_health(std::string_view text) {
  static const std::vector<std::string> both{"mem_free",      "mem_used",
                                             "mem_available", "proc_cpu_usage",
                                             "proc_memory",   "proc_vmemory"};
  static const std::vector<std::string> first{"cpu_usage", "cpu_load",
                                              "mem_total"};
  static const std::vector<std::string> later{
    "load_avg_1",    "load_avg_5",      "load_avg_15",    "tot_rx_bytes",
    "tot_rx_pkts",   "tot_rx_errs",     "tot_tx_bytes",   "tot_tx_pkts",
    "tot_tx_errs",   "disk_free_space", "disk_tot_reads", "disk_tot_writes",
    "gpu_load_perc", "gpu_temp_cels"};
  json::value document;
  auto object = object_of(text, document);
  if (!object)
    return object.error();
  reader in{**object};
  mirrored_health result;
  result.later = in.has("load_avg_1");
  for (auto& name : both)
    result.figures[name] = in.number(name);
  if (result.later)
    for (auto& name : later)
      result.figures[name] = in.number(name);
  if (!result.later || in.has("cpu_usage"))
    for (auto& name : first)
      result.figures[name] = in.number(name);
  if (in.has("active_power"))
    result.figures["active_power"] = in.number("active_power");
  return in.finish(std::move(result));
}

caf::expected<mirrored_component> read_component(std::string_view text) {
  json::value document;
  auto object = object_of(text, document);
  if (!object)
    return object.error();
  mirrored_component result;
  auto found = parts_of(**object, "Function");
  auto function = found.instances != nullptr;
  if (!function) {
    result.kind = component_kind::resource;
    found = parts_of(**object, "Resource");
  }
  if (!found.origin)
    return fail(ec::bad_input, "is neither a function nor a resource");
  auto valid = true;
  if (!function)
    valid = add_instance(*found.instances, result.instances);
  else if (auto instances = found.instances->if_array())
    for (auto& x : *instances)
      valid = add_instance(x, result.instances) && valid;
  else
    valid = false;
  if (!valid)
    return fail(ec::bad_input, "does not name its instances");
  std::ranges::sort(result.instances);
  auto& origin = *found.origin;
  auto spec = origin.if_contains("spec");
  if (!function)
    result.class_id = text_of(origin, "class_type");
  else if (spec && spec->is_object())
    result.class_id = text_of(spec->get_object(), "id");
  if (auto id = parse_id<workflow_id>(text_of(origin, "workflow_id"));
      id && *id != no_workflow)
    result.workflow = *id;
  return result;
}

caf::expected<mirrored_provider> read_provider(std::string_view text) {
  json::value document;
  auto object = object_of(text, document);
  if (!object)
    return object.error();
  reader in{**object};
  mirrored_provider result;
  result.class_type = in.texts().text("class_type");
  if (auto node = parse_id<node_id>(in.texts().text("node_id")))
    result.node = *node;
  else
    in.texts().add_fault("node_id", "must be a UUID");
  result.outputs = in.texts().texts("outputs");
  return in.finish(std::move(result));
}

caf::expected<mirrored_intent_result>
read_intent_result(std::string_view text) {
  json::value document;
  auto object = object_of(text, document);
  if (!object)
    return object.error();
  auto outcome = text_of(**object, "outcome");
  if (outcome != "done" && outcome != "refused")
    return fail(ec::bad_input, "must have the outcome done or refused");
  return mirrored_intent_result{text_of(**object, "value"), outcome == "done",
                                text_of(**object, "reason")};
}

std::optional<instance_id> read_instance(std::string_view text) {
  constexpr std::string_view head = "InstanceId(node_id: ";
  constexpr std::string_view middle = ", function_id: ";
  constexpr std::size_t uuid = 36;
  if (text.size() != head.size() + middle.size() + 2 * uuid + 1
      || !text.starts_with(head) || !text.ends_with(')')
      || text.substr(head.size() + uuid, middle.size()) != middle)
    return std::nullopt;
  auto node = parse_id<node_id>(text.substr(head.size(), uuid));
  auto instance = parse_id<physical_id>(
    text.substr(head.size() + uuid + middle.size(), uuid));
  if (!node || !instance)
    return std::nullopt;
  return instance_id{*node, *instance};
}

std::optional<mirrored_sample> read_sample(std::string_view text) {
  auto pair = read_pair(text, ',');
  if (!pair)
    return std::nullopt;
  return mirrored_sample{pair->first, pair->second};
}

std::optional<mirrored_sample> read_dated_sample(std::string_view text) {
  auto pair = read_pair(text, ':');
  if (!pair)
    return std::nullopt;
  return mirrored_sample{pair->second, pair->first};
}

} // namespace edgeless
