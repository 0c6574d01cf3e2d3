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

constexpr auto log_name = "benchmark";

double wall_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

double in_seconds(std::chrono::microseconds x) {
  return std::chrono::duration<double>(x).count();
}

/// Why the workflow is blocked; empty if it runs or starts.
std::string reason_of_block(const workflow_status& x) {
  if (x.domain.empty() && !x.components.empty())
    return x.reasons.empty() ? "no domain accepts it" : x.reasons.front();
  for (auto& c : x.components)
    if (c.phase == component_phase::pending)
      return c.name + ": " + c.reason;
  return "";
}

} // namespace

load_run::load_run(load_parts parts, load_controller& controller)
  : parts_{std::move(parts)}, controller_{controller},
    random_{seeded_random(parts_.options.seed + 1000)}, begin_{clock::now()},
    warm_since_{wall_now() + parts_.options.arrivals.warmup},
    key_prefix_{"benchmark:" + to_string(draw<workflow_id>(os_random()))
                + ":"} {
  result_.unknown_because = parts_.no_redis_because;
}

load_result load_run::run() {
  auto duration = to_microseconds(parts_.options.arrivals.duration);
  schedule_arrival(time{0});
  agenda_.emplace(duration, event{step::end});
  agenda_.emplace(load_limits::poll_interval, event{step::poll});
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

bool load_run::handle(const event& x, time now) {
  switch (x.what) {
  case step::arrive:
    arrive(x, now);
    return true;
  case step::depart:
    stop(workflows_[x.workflow]);
    return true;
  case step::poll:
    poll_journals(false);
    agenda_.emplace(now + load_limits::poll_interval, event{step::poll});
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
    return block({}, std::to_string(running_)
                       + " workflows run already (--max-workflows)");
  auto workflow = parts_.source->make(number_, random_);
  if (!workflow)
    return block({}, explain(workflow.error()));
  if (workflow->spec.components.empty()) {
    ++result_.started;
    return;
  }
  auto name = "wf" + std::to_string(number_);
  auto journals = journals_.size();
  add_journals(workflow->spec, workflows_.size());
  parts_.events.add(event_row(wall_now(), "workflow:request", name,
                              benchmark::json_of(workflow->spec)));
  auto asked = clock::now();
  auto status = controller_.start(id, *workflow);
  parts_.events.add(event_row(wall_now(), "workflow:response", name,
                              status ? benchmark::json_of(*status)
                                     : benchmark::json_of(status.error())));
  auto why = status ? reason_of_block(*status) : explain(status.error());
  if (!why.empty()) {
    journals_.resize(journals);
    return block(id, why);
  }
  result_.starts.push_back(seconds_since(asked));
  ++result_.started;
  ++running_;
  for (auto& c : status->components)
    component_ids_.insert(to_string(c.id));
  log_info(log_name, "workflow started id=", id, " at_s=", in_seconds(x.begin),
           " until_s=", in_seconds(x.end));
  agenda_.emplace(x.end, event{step::depart, {}, workflows_.size()});
  workflows_.push_back({id, name, wall_now()});
}

void load_run::add_journals(workflow_spec& spec, std::size_t workflow) {
  if (!parts_.redis)
    return;
  for (auto& x : spec.components) {
    if (x.kind != component_kind::resource || x.class_id != "metrics-collector")
      continue;
    auto& key = x.settings["journal"];
    key = key_prefix_ + std::to_string(number_) + ":" + x.name;
    auto name = x.settings.find("wf_name");
    journals_.push_back(
      {key, name == x.settings.end() ? "" : name->second, workflow, {}});
  }
}

void load_run::block(const workflow_id& id, const std::string& why) {
  if (id)
    static_cast<void>(controller_.stop(id));
  if (reasons_++ < load_limits::printed_reasons)
    std::cerr << "wf" << number_ << " is blocked: " << why << std::endl;
}

// -- stopping -----------------------------------------------------------------

void load_run::stop(started_workflow& x) {
  if (!x.running)
    return;
  auto asked = clock::now();
  if (auto problem = controller_.stop(x.id)) {
    log_warn(log_name, "cannot stop workflow id=", x.id, " name=", x.name,
             " reason=", problem);
    return;
  }
  x.running = false;
  x.stopped = wall_now();
  --running_;
  result_.stops.push_back(seconds_since(asked));
  parts_.events.add(event_row(x.stopped, "workflow:end", x.name, ""));
  log_info(log_name, "workflow stopped id=", x.id,
           " at_s=", seconds_since(begin_));
}

void load_run::stop_all() {
  auto deadline = clock::now() + load_limits::stop_timeout;
  for (auto& x : workflows_)
    if (x.running && (!result_.interrupted || clock::now() < deadline))
      stop(x);
  result_.stop_failures = running_;
}

// -- journals -----------------------------------------------------------------

void load_run::poll_journals(bool all) {
  if (!parts_.redis)
    return;
  std::vector<std::string> keys;
  std::vector<journal*> polled;
  auto recent = wall_now() - load_limits::stall_timeout_s;
  for (auto& x : journals_) {
    auto& workflow = workflows_[x.workflow];
    if (!all && !workflow.running && workflow.stopped < recent)
      continue;
    keys.push_back(x.key);
    polled.push_back(&x);
  }
  auto take = [&](std::size_t i, const std::string& line) {
    record(*polled[i], line);
  };
  // A fast workflow writes more lines in an interval than a request reads.
  for (std::size_t round = 0; round < load_limits::polls_per_turn; ++round) {
    auto drained = parts_.redis->drain(keys, take);
    result_.unknown_because = drained ? "" : explain(drained.error());
    if (!drained || *drained < load_limits::journal_lines)
      return;
  }
}

void load_run::record(journal& x, const std::string& text) {
  auto line = parse_journal_line(text);
  if (!line) {
    ++result_.malformed_lines;
    return;
  }
  x.ledger.record(*line);
  if (!line->milliseconds || line->when < warm_since_)
    return;
  auto ms = *line->milliseconds;
  if (result_.latencies.size() < load_limits::latencies)
    result_.latencies.push_back(static_cast<double>(ms) / 1000);
  parts_.samples.add(
    sample_row('w', x.name, std::to_string(ms) + "," + line->time));
}

void load_run::drain_journals() {
  auto deadline = clock::now() + load_limits::drain_timeout;
  auto lines = [this] {
    std::uint64_t result = result_.malformed_lines;
    for (auto& x : journals_) {
      auto sums = x.ledger.sums(0, 0);
      result += sums.handled + sums.sent + sums.duplicated + sums.unknown;
    }
    return result;
  };
  for (auto before = lines() + 1; clock::now() < deadline;) {
    poll_journals(true);
    auto now = lines();
    if (now == before || !result_.unknown_because.empty())
      return;
    before = now;
    std::this_thread::sleep_for(100ms);
  }
}

void load_run::read_function_samples() {
  auto problem = parts_.redis->read_function_samples(
    [this](const std::string& id, const std::string& sample) {
      // Each sample is stored under both ids; EDGELESS writes the physical one.
      if (component_ids_.contains(id))
        return;
      auto comma = sample.find(',');
      auto line = comma == std::string::npos
                    ? std::nullopt
                    : parse_journal_line("e,0" + sample.substr(comma) + ","
                                         + sample.substr(0, comma));
      if (!line)
        ++result_.malformed_lines;
      else if (line->when >= warm_since_)
        parts_.samples.add(sample_row('f', id, sample));
    });
  if (problem)
    std::cerr << "cannot read the samples of functions: " << explain(problem)
              << std::endl;
}

load_result load_run::finish() {
  if (!parts_.options.keep_workflows)
    stop_all();
  if (parts_.redis) {
    drain_journals();
    read_function_samples();
    std::vector<std::string> keys;
    for (auto& x : journals_) {
      auto& workflow = workflows_[x.workflow];
      auto until = workflow.running ? wall_now() : workflow.stopped;
      result_.ledger += x.ledger.sums(workflow.started, until);
      keys.push_back(x.key);
    }
    parts_.redis->remove(keys);
  }
  result_.journals = journals_.size();
  return std::move(result_);
}

} // namespace edgeless::benchmark
