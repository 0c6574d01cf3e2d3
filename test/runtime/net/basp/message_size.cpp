// SPDX-License-Identifier: MIT
#include "messages/message_size.hpp"

#include "test/fixtures/frame_verdict.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>

/// Every message that a peer may send, as large as limits.hpp allows.
namespace edgeless {

namespace {

using bytes::content;

std::string text(std::size_t size) {
  return std::string(size, 'x');
}

std::string url_text() {
  return text(limits::url);
}

std::string numbered(std::size_t i, std::size_t size) {
  auto result = std::to_string(i);
  result.resize(size, 'x');
  return result;
}

/// Adds settings of four bytes until the value has this size.
template <class T>
void fill_up(T& x, std::map<std::string, std::string>& settings,
             std::size_t size) {
  if (auto used = encoded_size(x); used + 16 < size)
    settings["rest"] = text(size - used - 16);
}

/// The largest component: all its channels are mapped.
component_draft largest_component() {
  component_draft x;
  x.name = text(limits::name);
  for (std::size_t i = 0; i < limits::channels; ++i)
    x.output_mapping[numbered(i, 200)] = "t";
  fill_up(x, x.settings, limits::component - 32 - 17 * limits::channels);
  return x;
}

/// The largest workflow: of `components` equal ones.
workflow_spec largest_workflow(std::size_t components) {
  workflow_spec result;
  for (std::size_t i = 0; i < components; ++i) {
    auto& x = result.components.emplace_back();
    x.name = numbered(i, limits::name);
    for (auto k = 0; k < 7; ++k) {
      x.settings[numbered(k, 3)] = "";
      x.output_mapping[numbered(k, 3)] = "t";
    }
    fill_up(x, x.settings, limits::workflow / components - 200);
  }
  return result;
}

/// As the controller gives it ids.
component_spec identified(const component_draft& x) {
  component_spec result;
  result.name = x.name;
  result.settings = x.settings;
  for (auto& [channel, target] : x.output_mapping)
    result.wiring[channel];
  return result;
}

std::vector<component_spec> identified(const workflow_spec& spec) {
  std::vector<component_spec> result;
  for (auto& x : spec.components)
    result.push_back(identified(x));
  return result;
}

std::vector<component_status> largest_statuses() {
  std::vector<component_status> result;
  for (std::size_t i = 0; i < limits::components; ++i) {
    auto& x = result.emplace_back();
    x.name = numbered(i, limits::name);
    x.reason = text(limits::text);
  }
  shorten(result);
  return result;
}

std::vector<std::string> largest_reasons() {
  std::vector<std::string> result(limits::components, text(limits::text));
  shorten(result, limits::reasons);
  return result;
}

obstacles largest_obstacles() {
  return {largest_reasons(), std::vector<std::uint32_t>(limits::components)};
}

domain_description largest_domain(std::size_t total) {
  domain_description result;
  result.id = text(limits::name);
  for (std::size_t i = 0; i < 10'000; ++i)
    for (auto* x : {&result.total.labels, &result.total.runtimes,
                    &result.resource_classes, &result.providers})
      x->push_back(numbered(i, 5));
  shorten(result, total);
  return result;
}

std::vector<domain_description> all_domains() {
  std::vector<domain_description> result;
  for (auto i = 0; i < 200; ++i)
    result.push_back(largest_domain(limits::domain_descriptions / 200));
  return result;
}

node_description largest_node() {
  node_description x;
  x.agent_url = x.invocation_url = url_text();
  // A label has 20 bytes, and its length.
  for (std::size_t i = 0; i < (limits::node_description - 1024) / 21; ++i)
    x.capabilities.labels.push_back(numbered(i, 20));
  return x;
}

output_map largest_outputs() {
  output_map result;
  for (auto& [channel, target] : largest_component().output_mapping) {
    endpoint x;
    x.invocation_url = url_text();
    result.channels[channel] = x;
  }
  return result;
}

node_report largest_report() {
  node_report result;
  // Each instance in a report takes the room of three samples.
  auto each = limits::samples_per_report / limits::instances - 3;
  result.samples.times.assign(limits::instances,
                              {{}, std::vector<double>(each)});
  return result;
}

code_part largest_part() {
  return {text(64), 0, 0, text(limits::part)};
}

state_part largest_state_part() {
  return {limits::snapshot, 0, std::string(limits::state, 'x')};
}

workflow_status largest_status() {
  workflow_status x;
  x.spec = largest_workflow(limits::components);
  x.components = largest_statuses();
  x.reasons = largest_reasons();
  return x;
}

endpoint largest_endpoint() {
  endpoint x;
  x.invocation_url = url_text();
  return x;
}

std::string state() {
  return text(limits::state);
}

using samples = std::map<std::string, std::function<std::string()>>;

/// The payloads by the atom and types of the message.
template <class... Ts>
std::pair<std::string, std::function<std::string()>> sample(Ts... xs) {
  std::string key;
  auto add = [&]<class T>(const T&) {
    if constexpr (requires { caf::atom_value{T::value}; })
      key += caf::to_string(caf::atom_value{T::value});
    else
      key += " " + wire_name<T>();
  };
  (add(xs), ...);
  return {key, [=] {
            return content(xs...);
          }};
}

std::string key_of(const acl_entry& x) {
  auto result = x.atom;
  for (auto& type : x.types)
    result += " " + type;
  return result;
}

samples make_samples() {
  using specs = std::vector<component_spec>;
  auto all_ids = std::vector<workflow_id>(limits::workflows);
  auto records = inventory(limits::instances);
  auto spec = identified(largest_component());
  auto every = identified(largest_workflow(limits::components));
  auto fenced = fenced_sessions(limits::fenced_sessions);
  return {
    sample(atom::start_v, workflow_id{}, largest_workflow(4),
           if_infeasible::refuse),
    sample(atom::migrate_v, workflow_id{}, text(limits::name)),
    sample(atom::host_v, workflow_id{}, specs{every}),
    sample(atom::why_not_v, specs{every}),
    sample(atom::hosted_v, all_ids),
    sample(atom::start_v, physical_id{}, spec, largest_outputs(), state()),
    sample(atom::prepare_v, physical_id{}, spec),
    sample(atom::patch_v, physical_id{}, largest_outputs()),
    sample(atom::activate_v, physical_id{}, largest_outputs(), state(),
           instance_id{}),
    sample(atom::state_v, physical_id{}),
    sample(atom::state_v, physical_id{}, std::uint64_t{}),
    sample(atom::state_v, physical_id{}, largest_state_part()),
    sample(largest_state_part()),
    sample(atom::hand_over_v, physical_id{}, largest_endpoint(),
           std::uint32_t{}),
    sample(atom::fence_v, fenced),
    sample(atom::moved_v, spec, largest_endpoint()),
    sample(atom::upload_v, largest_part()),
    sample(atom::exited_v, session_id{}, logical_id{}, physical_id{},
           text(limits::text)),
    sample(atom::synced_v, session_id{}, logical_id{}, physical_id{}, state()),
    sample(atom::joined_v, text(limits::name)),
    sample(largest_status()),
    sample(all_ids),
    sample(all_domains()),
    sample(largest_domain(limits::domain_description)),
    sample(largest_obstacles()),
    sample(largest_statuses()),
    sample(welcome{{}, 0, std::vector<physical_id>(limits::instances)}),
    sample(largest_part()),
    sample(largest_report()),
    sample(records),
    sample(state()),
  };
}

/// Messages whose values have one size, those that carry a handle (their
/// other values are checked below), and events, whose egress makes batches.
bool is_elsewhere(const acl_entry& x) {
  static const std::set<std::string> atoms{
    "stop",     "list",   "inspect", "domains",    "fetch",   "drop",
    "describe", "freeze", "thaw",    "keep_alive", "running", "attach",
    "join",     "greet",  "deliver", "invoke"};
  static const std::set<std::string> types{"@atom", "@u64"};
  return x.atom.empty() ? types.contains(x.types.at(0))
                        : atoms.contains(x.atom);
}

constexpr peer_role all_roles[] = {peer_role::client, peer_role::controller,
                                   peer_role::orchestrator, peer_role::node};

} // namespace

TEST_CASE("message size: every message at its limits is accepted by its "
          "receiver") {
  auto known = make_samples();
  for (auto from : all_roles)
    for (auto to : all_roles)
      for (auto& x : message_acl(from, to)) {
        if (is_elsewhere(x))
          continue;
        auto key = key_of(x);
        CAPTURE(key);
        REQUIRE(known.contains(key));
        auto payload = known.at(key)();
        CHECK(payload.size() > 0);
        CHECK(payload.size() <= x.max_size);
        auto id = x.atom.empty()
                    ? caf::message_id{1}.response_id().integer_value()
                  : x.has_response
                    ? bytes::new_request_id()
                    : std::uint64_t{caf::message_id::default_async_value};
        bytes::frame sent{bytes::message_type::direct_message, payload, 0, id};
        CHECK(bytes::verdict(sent, from, to) == "none");
      }
}

TEST_CASE("message size: a join with the inventory of a full node fits") {
  CHECK(encoded_size(largest_node())
          + encoded_size(inventory(limits::instances))
          + limits::frame_with_error
        <= limits::frame);
}

TEST_CASE("message size: names the limits that a workflow exceeds") {
  CHECK(size_faults(largest_workflow(4)).empty());
  CHECK(size_faults(largest_workflow(limits::components)).empty());
  CHECK(size_faults({{largest_component()}, {}}).empty());
  workflow_spec spec;
  spec.components.resize(2);
  spec.components[0].name = "a";
  spec.components[0].settings["x"] = text(limits::component);
  spec.components[1].name = text(limits::name + 1);
  for (std::size_t i = 0; i <= limits::channels; ++i)
    spec.components[1].output_mapping[std::to_string(i)] = "a";

  auto faults = size_faults(spec);

  REQUIRE(faults.size() == 3);
  CHECK(faults[0].starts_with("a: the component is too large: it has 262"));
  CHECK(faults[1].ends_with("its name is too large: it has 256 bytes, more "
                            "than 255"));
  CHECK(faults[2].ends_with("it has 1025 output channels, more than 1024"));
}

TEST_CASE("message size: a workflow of many small parts is refused by its "
          "total") {
  auto spec = largest_workflow(limits::components);
  spec.annotations["x"] = text(limits::component);

  auto faults = size_faults(spec);

  REQUIRE(faults.size() == 1);
  CHECK(faults[0].starts_with("the workflow is too large: it has 1"));
  workflow_spec many;
  for (std::size_t i = 0; i <= limits::workflow_entries; ++i)
    many.annotations[std::to_string(i)];
  faults = size_faults(many);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0]
        == "it has 16385 settings and output channels, more than "
           "16384");
}

TEST_CASE("message size: short texts stay, long ones share the rest") {
  std::vector<std::string> all{text(5), text(100), text(200)};

  shorten(all, 105);

  CHECK(all == std::vector<std::string>{text(5), text(50), text(50)});
  all = {"\u00e9\u00e9"};
  shorten(all, 3);
  CHECK(all == std::vector<std::string>{"\u00e9"});
}

TEST_CASE("message size: the names of a domain end with the number of those "
          "that are missing") {
  domain_description x;
  x.total.labels = {"a", "b", "cccc"};

  shorten(x, 4 * 4);

  CHECK(x.total.labels == std::vector<std::string>{"a", "b", "and 1 more"});
}

TEST_CASE("message size: a node with a long URL or many labels is refused") {
  node_description x;
  CHECK(size_fault(x).empty());
  x.invocation_url = text(limits::url + 1);
  CHECK(size_fault(x)
        == "a URL of the node is too large: it has 273 bytes, more than 272");
  x.invocation_url.clear();
  x.capabilities.labels.assign(1000, text(100));
  CHECK(size_fault(x).starts_with("the description of the node is too large"));
}

} // namespace edgeless
