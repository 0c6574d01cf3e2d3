// SPDX-License-Identifier: MIT
#include "tools/loadgen/interruption.hpp"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

namespace edgeless::benchmark {

struct interruption::wakeup {
  std::mutex mutex;
  std::condition_variable rung;
  bool came = false;
};

interruption::interruption() : wakeup_{std::make_shared<wakeup>()} {
  std::thread{[wakeup = wakeup_] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int signal = 0;
    sigwait(&signals, &signal);
    std::cerr << "stopping the workflows; once more leaves them running"
              << std::endl;
    {
      std::unique_lock guard{wakeup->mutex};
      wakeup->came = true;
    }
    wakeup->rung.notify_all();
    sigwait(&signals, &signal);
    std::_Exit(1);
  }}.detach();
}

bool interruption::came() const {
  std::unique_lock guard{wakeup_->mutex};
  return wakeup_->came;
}

bool interruption::wait_until(
  std::chrono::steady_clock::time_point when) const {
  std::unique_lock guard{wakeup_->mutex};
  return wakeup_->rung.wait_until(guard, when,
                                  [this] { return wakeup_->came; });
}

} // namespace edgeless::benchmark
