// SPDX-License-Identifier: MIT
#include "runtime/redis/database/stale_key_search.hpp"

namespace edgeless {

std::optional<redis_command> stale_key_search::scan() const {
  if (!cursor_)
    return std::nullopt;
  // One command looks at 1,000 keys.
  return redis_command{"SCAN", *cursor_, "MATCH", "*", "COUNT", "1000"};
}

bool stale_key_search::collect(const redis_reply& found, const mirror& state) {
  using kind = redis_reply::kind;
  cursor_.reset();
  if (found.type != kind::list || found.items.size() != 2
      || found.items[1].type != kind::list)
    return true;
  std::vector<std::string> keys;
  for (auto& x : found.items[1].items)
    keys.push_back(x.text);
  for (auto& key : state.strays(keys))
    deletions_.push_back({"DEL", key});
  if (found.items[0].text == "0")
    return true;
  if (++rounds_ >= limits::redis_rounds)
    return false;
  cursor_ = found.items[0].text.substr(0, limits::text);
  return true;
}

} // namespace edgeless
