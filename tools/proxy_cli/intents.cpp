// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/intents.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/mirror_reader.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <poll.h>

namespace edgeless {

namespace {

/// Milliseconds between two looks at the result: less than people notice.
constexpr int pause_ms = 50;

std::string key_of(const wish& x) {
  return "intent:" + x.verb + ':' + x.subject;
}

std::string result_key(const wish& x) {
  return intent_result_key(key_of(x));
}

caf::error invalid(const std::string& what, const std::string& text) {
  return fail(ec::bad_input, "invalid " + what + " id " + printable(text)
                               + ": a UUID has the form "
                                 "01234567-89ab-cdef-0123-456789abcdef");
}

/// The old result goes first: it must not be taken for the new one.
caf::error push(store& to, const wish& x) {
  auto key = key_of(x);
  auto replies = to.run({{"MULTI"},
                         {"DEL", result_key(x)},
                         {"SET", key, x.value},
                         {"RPUSH", "intents", key},
                         {"EXEC"}});
  if (!replies)
    return replies.error();
  auto& done = replies->back();
  auto refused = done.type == redis_reply::kind::error ? &done : nullptr;
  for (auto& reply : done.items)
    if (reply.type == redis_reply::kind::error)
      refused = &reply;
  if (refused)
    return fail(ec::unreachable,
                "Redis refuses the intent: " + printable(refused->text));
  return caf::none;
}

/// Nothing while there is no outcome of this very wish.
caf::expected<std::optional<intent_outcome>> look(store& at, const wish& x) {
  auto replies = at.run({{"GET", result_key(x)}});
  if (!replies)
    return replies.error();
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::nothing)
    return std::nullopt;
  auto outcome = read_outcome(reply.text);
  if (!outcome)
    return fail(ec::bad_input,
                printable(result_key(x) + ' ' + explain(outcome.error())));
  // Somebody else's, who wanted it elsewhere and came first.
  if (!outcome->value.empty() && outcome->value != x.value)
    return std::nullopt;
  return std::move(*outcome);
}

caf::error await(store& at, const wish& x, std::chrono::milliseconds patience,
                 std::ostream& out) {
  auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto outcome = look(at, x);
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
                  "nobody has said what became of it in "
                    + decimal(static_cast<double>(patience.count()) / 1000)
                    + " s: is an orchestrator running on that Redis?");
    poll(nullptr, 0, pause_ms);
  }
}

} // namespace

caf::expected<wish> migration(const std::string& component,
                              const std::string& nodes) {
  auto id = parse_id<logical_id>(component);
  if (!id)
    return invalid("instance", component);
  wish result{"migrate", to_string(*id), ""};
  for (std::size_t at = 0; at <= nodes.size();) {
    auto end = std::min(nodes.find(',', at), nodes.size());
    auto text = nodes.substr(at, end - at);
    auto node = parse_id<node_id>(text);
    if (!node)
      return invalid("node", text);
    result.value += (at == 0 ? "" : ",") + to_string(*node);
    at = end + 1;
  }
  if (result.value.size() > limits::intent_text)
    return fail(ec::bad_input, "too many nodes: name at most "
                                 + std::to_string(limits::intent_text / 37));
  return result;
}

caf::expected<wish> node_wish(const std::string& verb,
                              const std::string& node) {
  auto id = parse_id<node_id>(node);
  if (!id)
    return invalid("node", node);
  if (verb == "uncordon")
    return wish{"cordon", to_string(*id), "no"};
  return wish{verb, to_string(*id), "yes"};
}

caf::error submit(store& to, const wish& x,
                  std::optional<std::chrono::milliseconds> patience,
                  std::ostream& out) {
  if (auto problem = push(to, x))
    return problem;
  return patience ? await(to, x, *patience, out) : caf::none;
}

} // namespace edgeless
