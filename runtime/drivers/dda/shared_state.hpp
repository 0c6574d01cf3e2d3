// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/drivers/dda.hpp"

#include <com.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <state.grpc.pb.h>
#include <store.grpc.pb.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace edgeless {

/// What subscriptions and calls share with the connection.
struct shared_state {
  explicit shared_state(const dda_options& x) : options{x} {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(static_cast<int>(x.message_bytes));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
    auto channel = grpc::CreateCustomChannel(
      x.target,
      x.uses_tls ? grpc::SslCredentials({})
                 : grpc::InsecureChannelCredentials(),
      arguments);
    com_stub = ::dda::com::v1::ComService::NewStub(channel);
    state_stub = ::dda::state::v1::StateService::NewStub(channel);
    store_stub = ::dda::store::v1::StoreService::NewStub(channel);
  }

  /// The context is cancelled when the connection closes. False: it has.
  bool enter(grpc::ClientContext& x) {
    std::unique_lock guard{mutex};
    if (!is_closed)
      contexts.insert(&x);
    return !is_closed;
  }

  void leave(grpc::ClientContext& x) {
    std::unique_lock guard{mutex};
    contexts.erase(&x);
  }

  void close() {
    std::unique_lock guard{mutex};
    is_closed = true;
    for (auto* x : contexts)
      x->TryCancel();
    changed.notify_all();
  }

  const dda_options options;
  std::unique_ptr<::dda::com::v1::ComService::Stub> com_stub;
  std::unique_ptr<::dda::state::v1::StateService::Stub> state_stub;
  std::unique_ptr<::dda::store::v1::StoreService::Stub> store_stub;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<grpc::ClientContext*> contexts;
  bool is_closed = false;
};

using shared_state_ptr = std::shared_ptr<shared_state>;

inline std::string text_of(const grpc::Status& x) {
  return x.error_message().empty()
           ? "gRPC status " + std::to_string(x.error_code())
           : x.error_message();
}

/// dda_connection::call().
void start_dda_call(const shared_state_ptr& shared, const dda_request& x,
                    std::function<void(dda_result)> done);

/// dda_connection::subscribe().
void start_dda_subscription(const shared_state_ptr& shared,
                            const dda_subscription& x,
                            dda_connection::message_handler on_message,
                            std::function<void(const std::string&)> on_end);

} // namespace edgeless
