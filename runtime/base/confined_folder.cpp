// SPDX-License-Identifier: MIT
#include "runtime/base/confined_folder.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

namespace edgeless {

namespace fs = std::filesystem;

namespace {

struct protected_files {
  std::mutex mutex;
  std::set<fs::path> paths;
};

/// Never destroyed: threads may use it until the process ends.
protected_files& own_files() {
  static auto& result = *new protected_files;
  return result;
}

bool is_same(const struct stat& x, const struct stat& y) {
  return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/// Compares files, not paths: a path may lead through links.
bool is_protected(const struct stat& x) {
  auto& all = own_files();
  std::lock_guard lock{all.mutex};
  return std::ranges::any_of(all.paths, [&](auto& path) {
    struct stat own {};
    return ::stat(path.c_str(), &own) == 0 && is_same(x, own);
  });
}

caf::error refuse(const std::string& name, const std::string& why) {
  return fail(ec::bad_input, "cannot open " + name + ": " + why);
}

caf::error system_error(const std::string& name) {
  auto is_link = errno == ELOOP || errno == ENOTDIR;
  return fail(ec::system_failure,
              "cannot open " + name + ": "
                + (is_link ? "a link, or no folder, is in its path"
                           : std::strerror(errno)));
}

} // namespace

void protect_file(const fs::path& file) {
  std::error_code unknown;
  auto path = fs::absolute(file, unknown);
  auto& all = own_files();
  std::lock_guard lock{all.mutex};
  if (!unknown && !file.empty())
    all.paths.insert(path);
}

caf::expected<confined_folder_ptr> confined_folder::open(const fs::path& path) {
  std::error_code problem;
  auto real = fs::canonical(path, problem);
  file_descriptor folder{
    problem ? -1 : ::open(real.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder)
    return fail(ec::system_failure,
                "cannot use the folder " + path.string() + ": "
                  + (problem ? problem.message() : std::strerror(errno)));
  return confined_folder_ptr{
    new confined_folder{std::move(real), std::move(folder)}};
}

fs::path confined_folder::below(const std::string& name) const {
  fs::path path{name};
  if (path.is_absolute()) {
    // The folder may be named through a link.
    std::error_code unknown;
    auto parent = fs::weakly_canonical(path.parent_path(), unknown);
    path = (unknown ? path.parent_path() : parent).lexically_relative(path_)
           / path.filename();
  }
  path = path.lexically_normal();
  auto is_inside = path.has_filename() && path.is_relative()
                   && *path.begin() != ".." && *path.begin() != ".";
  return is_inside ? path : fs::path{};
}

caf::expected<file_descriptor>
confined_folder::open_to_append(const std::string& name) const {
  auto path = below(name);
  if (path.empty() || name.find('\0') != std::string::npos)
    return refuse(name, "it is outside of " + path_.string()
                          + ", the folder of the files of this node");
  auto at = folder_.get();
  file_descriptor parent;
  for (auto& part : path.parent_path()) {
    file_descriptor next{::openat(
      at, part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!next)
      return system_error(name);
    parent = std::move(next);
    at = parent.get();
    struct stat folder {};
    if (::fstat(at, &folder) == 0 && is_protected(folder))
      return refuse(name, "this program uses the folder itself");
  }
  auto file = path.filename();
  struct stat found {};
  if (::fstatat(at, file.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0
      && !S_ISREG(found.st_mode))
    return refuse(name, "it is not a regular file");
  // Without O_NONBLOCK, a pipe put there meanwhile would block.
  constexpr auto flags
    = O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  file_descriptor result{::openat(at, file.c_str(), flags | O_RDWR, 0644)};
  if (!result && errno == EACCES)
    result
      = file_descriptor{::openat(at, file.c_str(), flags | O_WRONLY, 0644)};
  if (!result)
    return system_error(name);
  if (::fstat(result.get(), &found) != 0 || !S_ISREG(found.st_mode))
    return refuse(name, "it is not a regular file");
  if (is_protected(found))
    return refuse(name, "this program uses the file itself");
  return result;
}

bool confined_folder::leads_to(const std::string& name,
                               const file_descriptor& file) const {
  assert(file);
  struct stat opened {
  }, found{};
  auto path = below(name);
  return ::fstat(file.get(), &opened) == 0
         && ::fstatat(folder_.get(), path.c_str(), &found, AT_SYMLINK_NOFOLLOW)
              == 0
         && is_same(opened, found);
}

} // namespace edgeless
