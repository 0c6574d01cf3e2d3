// SPDX-License-Identifier: MIT
#include "tools/report/harness/guest_harness.hpp"

#include "tools/report/harness/null_host.hpp"
#include "tools/report/plan.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/errors.hpp"

#include <condition_variable>
#include <mutex>

namespace edgeless::benchmark {

/// Gives a guest the same event again and again, and has time.
struct guest_harness::waiting_host : null_host {
  guest_event current{hook::init, {}, {}, {}};
  int left = 1;
  std::string said;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;

  const guest_event* next() noexcept override {
    return left-- > 0 ? &current : nullptr;
  }
  bool cast(std::string_view, std::string_view payload) noexcept override {
    said = payload;
    return true;
  }
  using null_host::cast;
  void wake() noexcept override {
    std::lock_guard guard{mutex};
    woken = true;
    changed.notify_all();
  }
};

guest_harness::guest_harness(guest_engine& engine, const std::string& module,
                             std::string init)
  : host_{std::make_unique<waiting_host>()} {
  auto id = sha256(module);
  auto code = engine.find(id);
  if (!code)
    if (auto made = engine.compile(id, module))
      code = *made;
  host_->current.payload = std::move(init);
  if (code)
    if (auto made = code->instantiate(*host_, {}))
      guest_ = std::move(*made);
  good_ = guest_ && settle();
}

guest_harness::~guest_harness() {
  guest_.reset();
}

std::optional<double> guest_harness::handle(int count,
                                            const std::string& payload) {
  if (!good_)
    return std::nullopt;
  host_->current = {hook::cast, {}, payload, {}};
  host_->left = count;
  auto taken = seconds_of([&] { good_ = settle(); });
  return good_ ? std::optional{taken / count} : std::nullopt;
}

const std::string& guest_harness::said() const {
  return host_->said;
}

std::string guest_harness::fault() const {
  return guest_ ? guest_->fault() : "the guest cannot be made";
}

bool guest_harness::settle() {
  for (;;) {
    switch (guest_->run()) {
    case progress::idle:
      return true;
    case progress::preempted:
      break;
    case progress::working: {
      std::unique_lock lock{host_->mutex};
      host_->changed.wait(lock, [this] { return host_->woken; });
      host_->woken = false;
      break;
    }
    default:
      return false;
    }
  }
}

} // namespace edgeless::benchmark
