// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wire.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgeless::test {

/// The network of a world: processes by name, who listens where, who does not
/// hear whom, and how long a message takes. All messages between two processes
/// and the answers to them go through cables, which are actors. Like a
/// connection, one that is cut keeps what it carries until it is mended, and
/// breaks when that takes too long; what it carries then is lost.
class network {
public:
  explicit network(caf::actor_system& system) : system_{system} {
    // nop
  }

  /// The door to the world of one process.
  std::shared_ptr<wire> door_of(const std::string& process);

  /// Neither hears the other from now on; nobody is told.
  void cut(const std::string& a, const std::string& b);
  /// The second one does not hear the first one anymore.
  void cut_way(const std::string& from, const std::string& to);
  void mend(const std::string& a, const std::string& b);
  /// From now on what either says to the other takes so long.
  void delay(const std::string& a, const std::string& b, caf::timespan takes);
  /// The connections between the two are reset; they can be dialled again.
  void reset(const std::string& a, const std::string& b);
  /// Nobody listens for that process anymore.
  void forget(const std::string& process);

  bool hears(const std::string& from, const std::string& to) const;
  bool connected(const std::string& a, const std::string& b) const;
  caf::timespan takes(const std::string& a, const std::string& b) const;
  /// How often the two have been cut.
  std::uint64_t cut_count(const std::string& a, const std::string& b) const;

  /// What of `target` can be seen from the other side of a cable.
  caf::strong_actor_ptr wrap(caf::strong_actor_ptr target,
                             const std::string& owner, const std::string& user);

  /// Ends all cables.
  void close();

private:
  friend class cable_wire;
  using pair = std::pair<std::string, std::string>;

  static pair key(const std::string& a, const std::string& b) {
    return a < b ? pair{a, b} : pair{b, a};
  }

  struct open_door {
    caf::strong_actor_ptr whom;
    std::string process;
  };

  caf::actor_system& system_;
  std::map<std::string, open_door> doors_; ///< by HOST:PORT
  std::set<pair> cuts_;                    ///< from, to
  std::map<pair, std::vector<caf::actor>> cables_;
  std::map<pair, std::uint64_t> cut_counts_;
  std::map<pair, caf::timespan> delays_;
};

} // namespace edgeless::test
