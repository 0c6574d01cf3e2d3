// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless::benchmark {

/// A line of the journal that a metrics-collector keeps: `b,NUMBER,TIME` if a
/// transaction has begun, `e,NUMBER,TIME[,MILLISECONDS]` if it has ended.
struct journal_line {
  bool begins = false;
  std::uint64_t number = 0;
  double when = 0;  ///< seconds since the epoch
  std::string time; ///< the same as it was written
  std::optional<std::uint64_t> milliseconds{};
};

/// Nothing unless the text is such a line.
std::optional<journal_line> parse_journal_line(std::string_view text);

/// A set of numbers that is stored as ranges: small if most numbers are
/// consecutive.
class number_set {
public:
  /// False if the number was in the set already.
  bool insert(std::uint64_t x);
  bool contains(std::uint64_t x) const;

  std::uint64_t size() const {
    return size_;
  }

  /// The number of disjoint ranges.
  std::size_t ranges() const {
    return ranges_.size();
  }

private:
  std::map<std::uint64_t, std::uint64_t> ranges_; ///< first -> last
  std::uint64_t size_ = 0;
};

/// Counts of the transactions of one workflow, or of all.
struct ledger_sums {
  std::uint64_t sent = 0;
  std::uint64_t handled = 0;
  std::uint64_t lost = 0;
  /// Of the lost ones, those that had begun before the whole workflow ran.
  std::uint64_t lost_at_start = 0;
  /// Lines that repeat a beginning or an end.
  std::uint64_t duplicated = 0;
  /// Ended after a transaction with a higher number.
  std::uint64_t out_of_order = 0;
  /// Begun, and neither ended nor lost when the workflow was stopped.
  std::uint64_t under_way = 0;
  /// Lines beyond load_limits::open_transactions, which are not counted.
  std::uint64_t unknown = 0;

  ledger_sums& operator+=(const ledger_sums& x);
  friend bool operator==(const ledger_sums&, const ledger_sums&) = default;
};

/// Follows the numbered transactions of one workflow. Beginning and end reach
/// the collector over different channels, so either may be recorded first.
class transaction_ledger {
public:
  void record(const journal_line& x);

  /// The sums for a workflow that ran from `started` until `stopped` (in
  /// seconds since the epoch). sent = handled + lost + under_way. A transaction
  /// is lost if a later one has ended; if it had begun and no transaction has
  /// ended for load_limits::stall_timeout_s; or if no line names it, but lines
  /// name an earlier and a later one.
  ledger_sums sums(double started, double stopped) const;

private:
  void begin(std::uint64_t number, double when);
  void end(std::uint64_t number, double when);

  number_set begun_;
  number_set ended_;
  std::map<std::uint64_t, double> open_; ///< begun, not ended: number -> time
  std::uint64_t highest_ended_ = 0;
  /// The lowest and the highest number of all lines.
  std::uint64_t first_ = UINT64_MAX, last_ = 0;
  double last_end_ = 0;
  std::uint64_t duplicated_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t unknown_ = 0;
};

} // namespace edgeless::benchmark
