// SPDX-License-Identifier: MIT
#include "runtime/redis/database/database_lease.hpp"

#include "runtime/base/log.hpp"
#include "runtime/config/json_reader.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/record_json.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <cassert>

namespace edgeless {

namespace {

using kind = redis_reply::kind;

/// More than any owner has.
constexpr std::string_view longest_owner = "4095";

std::string lease_seconds() {
  return std::to_string(std::chrono::seconds{limits::redis_lease}.count());
}

redis_command read_command(std::string_view key) {
  return {"GETRANGE", std::string{key}, "0", std::string{longest_owner}};
}

redis_command write_command(std::string_view key, const database_owner& x) {
  return {"SET", std::string{key}, boost::json::serialize(to_record(x)), "EX",
          lease_seconds()};
}

/// Nothing if `text` was not written by an orchestrator.
std::optional<database_owner> parse_owner(std::string_view text) {
  auto value = parse_json(text);
  database_owner result;
  if (!value || !from_record(*value, result) || result.run.empty())
    return std::nullopt;
  return result;
}

/// Runs the commands; an error is also one of a command.
caf::expected<std::vector<redis_reply>>
run_all(redis& connection, const std::vector<redis_command>& commands) {
  auto replies = connection.run(commands);
  if (!replies)
    return replies;
  if (replies->size() != commands.size())
    return fail(ec::unreachable, "Redis did not answer each command");
  for (std::size_t i = 0; i < commands.size(); ++i)
    if (auto& x = (*replies)[i]; x.type == kind::error)
      return fail(ec::unreachable, "Redis refuses " + commands[i][0] + " "
                                     + commands[i][1] + ": " + x.text);
  return replies;
}

} // namespace

std::string to_string(const database_owner& x) {
  return "domain=" + printable(x.domain) + " url=" + printable(x.url);
}

caf::error database_lease::renew(redis& connection, caf::timespan now) {
  contender_.reset();
  is_refused_ = false;
  std::vector<redis_command> commands{read_command(keys::owner),
                                      read_command(keys::contender)};
  // If another run has taken the lease over, renewing its lease does no harm.
  if (is_held(now))
    commands.push_back({"EXPIRE", std::string{keys::owner}, lease_seconds()});
  auto replies = run_all(connection, commands);
  if (!replies)
    return replies.error();
  auto& text = (*replies)[0].text;
  if (text.empty())
    return acquire(connection, now);
  auto owner = parse_owner(text);
  if (!owner)
    return refuse(connection, printable(text).substr(0, limits::text));
  if (owner->run == me_.run) {
    // Of a lease that this process believes to be over, Redis may know better.
    if (commands.size() == 2)
      return take_over(connection, now);
    held_until_ = now + limits::redis_lease;
    contender_ = parse_owner((*replies)[1].text);
    return caf::none;
  }
  auto is_former_run = owner->domain == me_.domain && owner->url == me_.url;
  if (is_former_run && !was_held_)
    return take_over(connection, now);
  return refuse(connection, to_string(*owner));
}

/// The database had no owner a moment ago.
caf::error database_lease::acquire(redis& connection, caf::timespan now) {
  auto command = write_command(keys::owner, me_);
  command.emplace_back("NX");
  auto replies = run_all(connection, {command, read_command(keys::owner)});
  if (!replies)
    return replies.error();
  auto owner = parse_owner((*replies)[1].text);
  if (owner != me_)
    return refuse(connection, owner ? to_string(*owner) : "an unknown one");
  held_until_ = now + limits::redis_lease;
  was_held_ = true;
  return caf::none;
}

caf::error database_lease::take_over(redis& connection, caf::timespan now) {
  auto replies = run_all(connection, {write_command(keys::owner, me_)});
  if (!replies)
    return replies.error();
  held_until_ = now + limits::redis_lease;
  was_held_ = true;
  return caf::none;
}

/// Tells the owner, too: it finds this orchestrator as contender().
caf::error database_lease::refuse(redis& connection, const std::string& owner) {
  held_until_.reset();
  is_refused_ = true;
  if (auto told = run_all(connection, {write_command(keys::contender, me_)});
      !told)
    return told.error();
  return fail(
    ec::duplicate,
    "another orchestrator owns this Redis database (" + owner
      + "): the domain is not mirrored and no intents are taken; give "
        "each domain a database of its own in redis_url. If that "
        "orchestrator has ended, its lease expires within "
      + lease_seconds() + " s");
}

} // namespace edgeless
