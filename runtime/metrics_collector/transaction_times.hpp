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

/// What a metrics-collector has heard: processes that have begun, the averages
/// of those that have ended, and what to write of them.
class transaction_times {
public:
  using clock = std::chrono::steady_clock;

  struct moment {
    clock::time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  enum class verdict : std::uint8_t {
    /// Understood; perhaps there is something to write.
    taken,
    /// Neither `function|workflow:begin|end:NUMBER` nor `reset:MILLISECONDS`.
    invalid,
  };

  /// `workflow` is the name that samples of workflows are kept under: without
  /// one they are skipped. `alpha` is the weight of a new sample. `journal` is
  /// the key of a list that gets a line for each event of the workflow, for
  /// whoever judges what became of them: `b,NUMBER,TIME` when one begins, and
  /// `e,NUMBER,TIME[,MILLISECONDS]` when it ends. Empty: nobody does. It keeps
  /// the newest limits::samples_per_report lines, for an hour.
  transaction_times(std::string workflow, double alpha,
                    std::string journal = {})
    : workflow_{std::move(workflow)}, alpha_{alpha}, journal_{
                                                       std::move(journal)} {
    // nop
  }

  /// Takes an event, and appends what is to be written.
  verdict take(const event& x, const moment& now,
               std::vector<redis_command>& commands);

  /// Begun and not ended; the oldest are forgotten beyond
  /// limits::transactions.
  std::size_t open() const {
    return begun_.size();
  }

private:
  struct beginning {
    clock::time_point when;
    std::uint64_t number = 0;
  };

  void begin(const std::string& key, clock::time_point now);
  /// How long it took, in milliseconds; nothing if it had not begun.
  std::optional<std::int64_t>
  end(const std::string& key, const std::vector<std::string>& names,
      const moment& now, std::vector<redis_command>& commands);
  void note(const std::string& line, std::vector<redis_command>& commands);
  void reset(std::chrono::milliseconds warm_up, clock::time_point now,
             std::vector<redis_command>& commands);

  std::string workflow_;
  double alpha_;
  std::string journal_;
  std::uint64_t lines_ = 0; ///< of the journal, so far
  std::map<std::string, beginning> begun_;
  std::map<std::uint64_t, std::string> by_age_;
  std::uint64_t count_ = 0;
  std::map<std::string, double> averages_;
  /// Keys written since the last reset.
  std::set<std::string> written_;
  clock::time_point warm_at_;
};

/// The weight of a new sample that a configuration asks for: 0.9 unless it is
/// a number from 0 to 1.
double parse_alpha(std::string_view text);

} // namespace edgeless
