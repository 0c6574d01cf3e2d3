// SPDX-License-Identifier: MIT
#include "runtime/redis/command_merge.hpp"

#include <cassert>
#include <iterator>
#include <map>

namespace edgeless {

namespace {

/// Collects commands that can be merged. Commands on different keys commute;
/// those on one key are emitted in the order push, trim, expire.
class merger {
public:
  /// False if `x` is not a command that can be merged; `x` is untouched then.
  bool take(redis_command& x) {
    if (x.size() < 3)
      return false;
    auto& own = keys_[x[1]];
    if (x[0] == "RPUSH" || x[0] == "LPUSH") {
      auto& push = x[0] == "RPUSH" ? own.right : own.left;
      if (push.empty())
        push = std::move(x);
      else
        std::move(x.begin() + 2, x.end(), std::back_inserter(push));
      return true;
    }
    auto* last = x[0] == "SET" && x.size() == 3 ? &own.value
                 : x[0] == "LTRIM"              ? &own.trim
                 : x[0] == "EXPIRE"             ? &own.expiry
                                                : nullptr;
    if (last != nullptr)
      *last = std::move(x);
    return last != nullptr;
  }

  void flush(std::vector<redis_command>& out) {
    for (auto& [key, own] : keys_)
      for (auto* x :
           {&own.left, &own.right, &own.value, &own.trim, &own.expiry})
        if (!x->empty())
          out.push_back(std::move(*x));
    keys_.clear();
  }

private:
  struct commands {
    redis_command left, right, value, trim, expiry;
  };

  std::map<std::string, commands> keys_;
};

} // namespace

std::vector<redis_command> merge_commands(std::vector<redis_command> commands) {
  std::vector<redis_command> result;
  merger pending;
  for (auto& x : commands) {
    assert(!x.empty());
    if (pending.take(x))
      continue;
    pending.flush(result);
    result.push_back(std::move(x));
  }
  pending.flush(result);
  assert(result.size() <= commands.size());
  return result;
}

} // namespace edgeless
