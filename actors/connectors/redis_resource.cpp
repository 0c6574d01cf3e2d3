// SPDX-License-Identifier: MIT
#include "actors/connectors/redis_resource.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/redis_with_backoff.hpp"

namespace edgeless {

namespace {

class redis_resource : public resource {
public:
  redis_resource(const component_spec& spec, redis_connector find)
    : url_{setting(spec, "url")}, find_{std::move(find)} {
    if (spec.settings.contains("add-workflow-id"))
      prefix_ = to_string(spec.workflow) + ":";
    if (spec.settings.contains("key"))
      key_ = prefix_ + setting(spec, "key");
  }

  /// Succeeds also while Redis is down.
  caf::error open() override {
    if (url_.empty())
      return fail(ec::bad_input, "redis: configuration `url` is missing");
    auto opened = find_(url_);
    if (!opened)
      return fail(ec::bad_input,
                  "redis: configuration `url`: " + explain(opened.error()));
    if (key_.size() > limits::redis_key)
      return fail(ec::bad_input, "redis: configuration `key` is longer than "
                                 "64 KiB");
    redis_.emplace(std::move(*opened));
    return caf::none;
  }

  outcome handle(const events& batch,
                 caf::actor_clock::time_point now) override {
    outcome result;
    std::vector<redis_command> commands;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto& x = batch[i];
      if (auto wrong = fault_of(x); !wrong.empty()) {
        result.answers[i] = std::nullopt;
        add_failure(result, wrong);
        continue;
      }
      if (x.kind == event_kind::call)
        commands.push_back({"GET", prefix_ + x.payload});
      else
        commands.push_back({"SET", key_, x.payload});
      places.push_back(i);
    }
    if (!commands.empty())
      execute(batch, commands, places, now.time_since_epoch(), result);
    return result;
  }

private:
  std::string fault_of(const event& x) const {
    if (x.kind != event_kind::call)
      return key_.empty() ? "a cast needs the configuration `key`" : "";
    return prefix_.size() + x.payload.size() > limits::redis_key
             ? "a key is longer than 64 KiB"
             : "";
  }

  void execute(const events& batch, const std::vector<redis_command>& commands,
               const std::vector<std::size_t>& places, caf::timespan now,
               outcome& result) {
    auto replies = redis_->run(commands, now);
    for (std::size_t k = 0; k < places.size(); ++k) {
      auto i = places[k];
      auto calls = batch[i].kind == event_kind::call;
      if (calls)
        result.answers[i] = std::nullopt;
      if (!replies || k >= replies->size()) {
        add_failure(result, replies ? "Redis did not answer all commands"
                                    : explain(replies.error()));
        continue;
      }
      auto& reply = (*replies)[k];
      if (reply.type == redis_reply::kind::error)
        add_failure(result, "Redis refuses: " + reply.text);
      else if (calls && reply.type == redis_reply::kind::text
               && reply.text.size() <= limits::payload)
        result.answers[i] = std::move(reply.text);
      // A missing key is an error for the caller, as in EDGELESS.
    }
  }

  static void add_failure(outcome& result, const std::string& why) {
    ++result.failed;
    result.problem = fail(ec::unreachable, why.substr(0, limits::text));
  }

  std::string url_;
  redis_connector find_;
  std::string prefix_;
  std::string key_; ///< set by casts
  std::optional<redis_with_backoff> redis_;
};

} // namespace

provider_actor::behavior_type
redis_resource_provider(provider_actor::pointer self, resource_context context,
                        redis_connector find) {
  return resource_provider(
    self, std::move(context), [find = std::move(find)](auto& spec) {
      return std::make_unique<redis_resource>(spec, find);
    });
}

} // namespace edgeless
