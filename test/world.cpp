// SPDX-License-Identifier: MIT
#include "test/world.hpp"

namespace edgeless::test {

caf::actor_system_config& world::configure(caf::actor_system_config& x) {
  x.set("scheduler.policy", caf::atom("testing"));
  x.set("logger.verbosity", caf::atom("quiet"));
  x.add_message_types<caf::id_block::edgeless_types>();
  x.add_message_types<caf::id_block::edgeless_atoms>();
  x.add_message_types<caf::id_block::edgeless_handles>();
  return x;
}

world::world() : world{options{}} {
  // nop
}

world::world(options x)
  : options_{std::move(x)}, system_{configure(config_)},
    scheduler_{
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())},
    self_{system_}, net_{system_} {
  auto generator = std::make_shared<std::mt19937_64>(options_.seed);
  random = [generator] {
    return (*generator)();
  };
  scheduler_.clock().current_time += 1h;
  write_scripts();
  for (auto& domain : options_.domains)
    add_domain(domain);
  add_controller();
}

world::~world() {
  for (auto& [name, x] : hosts_)
    caf::anon_send_exit(x.handle, caf::exit_reason::kill);
  for (auto& x : askers_)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  for (auto& [name, x] : orchestrators_)
    end_domain(name);
  caf::anon_send_exit(controller_, caf::exit_reason::kill);
  net_.close();
  hosts_.clear();
  orchestrators_.clear();
  controller_ = nullptr;
  settle();
}

// -- time
// -----------------------------------------------------------------------

void world::settle() {
  while (scheduler_.has_job())
    run(1);
}

void world::run(int turns) {
  auto& jobs = scheduler_.jobs;
  for (int i = 0; i < turns && !jobs.empty(); ++i) {
    if (options_.shuffled)
      std::swap(jobs.front(), jobs[random() % jobs.size()]);
    auto job = jobs.front();
    scheduler_.try_run_once();
    // Who has more to do goes to the back of the queue, as in a real pool.
    if (!jobs.empty() && jobs.front() == job) {
      jobs.pop_front();
      jobs.push_back(job);
    }
  }
}

void world::hurry(caf::timespan duration) {
  scheduler_.advance_time(duration);
}

void world::pass(caf::timespan duration) {
  settle();
  auto& clock = scheduler_.clock();
  auto end = clock.now() + duration;
  while (scheduler_.has_pending_timeout()
         && clock.schedule().begin()->first <= end) {
    scheduler_.advance_time(clock.schedule().begin()->first - clock.now());
    settle();
  }
  scheduler_.advance_time(end - clock.now());
  settle();
}

} // namespace edgeless::test
