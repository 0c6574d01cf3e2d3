// SPDX-License-Identifier: MIT
#include "actors/connectors/metrics_collector.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/command_merge.hpp"
#include "runtime/redis/redis_with_backoff.hpp"

#include <optional>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t logged_payload = 100;

class metrics_collector : public resource {
public:
  using time_point = caf::actor_clock::time_point;

  metrics_collector(const component_spec& spec, collector_options options)
    : name_{spec.name}, options_{std::move(options)},
      transactions_{setting(spec, "wf_name"),
                    parse_alpha(setting(spec, "alpha")),
                    setting(spec, "journal")} {
    // nop
  }

  /// Succeeds also while Redis is down.
  caf::error open() override {
    auto opened = options_.open();
    if (!opened)
      return opened.error();
    redis_.emplace(std::move(*opened));
    return caf::none;
  }

  /// A call gets an error only if Redis has not accepted its sample.
  outcome handle(const events& batch, time_point now) override {
    auto moment = options_.now();
    std::vector<redis_command> commands;
    std::uint64_t writing = 0;
    for (auto& x : batch) {
      auto before = commands.size();
      if (transactions_.handle(x, moment, commands)
          == transaction_times::verdict::invalid)
        log_invalid(x, now);
      writing += commands.size() > before;
    }
    if (auto problem = write(merge_commands(std::move(commands)), now))
      return {writing, problem};
    return {};
  }

private:
  caf::error write(const std::vector<redis_command>& commands, time_point now) {
    if (commands.empty())
      return caf::none;
    auto replies = redis_->run(commands, now.time_since_epoch());
    if (!replies)
      return dropped(explain(replies.error()));
    for (auto& x : *replies)
      if (x.type == redis_reply::kind::error)
        return dropped("Redis refuses a sample: " + x.text);
    return caf::none;
  }

  static caf::error dropped(const std::string& why) {
    return fail(ec::unreachable,
                why.substr(0, limits::text) + "; samples are dropped");
  }

  void log_invalid(const event& x, time_point now) {
    ++invalid_;
    if (now < next_log_line_)
      return;
    next_log_line_ = now + 1s;
    log_warn("node", "resource ", name_,
             ": invalid metrics-collector event received: \"",
             x.payload.substr(0, logged_payload), "\" from ", x.source, "; ",
             std::exchange(invalid_, 0), " since the last such line");
  }

  std::string name_;
  collector_options options_;
  transaction_times transactions_;
  std::optional<redis_with_backoff> redis_;
  time_point next_log_line_;
  std::uint64_t invalid_ = 0; ///< events since the last log line
};

} // namespace

transaction_times::moment current_moment() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

provider_actor::behavior_type
metrics_collector_provider(provider_actor::pointer self,
                           resource_context context,
                           collector_options options) {
  return resource_provider(
    self, std::move(context), [options = std::move(options)](auto& spec) {
      return std::make_unique<metrics_collector>(spec, options);
    });
}

} // namespace edgeless
