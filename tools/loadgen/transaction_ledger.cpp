// SPDX-License-Identifier: MIT
#include "tools/loadgen/transaction_ledger.hpp"

#include "tools/loadgen/limits.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace edgeless::benchmark {

namespace {

/// Removes and returns the field before the next comma.
std::string_view take_field(std::string_view& text) {
  auto word = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

template <class T>
bool read_number(std::string_view word, T& to) {
  auto* end = word.data() + word.size();
  auto [stop, error] = std::from_chars(word.data(), end, to);
  return error == std::errc{} && stop == end;
}

} // namespace

std::optional<journal_line> parse_journal_line(std::string_view text) {
  journal_line result;
  auto kind = take_field(text);
  if (kind != "b" && kind != "e")
    return std::nullopt;
  result.begins = kind == "b";
  if (!read_number(take_field(text), result.number))
    return std::nullopt;
  result.time = std::string{take_field(text)};
  // Seconds since the epoch have ten digits until 2286, and six decimals.
  if (!read_number(result.time, result.when) || !(result.when >= 0)
      || result.time.size() > 20)
    return std::nullopt;
  if (text.empty())
    return result;
  if (result.begins || !read_number(text, result.milliseconds.emplace()))
    return std::nullopt;
  return result;
}

// -- number_set
// ------------------------------------------------------------------

bool number_set::contains(std::uint64_t x) const {
  auto next = ranges_.upper_bound(x);
  return next != ranges_.begin() && std::prev(next)->second >= x;
}

bool number_set::insert(std::uint64_t x) {
  auto next = ranges_.upper_bound(x);
  auto before = next == ranges_.begin() ? ranges_.end() : std::prev(next);
  if (before != ranges_.end() && before->second >= x)
    return false;
  ++size_;
  auto last = x;
  if (next != ranges_.end() && next->first == x + 1) {
    last = next->second;
    ranges_.erase(next);
  }
  if (before != ranges_.end() && before->second + 1 == x)
    before->second = last;
  else
    ranges_.emplace(x, last);
  return true;
}

// -- transaction_ledger
// ---------------------------------------------------------------

ledger_sums& ledger_sums::operator+=(const ledger_sums& x) {
  sent += x.sent;
  handled += x.handled;
  lost += x.lost;
  lost_at_start += x.lost_at_start;
  duplicated += x.duplicated;
  out_of_order += x.out_of_order;
  under_way += x.under_way;
  unknown += x.unknown;
  return *this;
}

void transaction_ledger::record(const journal_line& x) {
  constexpr auto most = load_limits::open_transactions;
  if (open_.size() >= most || begun_.ranges() >= most
      || ended_.ranges() >= most)
    ++unknown_;
  else if (x.begins)
    begin(x.number, x.when);
  else
    end(x.number, x.when);
  first_ = std::min(first_, x.number);
  last_ = std::max(last_, x.number);
}

void transaction_ledger::begin(std::uint64_t number, double when) {
  if (!begun_.insert(number))
    ++duplicated_;
  else if (!ended_.contains(number))
    open_[number] = when;
}

void transaction_ledger::end(std::uint64_t number, double when) {
  last_end_ = std::max(last_end_, when);
  if (!ended_.insert(number)) {
    ++duplicated_;
    return;
  }
  open_.erase(number);
  assert(ended_.contains(number));
  if (number < highest_ended_)
    ++out_of_order_;
  highest_ended_ = std::max(highest_ended_, number);
}

ledger_sums transaction_ledger::sums(double started, double stopped) const {
  ledger_sums result;
  result.handled = ended_.size();
  auto recorded = result.handled + open_.size();
  auto missing
    = recorded > 0 && unknown_ == 0 ? last_ - first_ + 1 - recorded : 0;
  result.sent = recorded + missing;
  result.lost = missing;
  result.duplicated = duplicated_;
  result.out_of_order = out_of_order_;
  result.unknown = unknown_;
  auto stalled = stopped - last_end_ >= load_limits::stall_timeout_s;
  for (auto& [number, since] : open_) {
    auto overtaken = ended_.size() > 0 && number < highest_ended_;
    auto overdue = stalled && stopped - since >= load_limits::stall_timeout_s;
    ++(overtaken || overdue ? result.lost : result.under_way);
    if ((overtaken || overdue) && since < started)
      ++result.lost_at_start;
  }
  assert(result.sent == result.handled + result.lost + result.under_way);
  assert(result.lost_at_start <= result.lost);
  return result;
}

} // namespace edgeless::benchmark
