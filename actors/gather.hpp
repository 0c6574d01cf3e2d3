// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <cassert>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace edgeless {

/// Scatter/gather: one actor sends several requests and continues once all of
/// them were answered or have failed. Copies share the result. For one actor.
///
///   gather<list> all{initial, [](list& x) { ... }};
///   all.add<answer>(self->request(...), on_answer, on_error);
///   all.close();
///
/// `on_answer(Result&, Answer&)` and `on_error(Result&, const caf::error&)`
/// write into the result.
template <class Result>
class gather {
public:
  /// Calls `done` with the result, once, after close().
  gather(Result initial, std::function<void(Result&)> done)
    : shared_{std::make_shared<state>(std::move(initial), std::move(done))} {
    // nop
  }

  Result& result() {
    return shared_->result;
  }

  /// One request more; it must have a timeout.
  template <class Answer, class Request, class OnAnswer, class OnError>
  void add(Request request, OnAnswer on_answer, OnError on_error) {
    assert(shared_->open > 0); // not closed yet
    ++shared_->open;
    request.then(
      [all = *this, on_answer](Answer& x) mutable {
        on_answer(all.result(), x);
        all.close();
      },
      [all = *this, on_error](const caf::error& x) mutable {
        on_error(all.result(), x);
        all.close();
      });
  }

  /// All requests are sent.
  void close() {
    assert(shared_->open > 0); // `done` is called once
    if (--shared_->open == 0)
      shared_->done(shared_->result);
  }

private:
  struct state {
    state(Result x, std::function<void(Result&)> f)
      : result{std::move(x)}, done{std::move(f)} {
      // nop
    }

    Result result;
    std::function<void(Result&)> done;
    std::size_t open = 1; ///< unanswered requests, and one until close()
  };

  std::shared_ptr<state> shared_;
};

} // namespace edgeless
