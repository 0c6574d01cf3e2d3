// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/top.hpp"

#include "tools/proxy_cli/domain.hpp"
#include "tools/proxy_cli/format.hpp"

#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_reader.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace edgeless {

namespace {

/// Older samples are ignored.
constexpr double window_seconds = 60;

/// Samples fetched of one instance.
constexpr auto samples_per_instance = "1000";

/// Instances queried at a time.
constexpr std::size_t rows_per_page = 100;

const std::string unknown = "-";

std::string cell(const std::string& text, const top_table::column& x) {
  std::string result;
  for (auto c : text.substr(0, x.width))
    result += c >= 0x20 && c < 0x7f ? c : '?';
  result.insert(x.right ? 0 : result.size(), x.width - result.size(), ' ');
  return result;
}

std::string percent(std::int64_t x) {
  return x < 0 ? unknown : std::to_string(x) + '%';
}

std::string milliseconds(double seconds) {
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.1f", seconds * 1000);
  return buffer;
}

std::vector<std::string>
node_row(std::string name, const mirrored_capabilities& capabilities,
         const mirrored_health* health, const node_load& load) {
  std::vector<std::string> row{std::move(name),
                               joined(capabilities.basic.runtimes)};
  auto figure = [&](std::string_view name) {
    return health ? health->figure(name) : -1;
  };
  auto used = figure("mem_used");
  auto total = figure("mem_total");
  if (total < 0 && used >= 0)
    total = used + std::max<std::int64_t>(figure("mem_available"), 0);
  auto power = figure("active_power");
  row.push_back(
    percent(figure(health && health->later ? "load_avg_1" : "cpu_usage")));
  row.push_back(percent(figure("proc_cpu_usage")));
  row.push_back(total > 0 ? percent(used * 100 / total) : unknown);
  row.push_back(std::to_string(load.functions.size()));
  row.push_back(std::to_string(load.resources.size()));
  row.push_back(percent(figure("gpu_load_perc")));
  row.push_back(power < 0 ? unknown : std::to_string(power) + " mW");
  return row;
}

/// Count, sum and range of the samples within the window.
struct statistics {
  std::size_t count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;

  void add(double x) {
    min = count == 0 ? x : std::min(min, x);
    max = count == 0 ? x : std::max(max, x);
    sum += x;
    ++count;
  }

  void append_to(std::vector<std::string>& row) const {
    row.push_back(count ? milliseconds(sum / static_cast<double>(count))
                        : unknown);
    row.push_back(count ? milliseconds(min) : unknown);
    row.push_back(count ? milliseconds(max) : unknown);
  }
};

struct activity {
  statistics executions;
  statistics transfers;
};

void count_samples(const redis_reply& from, bool later, statistics& in) {
  auto now = std::chrono::duration<double>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
  for (auto& item : from.items) {
    auto sample = later ? read_dated_sample(item.text) : read_sample(item.text);
    if (sample && sample->time >= now - window_seconds)
      in.add(sample->value);
  }
}

caf::expected<std::map<physical_id, activity>>
load_activity(store& from, const std::vector<physical_id>& of) {
  std::map<physical_id, activity> result;
  for (std::size_t at = 0; at < of.size(); at += rows_per_page) {
    auto end = std::min(of.size(), at + rows_per_page);
    std::vector<redis_command> commands;
    for (auto i = at; i < end; ++i) {
      commands.push_back({"LRANGE", keys::samples(keys::execution_time, of[i]),
                          "-" + std::string{samples_per_instance}, "-1"});
      for (auto metric : {"function_execution_time", "function_transfer_time"})
        commands.push_back({"ZREVRANGE", keys::later_samples(of[i], metric),
                            "0", samples_per_instance});
    }
    auto replies = from.run(commands);
    if (!replies)
      return replies.error();
    for (auto i = at; i < end; ++i) {
      auto* reply = &(*replies)[3 * (i - at)];
      auto& x = result[of[i]];
      count_samples(reply[0], false, x.executions);
      count_samples(reply[1], true, x.executions);
      count_samples(reply[2], true, x.transfers);
    }
  }
  return result;
}

} // namespace

std::string top_table::header() const {
  std::string result;
  for (auto& x : columns)
    result += cell(x.name, x) + ' ';
  return result;
}

std::string top_table::row(std::size_t number) const {
  std::string result;
  for (std::size_t i = 0; i < columns.size(); ++i)
    result += cell(rows[number][i], columns[i]) + ' ';
  return result;
}

caf::expected<top_table> top_nodes(store& from, node_format nodes) {
  auto names = node_names::load(from, nodes);
  if (!names)
    return names.error();
  // The screen has no room for warnings: invalid values are left out.
  warnings broken{false};
  auto capabilities = load_capabilities(from, broken);
  if (!capabilities)
    return capabilities.error();
  auto health = load_health(from, broken);
  if (!health)
    return health.error();
  auto components = load_components(from, broken);
  if (!components)
    return components.error();
  auto load = load_of_nodes(*components);
  top_table result;
  result.title = std::to_string(capabilities->size()) + " nodes, "
                 + std::to_string(components->size())
                 + " functions and resources";
  result.columns
    = {{"Node", 36},          {"Runtimes", 10},      {"Load", 5, true},
       {"Proc CPU", 8, true}, {"Memory", 6, true},   {"Fun", 4, true},
       {"Res", 4, true},      {"GPU util", 8, true}, {"Power", 10, true}};
  for (auto& [id, x] : *capabilities) {
    auto i = health->find(id);
    result.rows.push_back(node_row(
      (*names)(id), x, i == health->end() ? nullptr : &i->second, load[id]));
  }
  return result;
}

caf::expected<top_table> top_workflow(store& from, node_format nodes,
                                      const workflow_id& which,
                                      const workflow_status* known) {
  auto names = node_names::load(from, nodes);
  if (!names)
    return names.error();
  warnings broken{false};
  auto components = load_components(from, broken);
  if (!components)
    return components.error();
  if (which)
    std::erase_if(*components,
                  [&](auto& x) { return x.second.workflow != which; });
  std::map<logical_id, std::string> own_names;
  for (auto& x : known ? known->components : std::vector<component_status>{}) {
    own_names[x.id] = x.name;
    (*components)[x.id].workflow = which;
  }
  std::vector<physical_id> instances;
  for (auto& [id, x] : *components)
    for (auto& y : x.instances)
      instances.push_back(y.instance);
  auto activities = load_activity(from, instances);
  if (!activities)
    return activities.error();
  top_table result;
  result.title = std::to_string(components->size()) + " functions and resources"
                 + (which ? " of " + to_string(which) : "")
                 + (known ? " in domain "
                              + (known->domain.empty() ? "none" : known->domain)
                          : "");
  result.columns = {{"Id", 8},
                    {"Name", 10},
                    {"Node", 36},
                    {"Avg ms", 7, true},
                    {"Min", 7, true},
                    {"Max", 7, true},
                    {"Samples", 7, true},
                    {"Transfer", 8, true},
                    {"Min", 7, true},
                    {"Max", 7, true},
                    {"Workflow", 36}};
  for (auto& [id, x] : *components) {
    auto name = x.class_id.empty() ? unknown : x.class_id;
    if (auto i = own_names.find(id); i != own_names.end())
      name = i->second;
    auto workflow = x.workflow ? to_string(x.workflow) : unknown;
    auto instances_or_none = x.instances;
    if (instances_or_none.empty())
      instances_or_none.emplace_back();
    for (auto& instance : instances_or_none) {
      auto& y = (*activities)[instance.instance];
      std::vector<std::string> row{to_string(id).substr(0, 8), name,
                                   instance.node ? (*names)(instance.node)
                                                 : "pending"};
      y.executions.append_to(row);
      row.push_back(std::to_string(y.executions.count));
      y.transfers.append_to(row);
      row.push_back(workflow);
      result.rows.push_back(std::move(row));
    }
  }
  return result;
}

} // namespace edgeless
