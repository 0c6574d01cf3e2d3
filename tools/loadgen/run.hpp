// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/arrivals.hpp"
#include "tools/loadgen/collector_reader.hpp"
#include "tools/loadgen/controller.hpp"
#include "tools/loadgen/dataset.hpp"
#include "tools/loadgen/interruption.hpp"
#include "tools/loadgen/options.hpp"
#include "tools/loadgen/result.hpp"
#include "tools/loadgen/workflows/source.hpp"
#include "tools/report/plan.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace edgeless::benchmark {

/// What an experiment is run with.
struct load_parts {
  load_options options;
  std::unique_ptr<workflow_source> source;
  arrival_model arrivals;
  dataset samples;
  dataset events;
  /// Nothing without Redis; `no_redis_because` says why.
  std::unique_ptr<collector_reader> redis;
  std::string no_redis_because;
};

/// One experiment: starts and stops workflows at their times, and reads the
/// journals of their metrics-collectors.
class load_run {
public:
  load_run(load_parts parts, load_controller& controller);

  load_result run();

  load_parts& parts() {
    return parts_;
  }

private:
  using time = std::chrono::microseconds; ///< since the start

  struct started_workflow {
    workflow_id id;
    std::string name;
    double started = 0; ///< seconds since the epoch
    bool running = true;
    double stopped = 0; ///< seconds since the epoch
  };

  /// The journal of one metrics-collector.
  struct journal {
    std::string key;
    std::string name;         ///< its wf_name
    std::size_t workflow = 0; ///< index
    transaction_ledger ledger;
  };

  enum class step { arrive, depart, poll, end };

  struct event {
    step what;
    time end{0};              ///< of a workflow that arrives
    std::size_t workflow = 0; ///< index of the one that departs
  };

  /// False at the end of the experiment.
  bool handle(const event& x, time now);
  void arrive(const event& x, time now);
  void start(const arrival& x);
  void schedule_arrival(time now);
  std::optional<workflow_file> next_workflow();
  /// Gives each metrics-collector of the workflow a journal of its own.
  void add_journals(workflow_spec& spec, std::size_t workflow);
  /// Counts a workflow as blocked, and stops it if it was started in part.
  void block(const workflow_id& id, const std::string& why);
  void stop(started_workflow& x);
  void stop_all();
  /// Reads the journals of running workflows, or all of them.
  void poll_journals(bool all);
  /// Reads all journals until two polls in a row find nothing new.
  void drain_journals();
  void record(journal& x, const std::string& line);
  void read_function_samples();
  load_result finish();

  load_parts parts_;
  load_controller& controller_;
  interruption interruption_;
  random_source random_;
  clock::time_point begin_;
  double warm_since_; ///< seconds since the epoch
  std::multimap<time, event> agenda_;
  std::deque<started_workflow> workflows_;
  std::deque<journal> journals_;
  std::set<std::string> component_ids_;
  std::string key_prefix_;
  std::uint64_t number_ = 0; ///< of the next workflow
  std::size_t running_ = 0;
  std::size_t reasons_ = 0; ///< printed
  load_result result_;
};

} // namespace edgeless::benchmark
