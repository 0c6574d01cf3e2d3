// SPDX-License-Identifier: MIT
#include "tools/loadgen/interruption.hpp"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

namespace edgeless::benchmark {

struct interruption::state {
  std::mutex mutex;
  std::condition_variable changed;
  bool requested = false;
};

interruption::interruption() : state_{std::make_shared<state>()} {
  std::thread{[state = state_] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int signal = 0;
    sigwait(&signals, &signal);
    std::cerr << "stopping the workflows; a second signal leaves them running"
              << std::endl;
    {
      std::unique_lock guard{state->mutex};
      state->requested = true;
    }
    state->changed.notify_all();
    sigwait(&signals, &signal);
    std::_Exit(1);
  }}.detach();
}

bool interruption::is_requested() const {
  std::unique_lock guard{state_->mutex};
  return state_->requested;
}

bool interruption::wait_until(
  std::chrono::steady_clock::time_point when) const {
  std::unique_lock guard{state_->mutex};
  return state_->changed.wait_until(guard, when,
                                    [this] { return state_->requested; });
}

} // namespace edgeless::benchmark
