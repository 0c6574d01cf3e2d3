// SPDX-License-Identifier: MIT
#include "runtime/config/settings_reader.hpp"

#include "runtime/base/nearest.hpp"
#include "runtime/net/url.hpp"

#include "messages/errors.hpp"

#include <caf/make_message.hpp>

#include <algorithm>
#include <type_traits>

namespace edgeless {

namespace {

std::string show(double x) {
  auto text = std::to_string(x);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.'))
    text.pop_back();
  return text;
}

/// `file:line: sentence` for each sentence.
std::vector<std::string>
lines_of(const std::string& file,
         const std::multimap<std::uint32_t, std::string>& sentences) {
  std::vector<std::string> result;
  for (auto& [line, sentence] : sentences)
    result.push_back(file + ':' + std::to_string(line) + ": " + sentence);
  return result;
}

/// Whether a value asks for something: no empty text, and not false.
bool asks(const toml_value& x) {
  return std::visit(
    []<class T>(const T& content) {
      if constexpr (std::is_same_v<T, bool>)
        return content;
      else if constexpr (requires { content.empty(); })
        return !content.empty();
      else
        return true;
    },
    x.content);
}

} // namespace

// -- problems -----------------------------------------------------------------

void problem_list::add(std::uint32_t line, const std::string& key,
                       const std::string& reason) {
  problems_.emplace(line, key.empty() ? reason : key + ": " + reason);
}

caf::error problem_list::to_error() const {
  std::string text;
  for (auto& x : lines_of(file_, problems_))
    text += (text.empty() ? "" : "\n") + x;
  if (text.empty())
    return {};
  // Not truncated as by fail(), because it never leaves this process.
  return caf::make_error(ec::bad_input, std::move(text));
}

std::vector<std::string> problem_list::notices() const {
  return lines_of(file_, notices_);
}

bool problem_list::add_foreign(const std::string& key,
                               const toml_value& value) {
  auto i = std::ranges::find(foreign_, key, &foreign_key::path);
  if (i == foreign_.end())
    return false;
  std::string reason{i->reason};
  if (i->kind == foreign_kind::refused) {
    add(value.line, key, reason);
    return true;
  }
  auto* asked = &value;
  auto name = key;
  auto* section = std::get_if<toml_table>(&value.content);
  if (section && !i->switched_on_by.empty()) {
    auto found = section->find(i->switched_on_by);
    if (found == section->end())
      return true;
    asked = &found->second;
    name += '.' + found->first;
  }
  if (asks(*asked))
    notices_.emplace(asked->line, name + ": " + reason);
  return true;
}

// -- sections -----------------------------------------------------------------

settings_section::settings_section(const toml_value* table, std::string path,
                                   std::uint32_t line, problem_list& problems)
  : table_(table ? std::get_if<toml_table>(&table->content) : nullptr),
    path_(std::move(path)), line_(line), problems_(&problems) {
  // nop
}

std::string settings_section::path_of(const std::string& key) const {
  return path_.empty() || key.empty() ? path_ + key : path_ + '.' + key;
}

bool settings_section::has(std::string_view key) const {
  return table_ && table_->contains(key);
}

void settings_section::add_problem(const std::string& key,
                                   const std::string& reason) {
  auto line = has(key) ? table_->find(key)->second.line : line_;
  problems_->add(line, path_of(key), reason);
}

template <class T>
const T* settings_section::find(const std::string& key, std::string_view wanted,
                                presence needed) {
  known_.push_back(key);
  if (!has(key)) {
    if (needed == presence::required && present())
      add_problem(key, "is missing; it is " + std::string{wanted});
    return nullptr;
  }
  auto& value = table_->find(key)->second;
  auto result = std::get_if<T>(&value.content);
  if (!result)
    add_problem(key, "must be " + std::string{wanted} + ", not "
                       + std::string{kind_of(value)});
  return result;
}

void settings_section::read(const std::string& key, std::string& value,
                            presence needed) {
  if (auto x = find<std::string>(key, "a string", needed))
    value = *x;
}

void settings_section::read(const std::string& key, bool& value,
                            presence needed) {
  if (auto x = find<bool>(key, "true or false", needed))
    value = *x;
}

void settings_section::read(const std::string& key, std::uint32_t& value,
                            std::uint32_t min, std::uint32_t max) {
  auto wanted
    = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
  auto x = find<std::int64_t>(key, wanted, presence::optional);
  if (!x)
    return;
  if (*x < min || *x > max)
    add_problem(key, "must be " + wanted + ", not " + std::to_string(*x));
  else
    value = static_cast<std::uint32_t>(*x);
}

void settings_section::read(const std::string& key, double& value, double min,
                            double max) {
  auto wanted = "a number from " + show(min) + " to " + show(max);
  double x = 0;
  if (has(key)
      && std::holds_alternative<std::int64_t>(
        table_->find(key)->second.content))
    x = static_cast<double>(
      *find<std::int64_t>(key, wanted, presence::optional));
  else if (auto found = find<double>(key, wanted, presence::optional))
    x = *found;
  else
    return;
  // NaN is in no range.
  if (x >= min && x <= max)
    value = x;
  else
    add_problem(key, "must be " + wanted + ", not " + show(x));
}

void settings_section::read(const std::string& key,
                            std::vector<std::string>& value) {
  auto wanted = "an array of strings";
  auto items = find<toml_array>(key, wanted, presence::optional);
  if (!items)
    return;
  std::vector<std::string> texts;
  for (auto& item : *items) {
    auto text = std::get_if<std::string>(&item.content);
    if (!text)
      return add_problem(key, "must be an array of strings, but has "
                                + std::string{kind_of(item)});
    texts.push_back(*text);
  }
  value = std::move(texts);
}

void settings_section::read_url(const std::string& key, std::string& value,
                                presence needed) {
  auto wanted = "a URL such as \"http://127.0.0.1:7001\"";
  auto text = find<std::string>(key, wanted, needed);
  if (!text)
    return;
  if (!text->empty()) {
    if (auto parsed = parse_url(*text); !parsed)
      return add_problem(key, explain(parsed.error()));
  } else if (needed == presence::required) {
    return add_problem(key, "is empty; it is " + std::string{wanted});
  }
  value = *text;
}

settings_section settings_section::section(const std::string& key,
                                           presence needed) {
  auto table = find<toml_table>(key, "a section", needed);
  auto value = table ? &table_->find(key)->second : nullptr;
  auto line = value ? value->line : line_;
  return {value, path_of(key), line, *problems_};
}

std::vector<settings_section> settings_section::sections(const std::string& key,
                                                         presence needed) {
  std::vector<settings_section> result;
  auto items = find<toml_array>(key, "an array of tables", needed);
  if (!items)
    return result;
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto& item = (*items)[i];
    auto path = path_of(key) + '[' + std::to_string(i) + ']';
    if (std::holds_alternative<toml_table>(item.content))
      result.push_back({&item, path, item.line, *problems_});
    else
      problems_->add(item.line, path,
                     "must be a table, not " + std::string{kind_of(item)});
  }
  return result;
}

void settings_section::report_unknown_keys() {
  if (!table_)
    return;
  for (auto& [key, value] : *table_) {
    if (std::ranges::find(known_, key) != known_.end()
        || problems_->add_foreign(path_of(key), value))
      continue;
    auto meant = nearest(key, known_);
    if (!meant.empty()) {
      problems_->add(value.line, path_of(key),
                     "is unknown; did you mean " + meant + "?");
      continue;
    }
    std::string all;
    for (auto& x : known_)
      all += (all.empty() ? "" : ", ") + x;
    problems_->add(value.line, path_of(key),
                   "is unknown; accepted here: " + all);
  }
}

} // namespace edgeless
