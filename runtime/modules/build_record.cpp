// SPDX-License-Identifier: MIT
#include "runtime/modules/build_record.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace edgeless {

namespace fs = std::filesystem;

namespace {

/// Times in ns since the epoch.
struct file_state {
  std::int64_t modified = 0;
  std::int64_t changed = 0;
  std::int64_t size = 0;

  friend bool operator==(const file_state&, const file_state&) = default;
};

std::optional<file_state> state_of(const fs::path& file) {
  struct stat x;
  if (::stat(file.c_str(), &x) != 0)
    return std::nullopt;
  auto ns = [](const timespec& y) {
    return std::int64_t{y.tv_sec} * 1'000'000'000 + y.tv_nsec;
  };
  return file_state{ns(x.st_mtim), ns(x.st_ctim), x.st_size};
}

/// The next part of `text` before `end`, which is removed with the end.
std::string_view take(std::string_view& text, char end) {
  auto size = std::min(text.find(end), text.size());
  auto result = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return result;
}

std::int64_t take_number(std::string_view& text) {
  auto word = take(text, ' ');
  std::int64_t result = -1;
  std::from_chars(word.data(), word.data() + word.size(), result);
  return result;
}

struct recorded_file {
  file_state state;
  fs::path path;
};

/// A line with the hash of the recipe, then a line for each file.
struct record {
  std::string recipe;
  std::vector<recorded_file> files;
};

record load(const fs::path& file) {
  record result;
  auto text = read_file(file, limits::configuration);
  if (!text)
    return result;
  std::string_view rest{*text};
  result.recipe = take(rest, '\n');
  while (!rest.empty()) {
    auto line = take(rest, '\n');
    auto& x = result.files.emplace_back();
    x.state.modified = take_number(line);
    x.state.changed = take_number(line);
    x.state.size = take_number(line);
    x.path = line;
  }
  return result;
}

} // namespace

file_list parse_dependencies(std::string_view makefile) {
  file_list result;
  std::string word;
  auto is_target = true; // everything before the first colon
  auto end_word = [&] {
    if (!is_target && !word.empty())
      result.emplace_back(word);
    if (word.ends_with(':'))
      is_target = false;
    word.clear();
  };
  for (std::size_t i = 0; i < makefile.size(); ++i) {
    auto next = i + 1 < makefile.size() ? makefile[i + 1] : '\0';
    if (makefile[i] == '\\' && (next == ' ' || next == '#')) {
      word += next;
      ++i;
    } else if (makefile[i] == '\\' && next == '\n') {
      end_word();
      ++i;
    } else if (makefile[i] == '$' && next == '$') {
      word += '$';
      ++i;
    } else if (makefile[i] == ' ') {
      end_word();
    } else if (makefile[i] == '\n') {
      end_word();
      is_target = true;
    } else {
      word += makefile[i];
    }
  }
  end_word();
  return result;
}

bool build_record::is_current(std::string_view recipe) const {
  auto last = load(file_);
  return !last.files.empty() && last.recipe == sha256(recipe)
         && std::ranges::all_of(
           last.files, [](auto& x) { return state_of(x.path) == x.state; });
}

bool build_record::has_older_file() const {
  auto made = state_of(file_);
  return made && std::ranges::any_of(load(file_).files, [&](auto& x) {
           auto now = state_of(x.path);
           return now && *now != x.state && now->modified <= made->modified;
         });
}

caf::error
build_record::keep(std::string_view recipe, const file_list& files,
                   std::chrono::system_clock::time_point start) const {
  using std::chrono::nanoseconds;
  auto begin
    = std::chrono::duration_cast<nanoseconds>(start.time_since_epoch()).count();
  auto text = sha256(recipe) + '\n';
  remove();
  for (auto& name : files) {
    auto file = fs::absolute(name);
    auto x = state_of(file);
    if (!x || std::max(x->modified, x->changed) > begin
        || file.native().find('\n') != std::string::npos)
      return {};
    text += std::to_string(x->modified) + ' ' + std::to_string(x->changed) + ' '
            + std::to_string(x->size) + ' ' + file.string() + '\n';
  }
  return write_new_file(file_, text);
}

void build_record::remove() const {
  std::error_code ignored;
  fs::remove(file_, ignored);
}

} // namespace edgeless
