// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_schema.hpp"

#include "messages/limits.hpp"
#include "messages/node.hpp"
#include "messages/workflow.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

struct mirror_options {
  mirror_schema schema = mirror_schema::v1_0;
  std::string domain;
  /// Performance samples of each instance that are kept in Redis.
  std::size_t samples = limits::samples;
  std::function<std::chrono::system_clock::time_point()> now
    = std::chrono::system_clock::now;
};

/// The state of a domain as it should be in Redis, and the commands that bring
/// Redis there. It holds state, not a queue: its size is that of the domain,
/// however long Redis cannot be reached. Performance samples are not part of
/// the state: those that Redis cannot take in time are dropped and counted. For
/// one thread.
class mirror {
public:
  explicit mirror(mirror_options options = {});

  // -- changes of the domain
  // ------------------------------------------------------------------

  void join(const node_description& x);
  void lose(const node_id& x);
  void report(const node_id& node, const node_report& x);
  void host(const component_spec& x);
  void moved(const logical_id& component, const endpoint& at);
  void drop(const logical_id& component);

  // -- synchronization with Redis
  // ---------------------------------------------------------

  /// The content of Redis is unknown from now on, as it is at the beginning.
  /// Until rewrite(), changes are only remembered and samples dropped.
  void mark_unreachable();

  /// Redis can be reached and is empty: everything is due.
  void rewrite();

  /// At most `most` of the commands that are due, which count as executed from
  /// now on.
  std::vector<redis_command> changes(std::size_t most);

  /// Whether commands are due.
  bool has_changes() const {
    return !dirty_.empty() || !pending_.empty();
  }

  /// At most `most` of the keys that must exist in Redis. Consecutive calls
  /// iterate over all keys, again and again.
  std::vector<std::string> probe(std::size_t most);

  /// The keys that have a prefix of the mirror but are not part of the state.
  std::vector<std::string>
  strays(const std::vector<std::string>& candidates) const;

  /// Deletes a list or set of samples, such as one whose key has another type.
  void replace(const std::string& key);

  /// The whole state without samples: values by key.
  const std::map<std::string, std::string>& content() const {
    return content_;
  }

  /// Samples dropped since the start.
  std::uint64_t samples_dropped() const {
    return samples_dropped_;
  }

private:
  struct component {
    component_spec spec;
    endpoint at;
  };

  using time_point = std::chrono::system_clock::time_point;

  bool is_later() const {
    return options_.schema != mirror_schema::v1_0;
  }

  void set(const std::string& key, std::string value);
  void erase(const std::string& key);
  void note_update(std::string_view key);
  void update_provider(const std::string& id);
  void update_component(const component& x);
  void remove_instance(const physical_id& instance);
  void add_health(const node_id& node, const node_health& x);
  void add_times(const execution_times& x);
  void add_log(const function_log& x);
  /// The number of samples in an element of pending_.
  std::size_t count_of(const std::vector<std::string>& values) const {
    return values.size() / (is_later() ? 2 : 1);
  }
  std::string series_key(const physical_id& x, std::string_view metric) const;
  void append(const std::string& key, time_point when, std::string value);
  bool is_series(std::string_view key) const;
  void push_commands(const std::string& key, std::vector<std::string> values,
                     std::vector<redis_command>& result) const;

  mirror_options options_;
  std::map<node_id, node_description> nodes_;
  std::map<logical_id, component> components_;
  /// The running instances, and the keys of their samples.
  std::map<physical_id, std::set<std::string>> instances_;

  std::map<std::string, std::string> content_;
  /// Redis has the state except for dirty_ and pending_.
  bool is_synchronized_ = false;
  std::set<std::string> dirty_; ///< keys to set or delete
  /// The last key that probe() returned.
  std::string probed_;
  /// Samples to push, by key; of the later schema each is a score and a member.
  std::map<std::string, std::vector<std::string>> pending_;
  std::size_t pending_samples_ = 0;
  std::uint64_t samples_dropped_ = 0;
};

} // namespace edgeless
