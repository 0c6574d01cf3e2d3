// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/intents.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_reader.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <poll.h>

namespace edgeless {

namespace {

/// Between two polls of the result.
constexpr int poll_interval_ms = 50;

std::string key_of(const intent_text& x) {
  return keys::intent(x.verb + ':' + x.subject);
}

std::string result_key(const intent_text& x) {
  return intent_result_key(key_of(x));
}

/// Deletes the old result first, which could be taken for the new one.
caf::error push(store& to, const intent_text& x) {
  auto key = key_of(x);
  auto replies = to.run({{"MULTI"},
                         {"DEL", result_key(x)},
                         {"SET", key, x.value},
                         {"RPUSH", std::string{keys::intents}, key},
                         {"EXEC"}});
  if (!replies)
    return replies.error();
  auto& done = replies->back();
  auto problem = done.type == redis_reply::kind::error ? &done : nullptr;
  for (auto& reply : done.items)
    if (reply.type == redis_reply::kind::error)
      problem = &reply;
  if (problem)
    return fail(ec::unreachable,
                "Redis refused the intent: " + printable(problem->text));
  return caf::none;
}

/// The outcome of this intent; nothing while there is none.
caf::expected<std::optional<mirrored_intent_result>>
poll_outcome(store& at, const intent_text& x) {
  auto replies = at.run({{"GET", result_key(x)}});
  if (!replies)
    return replies.error();
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::nothing)
    return std::nullopt;
  auto outcome = read_intent_result(reply.text);
  if (!outcome)
    return fail(ec::bad_input,
                printable(result_key(x) + ' ' + explain(outcome.error())));
  // The outcome of another intent for the same component.
  if (!outcome->value.empty() && outcome->value != x.value)
    return std::nullopt;
  return std::move(*outcome);
}

caf::error await(store& at, const intent_text& x,
                 std::chrono::milliseconds timeout, std::ostream& out) {
  auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    auto outcome = poll_outcome(at, x);
    if (!outcome)
      return outcome.error();
    if (auto& found = *outcome) {
      auto because
        = found->reason.empty() ? "" : ": " + printable(found->reason);
      if (!found->done)
        return fail(ec::bad_input, "refused" + because);
      out << "done" << because << '\n';
      return caf::none;
    }
    if (std::chrono::steady_clock::now() >= end)
      return fail(ec::unreachable,
                  "no outcome within "
                    + decimal(static_cast<double>(timeout.count()) / 1000)
                    + " s: is an orchestrator connected to this Redis?");
    poll(nullptr, 0, poll_interval_ms);
  }
}

} // namespace

caf::expected<intent_text> make_migration(const node_names& known,
                                          const std::string& component,
                                          const std::string& nodes) {
  auto id = parse_id<logical_id>(component);
  if (!id)
    return fail(ec::bad_input, "invalid instance id " + printable(component)
                                 + ": a UUID has the form "
                                   "01234567-89ab-cdef-0123-456789abcdef");
  intent_text result{"migrate", to_string(*id), ""};
  for (std::size_t at = 0; at <= nodes.size();) {
    auto end = std::min(nodes.find(',', at), nodes.size());
    auto text = nodes.substr(at, end - at);
    auto node = known.find(text);
    if (!node)
      return node.error();
    result.value += (at == 0 ? "" : ",") + to_string(*node);
    at = end + 1;
  }
  if (result.value.size() > limits::intent_text)
    return fail(ec::bad_input, "too many nodes: name at most "
                                 + std::to_string(limits::intent_text / 37));
  return result;
}

caf::expected<intent_text> make_node_intent(const node_names& known,
                                            const std::string& verb,
                                            const std::string& node) {
  auto id = known.find(node);
  if (!id)
    return id.error();
  if (verb == "uncordon")
    return intent_text{"cordon", to_string(*id), "no"};
  return intent_text{verb, to_string(*id), "yes"};
}

caf::error submit(store& to, const intent_text& x,
                  std::optional<std::chrono::milliseconds> timeout,
                  std::ostream& out) {
  if (auto problem = push(to, x))
    return problem;
  return timeout ? await(to, x, *timeout, out) : caf::none;
}

} // namespace edgeless
