// SPDX-License-Identifier: MIT
#include "tools/loadgen/run.hpp"

#include "tools/loadgen/random.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto who = "benchmark";

double wall_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

double in_seconds(std::chrono::microseconds x) {
  return std::chrono::duration<double>(x).count();
}

/// Why it does not run; empty if it does, or is about to.
std::string blocked_because(const workflow_status& x) {
  if (x.domain.empty() && !x.components.empty())
    return x.reasons.empty() ? "no domain takes it" : x.reasons.front();
  for (auto& c : x.components)
    if (c.phase == component_phase::pending)
      return c.name + ": " + c.reason;
  return "";
}

} // namespace

load_run::load_run(load_parts parts, load_controller& controller)
  : parts_{std::move(parts)},
    controller_{controller}, random_{seeded_chance(parts_.options.seed + 1000)},
    begin_{clock::now()}, warm_{wall_now() + parts_.options.arrivals.warmup},
    key_prefix_{"benchmark:" + to_string(draw<workflow_id>(os_random()))
                + ":"} {
  result_.deaf = parts_.deaf;
}

load_result load_run::run() {
  auto duration = to_microseconds(parts_.options.arrivals.duration);
  schedule_arrival(time{0});
  agenda_.emplace(duration, event{step::end});
  agenda_.emplace(load_limits::look, event{step::look});
  while (!agenda_.empty()) {
    auto [now, next] = *agenda_.begin();
    agenda_.erase(agenda_.begin());
    if (interruption_.wait_until(begin_ + now)) {
      result_.interrupted = true;
      break;
    }
    if (!handle(next, now))
      break;
  }
  return finish();
}

/// False at the end of the experiment.
bool load_run::handle(const event& x, time now) {
  switch (x.what) {
  case step::arrive:
    arrive(x, now);
    return true;
  case step::leave:
    stop(tenants_[x.instance_entry]);
    return true;
  case step::look:
    look(false);
    agenda_.emplace(now + load_limits::look, event{step::look});
    return true;
  default:
    return false;
  }
}

void load_run::schedule_arrival(time now) {
  auto next = parts_.arrivals.next(now);
  if (next && next->begin < to_microseconds(parts_.options.arrivals.duration))
    agenda_.emplace(next->begin, event{step::arrive, next->end});
}

// -- starting -----------------------------------------------------------------

void load_run::arrive(const event& x, time now) {
  ++result_.requested;
  auto late = std::chrono::duration<double>(clock::now() - (begin_ + now));
  result_.latest = std::max(result_.latest, late.count());
  start({now, x.end});
  ++number_;
  schedule_arrival(now);
}

void load_run::start(const arrival& x) {
  auto id = draw<workflow_id>(os_random());
  if (running_ >= parts_.options.max_workflows)
    return refuse({}, "there are " + std::to_string(running_)
                        + " already (--max-workflows)");
  auto workflow = parts_.source->make(number_, random_);
  if (!workflow)
    return refuse({}, explain(workflow.error()));
  if (workflow->spec.components.empty()) {
    ++result_.started;
    return;
  }
  auto name = "wf" + std::to_string(number_);
  auto journals = journals_.size();
  add_journals(workflow->spec, tenants_.size());
  parts_.events.add(event_row(wall_now(), "workflow:request", name,
                              benchmark::json_of(workflow->spec)));
  auto asked = clock::now();
  auto status = controller_.start(id, *workflow);
  parts_.events.add(event_row(wall_now(), "workflow:response", name,
                              status ? benchmark::json_of(*status)
                                     : benchmark::json_of(status.error())));
  auto why = status ? blocked_because(*status) : explain(status.error());
  if (!why.empty()) {
    journals_.resize(journals);
    return refuse(id, why);
  }
  result_.starts.push_back(seconds_since(asked));
  ++result_.started;
  ++running_;
  for (auto& c : status->components)
    logical_.insert(to_string(c.id));
  log_info(who, in_seconds(x.begin), " new wf created '", id, "', will end at ",
           in_seconds(x.end), " s");
  agenda_.emplace(x.end, event{step::leave, {}, tenants_.size()});
  tenants_.push_back({id, name, wall_now()});
}

/// Each collector of the workflow keeps one, for us alone.
void load_run::add_journals(workflow_spec& spec, std::size_t owner) {
  if (!parts_.redis)
    return;
  for (auto& x : spec.components) {
    if (x.kind != component_kind::resource || x.class_id != "metrics-collector")
      continue;
    auto& key = x.settings["journal"];
    key = key_prefix_ + std::to_string(number_) + ":" + x.name;
    auto name = x.settings.find("wf_name");
    journals_.push_back(
      {key, name == x.settings.end() ? "" : name->second, owner, {}});
  }
}

/// What may have been started in spite of it is stopped.
void load_run::refuse(const workflow_id& id, const std::string& why) {
  if (id)
    static_cast<void>(controller_.stop(id));
  if (reasons_++ < load_limits::reasons)
    std::cerr << "wf" << number_ << " does not start: " << why << std::endl;
}

// -- stopping -----------------------------------------------------------------

void load_run::stop(instance_entry& x) {
  if (!x.running)
    return;
  auto asked = clock::now();
  if (auto problem = controller_.stop(x.id)) {
    log_warn(who, x.name, " does not stop: ", problem);
    return;
  }
  x.running = false;
  x.stopped = wall_now();
  --running_;
  result_.stops.push_back(seconds_since(asked));
  parts_.events.add(event_row(x.stopped, "workflow:end", x.name, ""));
  log_info(who, seconds_since(begin_), " wf terminated '", x.id, "'");
}

void load_run::stop_all() {
  auto deadline = clock::now() + load_limits::clean_up;
  for (auto& x : tenants_)
    if (x.running && (!result_.interrupted || clock::now() < deadline))
      stop(x);
  result_.stop_failures = running_;
}

// -- what the collectors noted ------------------------------------------------

void load_run::look(bool all) {
  if (!parts_.redis)
    return;
  std::vector<std::string> keys;
  std::vector<journal*> whose;
  auto recent = wall_now() - 5;
  for (auto& x : journals_) {
    auto& owner = tenants_[x.owner];
    if (!all && !owner.running && owner.stopped < recent)
      continue;
    keys.push_back(x.key);
    whose.push_back(&x);
  }
  auto take = [&](std::size_t i, const std::string& line) {
    note(*whose[i], line);
  };
  // A fast workflow writes more than one page at a time.
  for (std::size_t round = 0; round < load_limits::rounds; ++round) {
    auto drained = parts_.redis->drain(keys, take);
    result_.deaf = drained ? "" : explain(drained.error());
    if (!drained || *drained < load_limits::journal_lines)
      return;
  }
}

void load_run::note(journal& x, const std::string& text) {
  auto line = parse_journal_line(text);
  if (!line) {
    ++result_.garbled;
    return;
  }
  x.event_counters.note(*line);
  if (!line->milliseconds || line->when < warm_)
    return;
  auto ms = *line->milliseconds;
  if (result_.latencies.size() < load_limits::latencies)
    result_.latencies.push_back(static_cast<double>(ms) / 1000);
  parts_.samples.add(
    sample_row('w', x.name, std::to_string(ms) + "," + line->time));
}

/// Twice nothing new: all has arrived.
void load_run::last_look() {
  auto deadline = clock::now() + load_limits::last_lines;
  auto lines = [this] {
    std::uint64_t result = result_.garbled;
    for (auto& x : journals_) {
      auto sums = x.event_counters.sums(0, 0);
      result += sums.handled + sums.sent + sums.doubled + sums.unknown;
    }
    return result;
  };
  for (auto before = lines() + 1; clock::now() < deadline;) {
    look(true);
    auto now = lines();
    if (now == before || !result_.deaf.empty())
      return;
    before = now;
    std::this_thread::sleep_for(100ms);
  }
}

void load_run::read_functions() {
  auto problem = parts_.redis->function_samples(
    [this](const std::string& id, const std::string& sample) {
      // Each sample stands under both ids; EDGELESS has that of the instance.
      if (logical_.contains(id))
        return;
      auto comma = sample.find(',');
      auto line = comma == std::string::npos
                    ? std::nullopt
                    : parse_journal_line("e,0" + sample.substr(comma) + ","
                                         + sample.substr(0, comma));
      if (!line)
        ++result_.garbled;
      else if (line->when >= warm_)
        parts_.samples.add(sample_row('f', id, sample));
    });
  if (problem)
    std::cerr << "samples of functions are missing: " << explain(problem)
              << std::endl;
}

load_result load_run::finish() {
  if (!parts_.options.keep_workflows)
    stop_all();
  if (parts_.redis) {
    last_look();
    read_functions();
    std::vector<std::string> keys;
    for (auto& x : journals_) {
      auto& owner = tenants_[x.owner];
      auto until = owner.running ? wall_now() : owner.stopped;
      result_.event_counters += x.event_counters.sums(owner.started, until);
      keys.push_back(x.key);
    }
    parts_.redis->forget(keys);
  }
  result_.judged = journals_.size();
  return std::move(result_);
}

} // namespace edgeless::benchmark
