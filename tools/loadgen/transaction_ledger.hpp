// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless::benchmark {

/// A line of the journal that a metrics-collector keeps: transaction NUMBER has
/// begun, or has ended, then; and how long it took, where that is known.
struct journal_line {
  bool begins = false;
  std::uint64_t number = 0;
  double when = 0; ///< seconds since the epoch
  std::string time;
  std::optional<std::uint64_t> milliseconds{};
};

/// Nothing unless it is such a line.
std::optional<journal_line> parse_journal_line(std::string_view text);

/// A set of numbers that come mostly one after the other.
class number_set {
public:
  /// False if it was there already.
  bool insert(std::uint64_t x);
  bool contains(std::uint64_t x) const;

  std::uint64_t size() const {
    return size_;
  }

  /// How many ranges it takes to name them all.
  std::size_t ranges() const {
    return ranges_.size();
  }

private:
  std::map<std::uint64_t, std::uint64_t> ranges_; ///< first -> last
  std::uint64_t size_ = 0;
};

/// What became of the transactions of one workflow, or of all.
struct ledger_sums {
  std::uint64_t sent = 0;
  std::uint64_t handled = 0;
  std::uint64_t lost = 0;
  /// Of these, begun before all of the workflow ran.
  std::uint64_t lost_at_start = 0;
  std::uint64_t doubled = 0;
  std::uint64_t out_of_order = 0;
  /// Begun, and neither ended nor lost when the workflow was stopped.
  std::uint64_t under_way = 0;
  /// Lines that could not be judged any more.
  std::uint64_t unknown = 0;

  ledger_sums& operator+=(const ledger_sums& x);
  friend bool operator==(const ledger_sums&, const ledger_sums&) = default;
};

/// Follows the numbered transactions of one workflow. Beginning and end reach
/// the collector on different ways, so either may be noted first.
class transaction_ledger {
public:
  void note(const journal_line& x);

  /// The sums, if all of the workflow ran since `started` and until `stopped`
  /// (as `when` of lines). sent = handled + lost + under_way. A transaction is
  /// lost if a later one has ended, or if for load_limits::timeout_s nothing
  /// has ended although it had begun; or if nothing was heard of it, but of an
  /// earlier and of a later one.
  ledger_sums sums(double started, double stopped) const;

private:
  void begin(std::uint64_t number, double when);
  void end(std::uint64_t number, double when);

  number_set begun_;
  number_set ended_;
  std::map<std::uint64_t, double> open_; ///< begun, not ended: since when
  std::uint64_t highest_ = 0;            ///< that has ended
  /// Of all that have begun or ended.
  std::uint64_t first_ = UINT64_MAX, last_ = 0;
  double last_end_ = 0;
  std::uint64_t doubled_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t unknown_ = 0;
};

} // namespace edgeless::benchmark
