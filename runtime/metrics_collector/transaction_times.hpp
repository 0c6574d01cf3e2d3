// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include "messages/event.hpp"
#include "messages/limits.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The logic of the metrics-collector: pairs the begin and end events of
/// functions and workflows, averages the times between them, and makes the
/// commands that write samples and averages to Redis. For one thread.
class transaction_times {
public:
  using clock = std::chrono::steady_clock;

  struct moment {
    clock::time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  enum class verdict : std::uint8_t {
    /// A valid event.
    accepted,
    /// Neither `function|workflow:begin|end:NUMBER` nor `reset:MILLISECONDS`.
    invalid,
  };

  /// `workflow` is the name of the workflow in the keys of its samples; without
  /// one, events of workflows are ignored. `alpha` is the weight of a new
  /// sample in the exponential moving average, from 0 to 1. `journal` is the
  /// key of a list that gets a line for each event of the workflow, for the
  /// load generator: `b,NUMBER,TIME` for a begin and
  /// `e,NUMBER,TIME[,MILLISECONDS]` for an end; if empty, there is none. The
  /// journal keeps the newest limits::samples_per_report lines and expires
  /// after an hour.
  transaction_times(std::string workflow, double alpha,
                    std::string journal = {})
    : workflow_{std::move(workflow)}, alpha_{alpha}, journal_{
                                                       std::move(journal)} {
    // nop
  }

  /// Handles an event and appends the commands that it causes.
  verdict handle(const event& x, const moment& now,
                 std::vector<redis_command>& commands);

  /// Transactions that have begun and not ended. Beyond
  /// limits::transaction_times, the oldest are dropped.
  std::size_t open() const {
    return begun_.size();
  }

private:
  struct beginning {
    clock::time_point when;
    std::uint64_t number = 0;
  };

  void begin(const std::string& key, clock::time_point now);
  /// The duration in milliseconds; nothing without a begin.
  std::optional<std::int64_t>
  end(const std::string& key, const std::vector<std::string>& names,
      const moment& now, std::vector<redis_command>& commands);
  void write_journal(const std::string& line,
                     std::vector<redis_command>& commands);
  void reset(std::chrono::milliseconds warm_up, clock::time_point now,
             std::vector<redis_command>& commands);

  std::string workflow_;
  double alpha_;
  std::string journal_;
  std::uint64_t lines_ = 0; ///< written to the journal
  std::map<std::string, beginning> begun_;
  std::map<std::uint64_t, std::string> by_age_;
  std::uint64_t count_ = 0;
  std::map<std::string, double> averages_;
  /// Keys written since the last reset.
  std::set<std::string> written_;
  clock::time_point warm_up_ends_;
};

/// The `alpha` of a configuration; 0.9 unless `text` is a number from 0 to 1.
double parse_alpha(std::string_view text);

} // namespace edgeless
