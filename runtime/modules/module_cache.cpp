// SPDX-License-Identifier: MIT
#include "runtime/modules/module_cache.hpp"

#include "runtime/base/confined_folder.hpp"
#include "runtime/base/fd.hpp"
#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <vector>

namespace edgeless {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t digest_size = 64;
constexpr std::string_view ending = ".compiled";

} // namespace

module_cache::module_cache(fs::path directory, std::string tag)
  : directory_{std::move(directory)}, tag_{std::move(tag)} {
  // nop
}

caf::error module_cache::prepare(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  struct stat status {};
  auto refuse = [&](std::string why) {
    return fail(ec::system_failure, "cannot use the cache of compiled modules "
                                      + directory.string() + ": "
                                      + std::move(why));
  };
  if (error)
    return refuse(error.message());
  // A user who can write to the cache can run code in this process.
  if (lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return refuse("it is not a directory");
  if (status.st_uid != geteuid())
    return refuse("it belongs to another user");
  if (chmod(directory.c_str(), 0700) != 0)
    return refuse("its mode cannot be changed to 0700");
  protect_file(directory);
  return {};
}

// The digest covers the id, so that a file under another name is refused like
// a damaged one.
std::string module_cache::digest(const code_id& code,
                                 std::string_view compiled) const {
  return sha256(code + tag_ + sha256(compiled));
}

fs::path module_cache::path_of(const code_id& code) const {
  return directory_
         / (code + "." + sha256(tag_).substr(0, 16) + std::string{ending});
}

std::optional<std::string> module_cache::find(const code_id& code) const {
  if (directory_.empty() || !is_sha256(code))
    return std::nullopt;
  auto file = open_to_read(path_of(code));
  if (!file)
    return std::nullopt;
  auto content = read_all(file, limits::compiled + digest_size);
  if (!content || content->size() < digest_size)
    return std::nullopt;
  auto found = content->substr(content->size() - digest_size);
  content->resize(content->size() - digest_size);
  if (found != digest(code, *content))
    return std::nullopt;
  return content;
}

caf::error module_cache::keep(const code_id& code,
                              std::string_view compiled) const {
  if (directory_.empty() || !is_sha256(code))
    return {};
  static std::atomic<unsigned> counter{0};
  auto path = path_of(code).string();
  auto temporary = path + "." + std::to_string(getpid()) + "."
                   + std::to_string(counter++) + ".new";
  auto file = open_to_write(temporary);
  bool written = file && write_all(file, compiled)
                 && write_all(file, digest(code, compiled));
  std::error_code error;
  if (written)
    fs::rename(temporary, path, error);
  if (!written || error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return fail(ec::system_failure,
                "cannot write a compiled module to " + directory_.string());
  }
  prune();
  return {};
}

void module_cache::forget(const code_id& code) const {
  std::error_code ignored;
  if (!directory_.empty() && is_sha256(code))
    fs::remove(path_of(code), ignored);
}

void module_cache::prune() const {
  struct entry {
    fs::file_time_type time;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<entry> entries;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator i{directory_, error}, end; !error && i != end;
       i.increment(error)) {
    std::error_code unreadable;
    entry x{i->last_write_time(unreadable), i->file_size(unreadable),
            i->path()};
    if (unreadable)
      continue;
    total += x.size;
    entries.push_back(std::move(x));
  }
  std::sort(entries.begin(), entries.end(),
            [](auto& x, auto& y) { return x.time < y.time; });
  for (auto& x : entries) {
    if (total <= limits::compiled_total)
      return;
    std::error_code ignored;
    if (fs::remove(x.path, ignored))
      total -= x.size;
  }
}

} // namespace edgeless
