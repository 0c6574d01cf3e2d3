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

/// When a workflow begins and ends, from the start of the experiment on.
struct arrival {
  std::chrono::microseconds begin{0};
  std::chrono::microseconds end{0};

  friend bool operator==(const arrival&, const arrival&) = default;
};

/// Seconds, as on the command line.
struct arrival_settings {
  std::string model = "poisson";
  double warmup = 0;
  double duration = 30;
  double interarrival = 5;
  double lifetime = 5;
};

std::chrono::microseconds to_microseconds(double seconds);

/// When workflows come and go:
///
///     poisson        pauses and lives are exponentially distributed
///     incremental    one every `interarrival`, each living for `lifetime`
///     incr-and-keep  one every `interarrival` until `warmup`, kept to the end
///     single         one, from the beginning to the end
///     trace          as a file says
class arrival_model {
public:
  /// `trace`: lines `ARRIVAL,END` in seconds, the earliest first. An error says
  /// what is accepted.
  static caf::expected<arrival_model> make(const arrival_settings& settings,
                                           std::string_view trace,
                                           random_source random);

  /// The next one, if the last one came at `now`; nothing: there are no more.
  /// Whoever ends with the experiment ends after its duration.
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
  std::size_t count_ = 0; ///< so far
};

} // namespace edgeless::benchmark
