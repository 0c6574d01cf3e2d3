// SPDX-License-Identifier: MIT
#include "runtime/redis/command_merge.hpp"

#include <iterator>
#include <map>

namespace edgeless {

namespace {

/// Commands of different keys do not touch each other; those of one key have
/// their own order: values, then the length of the list, then its life.
class merger {
public:
  /// False if it knows nothing of that command.
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
                 : x[0] == "EXPIRE"             ? &own.life
                                                : nullptr;
    if (last != nullptr)
      *last = std::move(x);
    return last != nullptr;
  }

  void flush(std::vector<redis_command>& out) {
    for (auto& [key, own] : keys_)
      for (auto* x : {&own.left, &own.right, &own.value, &own.trim, &own.life})
        if (!x->empty())
          out.push_back(std::move(*x));
    keys_.clear();
  }

private:
  struct commands {
    redis_command left, right, value, trim, life;
  };

  std::map<std::string, commands> keys_;
};

} // namespace

std::vector<redis_command> merged(std::vector<redis_command> commands) {
  std::vector<redis_command> result;
  merger open;
  for (auto& x : commands) {
    if (open.take(x))
      continue;
    open.flush(result);
    result.push_back(std::move(x));
  }
  open.flush(result);
  return result;
}

} // namespace edgeless
