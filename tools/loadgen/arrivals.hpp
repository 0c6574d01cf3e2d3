// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless::benchmark {

/// When a workflow is started and stopped, since the start of the experiment.
struct arrival {
  std::chrono::microseconds begin{0};
  std::chrono::microseconds end{0};

  friend bool operator==(const arrival&, const arrival&) = default;
};

/// The options of the arrival model; times in seconds.
struct arrival_settings {
  std::string model = "poisson";
  double warmup = 0;
  double duration = 30;
  double interarrival = 5;
  double lifetime = 5;
};

std::chrono::microseconds to_microseconds(double seconds);

/// Decides when workflows are started and stopped:
///
///     poisson        interarrival times and lifetimes are exponentially
///                    distributed
///     incremental    one every `interarrival`, each with a life of `lifetime`
///     incr-and-keep  one every `interarrival` until `warmup`, kept to the end
///     single         one, from the beginning to the end
///     trace          as in a file
class arrival_model {
public:
  /// `trace`: lines `ARRIVAL,END` in seconds, sorted by ARRIVAL. An error names
  /// the option or the line, and what is accepted.
  static caf::expected<arrival_model> make(const arrival_settings& settings,
                                           std::string_view trace,
                                           random_source random);

  /// The arrival after the one at `now`; nothing if there are no more. A
  /// workflow that is kept to the end has an `end` after `duration`.
  std::optional<arrival> next(std::chrono::microseconds now);

private:
  enum class kind { poisson, incremental, incr_and_keep, single, trace };

  arrival_model() = default;
  caf::error read(const arrival_settings& settings);
  caf::error read_trace(std::string_view text);

  kind kind_ = kind::poisson;
  arrival_settings settings_;
  std::vector<arrival> trace_;
  random_source random_;
  std::size_t count_ = 0; ///< arrivals so far
};

} // namespace edgeless::benchmark
