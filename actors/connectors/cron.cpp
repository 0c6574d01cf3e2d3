// SPDX-License-Identifier: MIT
#include "actors/connectors/cron.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

#include "messages/connector_limits.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

using std::chrono::milliseconds;

enum class if_missed : std::uint8_t { skip, once, all };

caf::expected<if_missed> parse_if_missed(const std::string& text) {
  if (text.empty() || text == "skip")
    return if_missed::skip;
  if (text == "once")
    return if_missed::once;
  if (text == "all")
    return if_missed::all;
  return fail(ec::bad_input, "cron: configuration `missed`: \"" + text
                               + "\" is not skip, once or all");
}

class cron_resource : public resource {
public:
  cron_resource(const component_spec& spec, wall_clock clock,
                resource_counters_ptr counters)
    : spec_{spec}, clock_{std::move(clock)}, counters_{std::move(counters)} {
    if (auto i = spec.settings.find("payload"); i != spec.settings.end())
      payload_ = i->second;
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  caf::error open() override {
    auto text = setting(spec_, "schedule");
    auto period = setting(spec_, "every");
    auto zone = setting(spec_, "timezone");
    if (text.empty() == period.empty())
      return fail(ec::bad_input, "cron: one of the configurations `schedule`, "
                                 "such as \"0 30 8 * * mon-fri\", and `every`, "
                                 "such as \"10s\", is needed");
    if (!period.empty() && !zone.empty())
      return fail(ec::bad_input,
                  "cron: configuration `timezone` has no meaning "
                  "for `every`");
    auto made = period.empty() ? schedule::of_cron(text, zone)
                               : schedule::of_period(period);
    if (!made)
      return fail(ec::bad_input, std::string{"cron: configuration `"}
                                   + (period.empty() ? "schedule" : "every")
                                   + "`: " + explain(made.error()));
    auto policy = parse_if_missed(setting(spec_, "missed"));
    if (!policy)
      return policy.error();
    schedule_ = *made;
    if_missed_ = *policy;
    return caf::none;
  }

  void begin(const std::string& state, bool is_successor,
             caf::actor_clock::time_point now) override {
    auto wall = clock_(now);
    last_ = wall;
    if (auto known = parse_number(state)) {
      last_ = wall_time{milliseconds{static_cast<std::int64_t>(*known)}};
      if (last_ > wall + limits::cron_clock_step) {
        log_warn("cron",
                 "the last slot lies in the future: component=", spec_.id,
                 " name=", spec_.name, " slot=", to_string(last_),
                 " reason=a clock was wrong");
        last_ = wall;
      }
    }
    absent_until_ = is_successor ? wall_time::min() : wall;
    save();
    fire(now);
  }

  std::optional<caf::actor_clock::time_point> due() const override {
    return due_;
  }

  void on_time(caf::actor_clock::time_point now) override {
    fire(now);
  }

  /// It has no inputs: what arrives is dropped.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "cron handles no events")}};
  }

private:
  /// Fires the slots since the last one, and plans the next.
  void fire(caf::actor_clock::time_point now) {
    auto wall = clock_(now);
    auto slots = schedule_.newest(last_, wall, limits::cron_caught_up);
    if (!slots.empty()) {
      last_ = slots.back();
      save();
    }
    auto is_missed = [&](wall_time slot) {
      return slot <= absent_until_ || slot < wall - limits::cron_grace;
    };
    // They are in order: the missed ones come first.
    auto in_time = std::ranges::find_if_not(slots, is_missed);
    for (auto i = slots.begin(); i != slots.end(); ++i)
      if (i >= in_time)
        send(*i, counters_->slots_fired);
      else if (if_missed_ == if_missed::all
               || (if_missed_ == if_missed::once && i + 1 == in_time))
        send(*i, counters_->slots_caught_up);
      else
        ++counters_->slots_skipped;
    plan(now, wall);
  }

  void send(wall_time slot, resource_counters::count& counter) {
    auto is_sent = out_->cast("out", payload_ ? *payload_ : to_string(slot));
    ++(is_sent ? counter : counters_->casts_refused);
  }

  /// A slot that has fired does not fire again, though the clock is put back.
  void plan(caf::actor_clock::time_point now, wall_time wall) {
    auto next = schedule_.next(std::max(last_, wall));
    if (!next) {
      due_.reset();
      return log_warn("cron", "has no further slot: component=", spec_.id,
                      " name=", spec_.name);
    }
    assert(*next > wall);
    due_
      = now + std::min<caf::timespan>(*next - wall, limits::cron_clock_check);
  }

  void save() {
    out_->save(std::to_string(last_.time_since_epoch().count()));
  }

  component_spec spec_;
  wall_clock clock_;
  resource_counters_ptr counters_;
  std::optional<std::string> payload_; ///< nullopt: the time of the slot
  outlet_ptr out_;
  schedule schedule_;
  if_missed if_missed_ = if_missed::skip;
  wall_time last_{};         ///< the last slot that is done with
  wall_time absent_until_{}; ///< until then, no instance ran
  std::optional<caf::actor_clock::time_point> due_;
};

} // namespace

wall_time current_wall_time(caf::actor_clock::time_point) {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

resource_class cron(wall_clock clock, resource_counters_ptr counters) {
  return {[clock = std::move(clock),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<cron_resource>(spec, clock, counters);
  }};
}

} // namespace edgeless
