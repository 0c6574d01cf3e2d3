// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include "actors/proxy/proxy.hpp"

#include <algorithm>

namespace edgeless::test {

inline const std::string owner_key = "edgeless:owner";

/// A proxy with a double of its orchestrator and a Redis in memory.
struct proxy_fixture : actor_fixture {
  proxy_fixture() {
    orchestrator = spawn_double<orchestrator_actor>(
      [this](atom::intent, const intent& x) -> caf::result<std::string> {
        intents.push_back(x);
        if (!refusal.empty())
          return fail(ec::no_feasible_node, refusal);
        return std::string{"moved"};
      });
  }

  void open() {
    proxy_options options;
    options.open = database->opener();
    options.owner = {"domain-1", "http://one:7011", "run-1"};
    subject = spawn(options);
  }

  proxy_actor spawn(proxy_options options) {
    options.mirrored.now = [] {
      return std::chrono::system_clock::time_point{5007ms};
    };
    options.counts = counts;
    options.where = threads::pool;
    auto result = keep(proxy_actor{system.spawn(proxy, options, orchestrator)});
    run_until_idle();
    return result;
  }

  /// The proxy of another domain, which has the same database.
  proxy_actor spawn_rival() {
    proxy_options options;
    options.open = database->opener();
    options.owner = {"domain-2", "http://two:7011", "run-2"};
    return spawn(options);
  }

  bool is_owned_by(const std::string& domain) {
    return database->text(owner_key).find(domain) != std::string::npos;
  }

  /// The number of keys, without those of the owner and its rival.
  std::size_t size() const {
    return database->content.size() - database->content.count(owner_key)
           - database->content.count("edgeless:contender");
  }

  node_description join() {
    node_description x;
    x.id = any<node_id>();
    x.providers = {{"log-1", "file-log", {}}};
    tell(subject, atom::join_v, x);
    return x;
  }

  component_spec host() {
    component_spec x;
    x.id = any<logical_id>();
    tell(subject, atom::host_v, x);
    return x;
  }

  endpoint move(const logical_id& component) {
    endpoint at;
    at.node = any<node_id>();
    at.instance = any<physical_id>();
    tell(subject, atom::moved_v, component, at);
    return at;
  }

  void sample(const node_id& node, const physical_id& instance, int count) {
    node_report x;
    x.samples.times.push_back(
      {instance, std::vector<double>(static_cast<std::size_t>(count), 1)});
    ask<atom::ok>(subject, atom::report_v, node, x);
  }

  /// All string keys except the results of intents.
  std::map<std::string, std::string> mirrored() const {
    std::map<std::string, std::string> result;
    for (auto& [key, value] : database->content)
      if (auto* text = std::get_if<std::string>(&value);
          text != nullptr && !key.starts_with("intent")
          && !key.starts_with("edgeless:"))
        result.emplace(key, *text);
    return result;
  }

  void push(const std::string& key, const std::string& value) {
    database->execute({"SET", key, value});
    database->execute({"RPUSH", "intents", key});
  }

  std::size_t count(const std::string& verb) const {
    return static_cast<std::size_t>(std::ranges::count_if(
      database->journal, [&](auto& x) { return x[0] == verb; }));
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  orchestrator_actor orchestrator;
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  std::vector<intent> intents;
  std::string refusal;
  /// Intents that a slow orchestrator has not answered.
  std::vector<caf::typed_response_promise<std::string>> unanswered;
  proxy_actor subject;
};

} // namespace edgeless::test
