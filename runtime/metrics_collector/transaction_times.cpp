// SPDX-License-Identifier: MIT
#include "runtime/metrics_collector/transaction_times.hpp"

#include "runtime/placement/annotations.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_values.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

namespace edgeless {

namespace {

/// Removes `word` and a colon from the front; false if they are not there.
bool skip(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word) || text.substr(word.size(), 1) != ":")
    return false;
  text.remove_prefix(word.size() + 1);
  return true;
}

/// The longest warm-up.
constexpr std::uint64_t longest_ms = 1'000ull * 60 * 60 * 24 * 365;

/// The journal is trimmed and its expiry renewed once in so many lines.
constexpr std::uint64_t trim_interval = 256;
constexpr auto journal_expiry_secs = "3600";

} // namespace

double parse_alpha(std::string_view text) {
  double result = 0;
  auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  auto valid = error == std::errc{} && end == text.data() + text.size()
               && result >= 0 && result <= 1;
  return valid ? result : 0.9;
}

transaction_times::verdict
transaction_times::handle(const event& x, const moment& now,
                          std::vector<redis_command>& commands) {
  std::string_view text = x.payload;
  if (skip(text, "reset")) {
    auto ms = parse_number(text);
    if (!ms)
      return verdict::invalid;
    reset(std::chrono::milliseconds{std::min(*ms, longest_ms)}, now.steady,
          commands);
    return verdict::accepted;
  }
  auto workflow = skip(text, "workflow");
  if (!workflow && !skip(text, "function"))
    return verdict::invalid;
  auto begins = skip(text, "begin");
  if (!begins && !skip(text, "end"))
    return verdict::invalid;
  auto number = parse_number(text);
  if (!number)
    return verdict::invalid;
  if (workflow && workflow_.empty())
    return verdict::accepted;

  // Transactions of functions are paired by logical id, so that they survive a
  // migration; tools of EDGELESS read the keys with the physical id.
  std::vector<std::string> names;
  if (workflow) {
    names.push_back(keys::workflow(workflow_));
  } else {
    if (x.source_component)
      names.push_back(keys::function(x.source_component));
    names.push_back(keys::function(x.source.instance));
  }
  auto key = names.front() + ":" + std::to_string(*number);
  auto line = (begins ? "b," : "e,") + std::to_string(*number) + ","
              + timestamp(now.wall);
  if (begins)
    begin(key, now.steady);
  else if (auto ms = end(key, names, now, commands))
    line += "," + std::to_string(*ms);
  if (workflow && !journal_.empty())
    write_journal(line, commands);
  return verdict::accepted;
}

void transaction_times::write_journal(const std::string& line,
                                      std::vector<redis_command>& commands) {
  commands.push_back({"RPUSH", journal_, line});
  if (lines_++ % trim_interval != 0)
    return;
  auto newest = std::to_string(limits::samples_per_report);
  commands.push_back({"LTRIM", journal_, "-" + newest, "-1"});
  commands.push_back({"EXPIRE", journal_, journal_expiry_secs});
}

void transaction_times::begin(const std::string& key, clock::time_point now) {
  auto& x = begun_[key];
  by_age_.erase(x.number);
  x = {now, ++count_};
  by_age_[x.number] = key;
  if (begun_.size() > limits::transaction_times) {
    begun_.erase(by_age_.begin()->second);
    by_age_.erase(by_age_.begin());
  }
  assert(begun_.size() == by_age_.size());
  assert(begun_.size() <= limits::transaction_times);
}

std::optional<std::int64_t>
transaction_times::end(const std::string& key,
                       const std::vector<std::string>& names, const moment& now,
                       std::vector<redis_command>& commands) {
  auto i = begun_.find(key);
  if (i == begun_.end())
    return std::nullopt;
  auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
                   now.steady - i->second.when)
                   .count();
  by_age_.erase(i->second.number);
  begun_.erase(i);
  assert(begun_.size() == by_age_.size());
  if (now.steady < warm_up_ends_)
    return elapsed;
  auto sample = static_cast<double>(elapsed);
  auto& name = names.front();
  if (averages_.size() >= limits::transaction_times
      && !averages_.contains(name))
    return elapsed;
  auto [average, first] = averages_.emplace(name, sample);
  if (!first)
    average->second = alpha_ * sample + (1 - alpha_) * average->second;
  auto text = std::to_string(elapsed) + "," + timestamp(now.wall);
  auto newest = std::to_string(limits::samples - 1);
  for (auto& x : names) {
    auto samples_key = keys::samples(x);
    auto average_key = keys::average(x);
    commands.push_back({"LPUSH", samples_key, text});
    commands.push_back({"LTRIM", samples_key, "0", newest});
    commands.push_back({"SET", average_key, decimal(average->second)});
    if (written_.size() < limits::transaction_times)
      written_.insert({std::move(samples_key), std::move(average_key)});
  }
  return elapsed;
}

void transaction_times::reset(std::chrono::milliseconds warm_up,
                              clock::time_point now,
                              std::vector<redis_command>& commands) {
  for (auto& key : written_)
    commands.push_back({"DEL", key});
  written_.clear();
  averages_.clear();
  warm_up_ends_ = now + warm_up;
}

} // namespace edgeless
