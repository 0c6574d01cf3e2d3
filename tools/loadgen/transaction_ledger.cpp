// SPDX-License-Identifier: MIT
#include "tools/loadgen/transaction_ledger.hpp"

#include "tools/loadgen/limits.hpp"

#include <algorithm>
#include <charconv>

namespace edgeless::benchmark {

namespace {

/// Takes the text before the next comma, and the comma.
std::string_view take_word(std::string_view& text) {
  auto word = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

template <class T>
bool read(std::string_view word, T& to) {
  auto* end = word.data() + word.size();
  auto [stop, error] = std::from_chars(word.data(), end, to);
  return error == std::errc{} && stop == end;
}

} // namespace

std::optional<journal_line> parse_journal_line(std::string_view text) {
  journal_line result;
  auto kind = take_word(text);
  if (kind != "b" && kind != "e")
    return std::nullopt;
  result.begins = kind == "b";
  if (!read(take_word(text), result.number))
    return std::nullopt;
  result.time = std::string{take_word(text)};
  // A month of the year 2286 has eleven digits.
  if (!read(result.time, result.when) || !(result.when >= 0)
      || result.time.size() > 20)
    return std::nullopt;
  if (text.empty())
    return result;
  if (result.begins || !read(text, result.milliseconds.emplace()))
    return std::nullopt;
  return result;
}

// -- numbers ------------------------------------------------------------------

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

// -- the ledger ---------------------------------------------------------------

ledger_sums& ledger_sums::operator+=(const ledger_sums& x) {
  sent += x.sent;
  handled += x.handled;
  lost += x.lost;
  lost_at_start += x.lost_at_start;
  doubled += x.doubled;
  out_of_order += x.out_of_order;
  under_way += x.under_way;
  unknown += x.unknown;
  return *this;
}

void transaction_ledger::note(const journal_line& x) {
  constexpr auto most = load_limits::transaction_times;
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
    ++doubled_;
  else if (!ended_.contains(number))
    open_[number] = when;
}

void transaction_ledger::end(std::uint64_t number, double when) {
  last_end_ = std::max(last_end_, when);
  if (!ended_.insert(number)) {
    ++doubled_;
    return;
  }
  open_.erase(number);
  if (number < highest_)
    ++out_of_order_;
  highest_ = std::max(highest_, number);
}

ledger_sums transaction_ledger::sums(double started, double stopped) const {
  ledger_sums result;
  result.handled = ended_.size();
  auto heard = result.handled + open_.size();
  auto unheard = heard > 0 && unknown_ == 0 ? last_ - first_ + 1 - heard : 0;
  result.sent = heard + unheard;
  result.lost = unheard;
  result.doubled = doubled_;
  result.out_of_order = out_of_order_;
  result.unknown = unknown_;
  auto stalled = stopped - last_end_ >= load_limits::timeout_s;
  for (auto& [number, since] : open_) {
    auto overtaken = ended_.size() > 0 && number < highest_;
    auto overdue = stalled && stopped - since >= load_limits::timeout_s;
    ++(overtaken || overdue ? result.lost : result.under_way);
    if ((overtaken || overdue) && since < started)
      ++result.lost_at_start;
  }
  return result;
}

} // namespace edgeless::benchmark
