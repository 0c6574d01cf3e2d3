// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/arrivals.hpp"
#include "tools/loadgen/controller.hpp"
#include "tools/loadgen/dataset.hpp"
#include "tools/loadgen/interruption.hpp"
#include "tools/loadgen/options.hpp"
#include "tools/loadgen/redis.hpp"
#include "tools/loadgen/result.hpp"
#include "tools/loadgen/source.hpp"
#include "tools/report/plan.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace edgeless::benchmark {

/// What an experiment is made of.
struct load_parts {
  load_options options;
  std::unique_ptr<workflow_source> source;
  arrival_model arrivals;
  dataset samples;
  dataset events;
  /// Nothing if there is no Redis; `deaf` says why.
  std::unique_ptr<collected> redis;
  std::string deaf;
};

/// One experiment: starts and stops workflows at their times, and follows what
/// their metrics-collectors note.
class load_run {
public:
  load_run(load_parts parts, load_controller& controller);

  load_result run();

  load_parts& parts() {
    return parts_;
  }

private:
  using time = std::chrono::microseconds; ///< from the start on

  /// A workflow that was started.
  struct instance_entry {
    workflow_id id;
    std::string name;
    double started = 0; ///< seconds since the epoch
    bool running = true;
    double stopped = 0; ///< seconds since the epoch
  };

  /// What one metrics-collector of a workflow notes.
  struct journal {
    std::string key;
    std::string name; ///< its wf_name
    std::size_t owner = 0;
    transaction_ledger event_counters;
  };

  enum class step { arrive, leave, look, end };

  struct event {
    step what;
    time end{0};                    ///< of a workflow that arrives
    std::size_t instance_entry = 0; ///< that leaves
  };

  bool handle(const event& x, time now);
  void arrive(const event& x, time now);
  void start(const arrival& x);
  void schedule_arrival(time now);
  std::optional<workflow_file> next_workflow();
  void add_journals(workflow_spec& spec, std::size_t owner);
  void refuse(const workflow_id& id, const std::string& why);
  void stop(instance_entry& x);
  void stop_all();
  void look(bool all);
  void last_look();
  void note(journal& x, const std::string& line);
  void read_functions();
  load_result finish();

  load_parts parts_;
  load_controller& controller_;
  interruption interruption_;
  random_source random_;
  clock::time_point begin_;
  double warm_; ///< seconds since the epoch
  std::multimap<time, event> agenda_;
  std::deque<instance_entry> tenants_;
  std::deque<journal> journals_;
  std::set<std::string> logical_;
  std::string key_prefix_;
  std::uint64_t number_ = 0; ///< of the next workflow
  std::size_t running_ = 0;
  std::size_t reasons_ = 0; ///< printed so far
  load_result result_;
};

} // namespace edgeless::benchmark
