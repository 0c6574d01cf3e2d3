// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include "messages/limits.hpp"
#include "messages/node.hpp"
#include "messages/workflow.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// What Redis should say of a domain, and the commands that make it say so.
/// It holds the state, not a queue: however long Redis is away, and however
/// much happens meanwhile, it is as large as the domain. Performance samples
/// are no state: those that Redis cannot take are dropped and counted.
class mirror {
public:
  /// As many samples are kept in Redis of one instance.
  explicit mirror(std::size_t samples = limits::samples) : samples_{samples} {
    // nop
  }

  // -- facts ------------------------------------------------------------------

  void join(const node_description& x);
  void lose(const node_id& x);
  void report(const node_id& node, const node_report& x,
              std::chrono::system_clock::time_point now);
  void host(const component_spec& x);
  void moved(const logical_id& component, const endpoint& at);
  void drop(const logical_id& component);

  // -- what Redis has ---------------------------------------------------------

  /// Nobody knows what Redis has, nor when it can be reached again. True from
  /// the beginning.
  void lose_touch();

  /// All of it has to be written.
  void rewrite();

  /// At most so many of the commands that are due; from now on they count as
  /// done.
  std::vector<redis_command> changes(std::size_t most);

  /// Whether there are more.
  bool has_changes() const {
    return !dirty_.empty() || !pending_.empty();
  }

  /// At most so many of the keys that must be there: another time the next
  /// ones, round and round.
  std::vector<std::string> probe(std::size_t most);

  /// Which of these keys are ours, and should be gone.
  std::vector<std::string> strays(const std::vector<std::string>& keys) const;

  /// That list of samples is something else: deletes it.
  void replace(const std::string& key);

  /// Everything but the samples.
  const std::map<std::string, std::string>& content() const {
    return content_;
  }

  /// Samples that did not make it, so far.
  std::uint64_t samples_dropped() const {
    return samples_dropped_;
  }

private:
  struct component {
    component_spec spec;
    endpoint at;
  };

  void set(const std::string& key, std::string value);
  void erase(const std::string& key);
  void show_provider(const std::string& id);
  void show_component(const component& x);
  void end(const physical_id& instance);
  void push(const execution_times& x, const std::string& when);
  void drop_pending();
  void push_commands(const std::string& key, std::vector<std::string> values,
                     std::vector<redis_command>& result) const;

  std::size_t samples_;
  std::map<node_id, node_description> nodes_;
  std::map<logical_id, component> components_;
  std::set<physical_id> instances_;

  std::map<std::string, std::string> content_;
  /// Whether Redis has what it should, but for what is dirty and pending.
  bool in_touch_ = false;
  std::set<std::string> dirty_;
  /// The last key that was probed.
  std::string probed_;
  /// Samples to be pushed, by key.
  std::map<std::string, std::vector<std::string>> pending_;
  std::size_t pending_samples_ = 0;
  std::uint64_t samples_dropped_ = 0;
};

} // namespace edgeless
