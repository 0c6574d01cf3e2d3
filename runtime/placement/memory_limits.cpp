// SPDX-License-Identifier: MIT
#include "runtime/placement/memory_limits.hpp"

#include "runtime/base/files.hpp"
#include "runtime/placement/proc_text.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace edgeless {

namespace {

namespace fs = std::filesystem;

/// Names of the files of one version of control groups.
struct group_files {
  const char* mount;
  const char* limit;
  const char* used;
  const char* cache; ///< the key of what can be freed, in memory.stat
};

constexpr group_files version_1{"sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                "memory.usage_in_bytes", "total_inactive_file"};
constexpr group_files version_2{"sys/fs/cgroup", "memory.max", "memory.current",
                                "inactive_file"};

std::string proc_text(const fs::path& file) {
  auto text = read_file(file, limits::configuration);
  return text ? std::move(*text) : std::string{};
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  return leading_number(proc_text(file));
}

std::uint64_t freeable(const fs::path& folder, std::string_view key) {
  auto text = proc_text(folder / "memory.stat");
  for (std::string_view rest = text; !rest.empty();) {
    auto line = take_line(rest);
    if (take_word(line) == key)
      return leading_number(line).value_or(0);
  }
  return 0;
}

/// The tightest limit on the way from `group` to the mount point. Version 1
/// writes a huge number for none, version 2 a word.
std::optional<memory_limit>
tightest(const fs::path& root, std::string_view group, const group_files& names,
         std::uint64_t machine) {
  auto mount = root / names.mount;
  auto folder = mount / fs::path{group}.relative_path();
  std::optional<memory_limit> result;
  // In a container the path may be that of the host, which does not exist here.
  if (std::error_code error; !fs::exists(folder / names.used, error))
    folder = mount;
  for (;; folder = folder.parent_path()) {
    auto limit = number_in(folder / names.limit);
    if (limit && *limit < machine && (!result || *limit < result->total)) {
      auto used = number_in(folder / names.used).value_or(0);
      auto needed = used - std::min(used, freeable(folder, names.cache));
      result = memory_limit{*limit, used, *limit - std::min(needed, *limit)};
    }
    if (folder == mount || !folder.has_relative_path())
      return result;
  }
}

std::uint64_t machine_memory(const fs::path& root) {
  auto text = proc_text(root / "proc/meminfo");
  auto total = value_of(text, "MemTotal");
  return total ? leading_number(*total).value_or(0) * 1024 : 0;
}

} // namespace

std::optional<memory_limit> control_group_limit(const fs::path& root) {
  auto machine = machine_memory(root);
  auto groups = proc_text(root / "proc/self/cgroup");
  std::optional<memory_limit> result;
  for (std::string_view rest = groups; !rest.empty();) {
    // NUMBER:CONTROLLERS:PATH, without controllers in version 2.
    auto line = take_line(rest);
    auto first = line.find(':');
    auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos)
      continue;
    auto controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers != "memory")
      continue;
    auto found = tightest(root, line.substr(second + 1),
                          controllers.empty() ? version_2 : version_1, machine);
    if (found && (!result || found->total < result->total))
      result = found;
  }
  return result;
}

std::uint64_t usable_memory(const fs::path& root) {
  auto machine = machine_memory(root);
  auto limit = control_group_limit(root);
  return limit ? limit->total : machine;
}

std::uint64_t memory_for_guests(std::uint64_t usable) {
  auto share = std::max(usable / 8, std::uint64_t{limits::node_memory});
  return usable - std::min(share, usable / 2);
}

} // namespace edgeless
