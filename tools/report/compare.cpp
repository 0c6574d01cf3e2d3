// SPDX-License-Identifier: MIT
#include "tools/report/compare.hpp"

#include "runtime/config/json_reader.hpp"

#include "messages/errors.hpp"

#include <cassert>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

namespace edgeless::benchmark {

namespace {

/// Medians of two runs of the same program differ by up to this part.
constexpr double run_to_run_variation = 0.02;

caf::expected<unit> parse_unit(const std::string& symbol) {
  for (auto x : {unit::per_second, unit::seconds, unit::bytes, unit::count})
    if (symbol == symbol_of(x))
      return x;
  return fail(ec::bad_input, "has an unknown unit \"" + symbol + "\"");
}

std::string text_in(const boost::json::object& x, const char* key) {
  auto* value = x.if_contains(key);
  return value != nullptr && value->is_string()
           ? std::string{value->as_string()}
           : "";
}

caf::expected<row> parse_row(const boost::json::value& x) {
  auto* item = x.if_object();
  if (item == nullptr)
    return fail(ec::bad_input, "has a row that is not an object");
  row result;
  result.what = text_in(*item, "what");
  if (result.what.empty())
    return fail(ec::bad_input, "has a row without a name");
  auto of = parse_unit(text_in(*item, "unit"));
  if (!of)
    return of.error();
  result.unit = *of;
  auto* samples = item->if_contains("samples");
  if (samples == nullptr || !samples->is_array())
    return fail(ec::bad_input, result.what + " has no samples");
  for (auto& sample : samples->as_array()) {
    if (!sample.is_number())
      return fail(ec::bad_input,
                  result.what + " has a sample that is not a number");
    result.samples.push_back(sample.to_number<double>());
  }
  return result;
}

std::string percent(double before, double now) {
  if (before == now)
    return "0 %";
  if (before == 0)
    return "";
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f %%", 100 * (now - before) / before);
  return text;
}

const char* verdict(change x) {
  switch (x) {
  case change::noise:
    return "within the noise";
  case change::better:
    return "**better**";
  case change::worse:
    return "**worse**";
  default:
    return "not comparable";
  }
}

std::string value_of(const row* x) {
  return x == nullptr || x->samples.empty()
           ? "none"
           : readable(median(x->samples), x->unit);
}

/// Collects the lines of the table, and counts their verdicts.
struct comparison_table {
  std::string lines;
  std::map<std::string, std::size_t> verdicts;

  void add(const std::string& what, const row* before, const row* now) {
    assert(before != nullptr || now != nullptr);
    std::string difference, text;
    if (before == nullptr || now == nullptr) {
      text = before == nullptr ? "new" : "gone";
    } else {
      auto x = compare(*before, *now);
      text = verdict(x);
      if (x != change::none)
        difference
          = percent(median(before->samples), median(now->samples)) + " ";
    }
    ++verdicts[text];
    lines += "| " + what + " | " + value_of(before) + " | " + value_of(now)
             + " | " + difference + "| " + text + " |\n";
  }

  std::string summary() const {
    std::string result;
    for (auto& [name, count] : verdicts)
      result
        += (result.empty() ? "" : ", ") + std::to_string(count) + ' ' + name;
    return result;
  }
};

} // namespace

caf::expected<earlier_report> parse_report(std::string_view text) {
  auto document = parse_json(text);
  if (!document)
    return fail(ec::bad_input, explain(document.error()));
  auto* root = document->if_object();
  auto* list = root == nullptr ? nullptr : root->if_contains("rows");
  if (list == nullptr || !list->is_array())
    return fail(ec::bad_input, "is not a report: it has no rows");
  earlier_report result;
  result.machine = text_in(*root, "machine");
  for (auto& x : list->as_array()) {
    auto one = parse_row(x);
    if (!one)
      return one.error();
    auto name = one->what;
    if (!result.rows.emplace(name, std::move(*one)).second)
      return fail(ec::bad_input, "has two rows called \"" + name + "\"");
  }
  return result;
}

change compare(const row& before, const row& now) {
  if (before.samples.empty() || now.samples.empty() || before.unit != now.unit)
    return change::none;
  auto low = [](const row& x) {
    return quantile(x.samples, 0.25);
  };
  auto high = [](const row& x) {
    return quantile(x.samples, 0.75);
  };
  auto was = median(before.samples);
  auto slight = std::abs(median(now.samples) - was)
                <= run_to_run_variation * std::abs(was);
  if (slight || (low(now) <= high(before) && low(before) <= high(now)))
    return change::noise;
  auto more = low(now) > high(before);
  return more == (now.unit == unit::per_second) ? change::better
                                                : change::worse;
}

std::string comparison(const earlier_report& before, const rows& now) {
  comparison_table table;
  std::set<std::string> seen;
  for (auto& x : now) {
    auto i = before.rows.find(x.what);
    table.add(x.what, i == before.rows.end() ? nullptr : &i->second, &x);
    seen.insert(x.what);
  }
  for (auto& [what, x] : before.rows)
    if (!seen.contains(what))
      table.add(what, &x, nullptr);
  return "before: " + before.machine + "\n\nnow: " + machine()
         + "\n\nrows: " + table.summary()
         + "\n\n| what | before | now | change | |\n|---|---|---|---|---|\n"
         + table.lines;
}

} // namespace edgeless::benchmark
