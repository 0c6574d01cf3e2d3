// SPDX-License-Identifier: MIT
#include "runtime/drivers/dda/shared_state.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace edgeless {

namespace {

namespace com = ::dda::com::v1;
namespace state = ::dda::state::v1;

bool read_message(const com::Event& x, dda_message& to) {
  to.data = x.data();
  return true;
}

bool read_message(const com::ActionCorrelated& x, dda_message& to) {
  to.name = x.correlation_id();
  to.data = x.action().params();
  return true;
}

bool read_message(const com::QueryCorrelated& x, dda_message& to) {
  to.name = x.correlation_id();
  to.data = x.query().data();
  return true;
}

bool read_message(const state::Input& x, dda_message& to) {
  to.name = x.key();
  to.data = x.value();
  to.is_set = x.op() == state::INPUT_OPERATION_SET;
  return to.is_set || x.op() == state::INPUT_OPERATION_DELETE;
}

bool read_message(const state::MembershipChange& x, dda_message& to) {
  to.name = x.id();
  to.is_set = x.joined();
  return true;
}

/// Runs on a thread of its own, which the end of a connection does not wait
/// for.
class subscription : public std::enable_shared_from_this<subscription> {
public:
  shared_state_ptr shared;
  dda_subscription what;
  dda_connection::message_handler on_message;
  std::function<void(const std::string&)> on_end;

  void run() {
    auto pause = shared->options.pause_min;
    for (;;) {
      auto has_messages = read_stream();
      std::unique_lock guard{shared->mutex};
      if (has_messages)
        pause = shared->options.pause_min;
      if (shared->changed.wait_for(guard, pause,
                                   [this] { return shared->is_closed; }))
        break;
      pause = std::min(2 * pause, shared->options.pause_max);
    }
    on_message = {};
    on_end = {};
  }

private:
  using pattern = dda_subscription::pattern;

  bool read_stream() {
    com::SubscriptionFilter filter;
    filter.set_type(what.type);
    grpc::ClientContext context;
    context.set_wait_for_ready(false);
    auto* com_stub = shared->com_stub.get();
    auto* state_stub = shared->state_stub.get();
    switch (what.what) {
    case pattern::event:
      return read_all<com::Event>(
        context, [&] { return com_stub->SubscribeEvent(&context, filter); });
    case pattern::action:
      return read_all<com::ActionCorrelated>(
        context, [&] { return com_stub->SubscribeAction(&context, filter); });
    case pattern::query:
      return read_all<com::QueryCorrelated>(
        context, [&] { return com_stub->SubscribeQuery(&context, filter); });
    case pattern::input:
      return read_all<state::Input>(
        context, [&] { return state_stub->ObserveStateChange(&context, {}); });
    default:
      return read_all<state::MembershipChange>(context, [&] {
        return state_stub->ObserveMembershipChange(&context, {});
      });
    }
  }

  /// Until the stream ends. Whether a message has come.
  template <class Message, class Open>
  bool read_all(grpc::ClientContext& context, Open open) {
    if (!shared->enter(context))
      return false;
    auto has_messages = false;
    auto reader = open();
    for (Message x; reader->Read(&x); has_messages = true) {
      dda_message message;
      if (!read_message(x, message))
        continue;
      std::unique_lock guard{shared->mutex};
      shared->changed.wait(guard, [this] {
        return pending_ < shared->options.window || shared->is_closed;
      });
      if (shared->is_closed)
        break;
      ++pending_;
      guard.unlock();
      on_message(std::move(message), [me = shared_from_this()] {
        std::unique_lock inner{me->shared->mutex};
        --me->pending_;
        me->shared->changed.notify_all();
      });
    }
    context.TryCancel();
    auto status = reader->Finish();
    shared->leave(context);
    on_end(text_of(status));
    return has_messages;
  }

  std::size_t pending_ = 0;
};

} // namespace

void start_dda_subscription(const shared_state_ptr& shared,
                            const dda_subscription& x,
                            dda_connection::message_handler on_message,
                            std::function<void(const std::string&)> on_end) {
  auto made = std::make_shared<subscription>();
  made->shared = shared;
  made->what = x;
  made->on_message = std::move(on_message);
  made->on_end = std::move(on_end);
  std::thread{[made] {
    made->run();
  }}.detach();
}

} // namespace edgeless
