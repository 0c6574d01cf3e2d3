// SPDX-License-Identifier: MIT
#include "runtime/net/name_lookup.hpp"

#include "messages/errors.hpp"

#include <system_error>
#include <thread>

namespace edgeless {

void name_lookup::find(url where, callback done) {
  std::lock_guard lock{mutex_};
  jobs_.push_back({std::move(where), std::move(done)});
  if (threads_ >= max_threads_)
    return;
  try {
    std::thread{[self = shared_from_this()] {
      self->work();
    }}.detach();
    ++threads_;
  } catch (const std::system_error& error) {
    if (threads_ > 0)
      return; // a running thread takes the job
    auto refused = std::move(jobs_.back());
    jobs_.pop_back();
    refused.done(fail(ec::system_failure, error.code().message()));
  }
}

void name_lookup::work() {
  std::unique_lock lock{mutex_};
  while (!jobs_.empty()) {
    auto next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next.done(resolve(next.where, false));
    lock.lock();
  }
  --threads_;
}

} // namespace edgeless
