// SPDX-License-Identifier: MIT
#include "actors/resources/outlet.hpp"

#include "messages/limits.hpp"

#include <utility>

namespace edgeless {

bool outlet::cast(std::string channel, std::string payload,
                  acceptance_handler on_accepted) {
  auto bytes = payload.size();
  return push(cast_request{std::move(channel), std::move(payload),
                           std::move(on_accepted)},
              bytes);
}

bool outlet::call(call_request x) {
  auto bytes = x.payload.size();
  if (is_closed()) {
    x.on_reply({{event_kind::error, {}}, false, std::move(x.payload)});
    return true;
  }
  return push(std::move(x), bytes);
}

bool outlet::is_closed() const {
  std::unique_lock guard{mutex_};
  return closed_;
}

bool outlet::push(item x, std::size_t bytes) {
  std::unique_lock guard{mutex_};
  // An empty queue has room for any payload.
  if (closed_ || requests_ >= limits::outlet_events
      || (requests_ > 0 && bytes_ + bytes > limits::outlet_bytes))
    return false;
  auto was_empty = items_.empty();
  items_.push_back(std::move(x));
  ++requests_;
  bytes_ += bytes;
  if (was_empty)
    wake_();
  return true;
}

void outlet::finish(std::uint64_t ticket, caf::expected<std::string> answer) {
  std::unique_lock guard{mutex_};
  if (closed_)
    return;
  auto was_empty = items_.empty();
  items_.push_back(outcome{ticket, std::move(answer)});
  if (was_empty)
    wake_();
}

bool outlet::save(std::string state) {
  std::unique_lock guard{mutex_};
  if (closed_ || state.size() > limits::state)
    return false;
  auto was_empty = items_.empty();
  std::erase_if(items_,
                [](auto& x) { return std::holds_alternative<saved_state>(x); });
  items_.push_back(saved_state{std::move(state)});
  if (was_empty)
    wake_();
  return true;
}

std::vector<outlet::item> outlet::take() {
  std::unique_lock guard{mutex_};
  requests_ = 0;
  bytes_ = 0;
  return std::exchange(items_, {});
}

void outlet::close() {
  {
    std::unique_lock guard{mutex_};
    closed_ = true;
  }
  for (auto& x : take())
    if (auto* call = std::get_if<call_request>(&x))
      call->on_reply(
        {{event_kind::error, {}}, false, std::move(call->payload)});
    else if (auto* cast = std::get_if<cast_request>(&x);
             cast && cast->on_accepted)
      cast->on_accepted(false);
}

} // namespace edgeless
