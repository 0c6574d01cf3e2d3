// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <caf/error.hpp>
#include <caf/timespan.hpp>

#include <boost/describe.hpp>

#include <optional>
#include <string>

namespace edgeless {

/// An orchestrator that uses a database.
struct database_owner {
  std::string domain;
  /// The URL of the orchestrator: two runs of one orchestrator have the same
  /// domain and URL.
  std::string url;
  /// Random: no two runs have the same.
  std::string run;

  friend bool operator==(const database_owner&, const database_owner&)
    = default;
};
BOOST_DESCRIBE_STRUCT(database_owner, (), (domain, url, run))

/// domain=.. url=.., for log lines and error messages.
std::string to_string(const database_owner& x);

/// The lease of an orchestrator on its database: two orchestrators with one
/// database would delete each other's keys and take each other's intents. The
/// owner is written under a key that expires unless it is renewed. A new run of
/// the same orchestrator takes the lease over from the former run; the lease of
/// another one is respected until it has expired. For one thread.
class database_lease {
public:
  explicit database_lease(database_owner me) : me_{std::move(me)} {
    // nop
  }

  /// Acquires or renews the lease, in one or two round trips. `now` is the time
  /// by any monotonic clock. On an error this orchestrator must leave the
  /// database alone: it cannot be reached, or is_refused().
  caf::error renew(redis& connection, caf::timespan now);

  /// Whether the lease lasts, as far as this process knows.
  bool is_held(caf::timespan now) const {
    return held_until_ && now < *held_until_;
  }

  /// Whether another orchestrator had the lease at the last renewal.
  bool is_refused() const {
    return is_refused_;
  }

  /// Another orchestrator that has asked for the database in vain since the
  /// last renewal.
  const std::optional<database_owner>& contender() const {
    return contender_;
  }

private:
  caf::error acquire(redis& connection, caf::timespan now);
  caf::error take_over(redis& connection, caf::timespan now);
  caf::error refuse(redis& connection, const std::string& owner);

  database_owner me_;
  std::optional<caf::timespan> held_until_;
  bool was_held_ = false;
  bool is_refused_ = false;
  std::optional<database_owner> contender_;
};

} // namespace edgeless
