// SPDX-License-Identifier: MIT
#include "runtime/redis/database/database_sweep.hpp"

#include "runtime/redis/keys.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

namespace edgeless {

namespace {

using kind = redis_reply::kind;

/// Keys that one SCAN command looks at.
constexpr std::string_view keys_per_scan = "1000";

/// Such as "ERR unknown command" or "NOPERM": trying again would not help.
bool is_forbidden(const redis_reply& x) {
  return x.type == kind::error
         && (x.text.starts_with("ERR") || x.text.starts_with("NOPERM"));
}

caf::error refused(const redis_command& command, const redis_reply& reply) {
  return fail(ec::unreachable, "Redis refuses " + command[0] + ": "
                                 + reply.text.substr(0, limits::text));
}

/// The only reply to a command.
caf::expected<redis_reply> ask(redis& connection, const redis_command& x) {
  auto replies = connection.run({x});
  if (!replies)
    return replies.error();
  if (replies->size() != 1)
    return fail(ec::unreachable, "Redis did not answer " + x[0]);
  return std::move(replies->front());
}

/// Deletes the own keys among those of one reply to SCAN.
caf::error delete_own(redis& connection, const std::vector<redis_reply>& found,
                      sweep_result& result) {
  redis_command deletion{"DEL"};
  for (auto& key : found)
    if (keys::is_own(key.text))
      deletion.push_back(key.text);
    else if (key.text != keys::owner && key.text != keys::contender)
      ++result.foreign;
  if (deletion.size() == 1)
    return caf::none;
  auto reply = ask(connection, deletion);
  if (!reply)
    return reply.error();
  if (reply->type == kind::error)
    return refused(deletion, *reply);
  result.deleted += deletion.size() - 1;
  return caf::none;
}

} // namespace

caf::expected<sweep_result> sweep_database(redis& connection) {
  sweep_result result;
  auto flushed = ask(connection, {"FLUSHDB"});
  if (!flushed)
    return flushed.error();
  result.is_flushed = flushed->type == kind::text;
  if (result.is_flushed)
    return result;
  if (!is_forbidden(*flushed))
    return refused({"FLUSHDB"}, *flushed);
  std::string cursor = "0";
  for (std::size_t i = 0; i < limits::redis_rounds; ++i) {
    redis_command scan{"SCAN", cursor,  "MATCH",
                       "*",    "COUNT", std::string{keys_per_scan}};
    auto reply = ask(connection, scan);
    if (!reply)
      return reply.error();
    if (reply->type != kind::list || reply->items.size() != 2)
      return refused(scan, *reply);
    if (auto problem = delete_own(connection, reply->items[1].items, result))
      return problem;
    cursor = reply->items[0].text.substr(0, limits::text);
    if (cursor == "0")
      return result;
  }
  result.is_complete = false;
  return result;
}

} // namespace edgeless
