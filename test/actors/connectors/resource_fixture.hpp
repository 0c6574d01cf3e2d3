// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

namespace edgeless::test {

/// An implementation of a resource without its instance: events go in, and what
/// it puts into its outlet, from any thread, is kept.
class bare_resource {
public:
  using texts = std::vector<std::string>;

  explicit bare_resource(const resource_class& type,
                         std::map<std::string, std::string> settings) {
    spec.settings = std::move(settings);
    subject = type.make(spec);
    subject->set_outlet(out);
    problem = subject->open();
  }

  void begin(const std::string& from = "") {
    REQUIRE_MESSAGE(!problem, explain(problem));
    subject->begin(from, false, {});
  }

  /// Hands in an event, as its instance does. An event that fails at once adds
  /// to `outcomes`.
  void send(const std::string& payload, event_kind kind = event_kind::cast) {
    event x;
    x.kind = kind;
    x.payload = payload;
    x.source = source;
    auto done = subject->handle({x}, {});
    if (done.failed > 0)
      outcomes.push_back("failed: " + explain(done.problem));
    else
      REQUIRE(done.deferred.size() == 1);
  }

  /// Waits until that many events have ended.
  void await(std::size_t n) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    for (take(); outcomes.size() < n; take()) {
      std::unique_lock lock{signal->mutex};
      REQUIRE(signal->changed.wait_until(lock, end,
                                         [this] { return signal->is_set; }));
      signal->is_set = false;
    }
  }

  instance_id source;
  component_spec spec;
  caf::error problem; ///< of open()
  texts casts;        ///< `channel: payload`
  texts outcomes;     ///< the answer, or `failed: reason`
  std::string state;

private:
  struct wake_signal {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_set = false;
  };

  void take() {
    for (auto& x : out->take())
      if (auto* cast = std::get_if<outlet::cast_request>(&x))
        casts.push_back(cast->channel + ": " + cast->payload);
      else if (auto* saved = std::get_if<outlet::saved_state>(&x))
        state = saved->state;
      else if (auto* done = std::get_if<outlet::outcome>(&x))
        outcomes.push_back(done->answer
                             ? *done->answer
                             : "failed: " + explain(done->answer.error()));
  }

  std::shared_ptr<wake_signal> signal = std::make_shared<wake_signal>();
  outlet_ptr out = std::make_shared<outlet>([signal = signal] {
    std::lock_guard guard{signal->mutex};
    signal->is_set = true;
    signal->changed.notify_all();
  });
  resource_ptr subject;
};

} // namespace edgeless::test
