// SPDX-License-Identifier: MIT
#include "runtime/drivers/dda/shared_state.hpp"

#include <chrono>
#include <type_traits>
#include <utility>

namespace edgeless {

namespace {

namespace com = ::dda::com::v1;
namespace state = ::dda::state::v1;
namespace store = ::dda::store::v1;
using kind = dda_request::kind;
using result_handler = std::function<void(dda_result)>;

// -- results
// --------------------------------------------------------------------

template <class Ack>
void read_reply(const Ack&, dda_result&) {
  // nop
}

void read_reply(const store::Value& x, dda_result& to) {
  to.data = x.value();
}

void read_reply(const store::KeyValue& x, dda_result& to) {
  to.name = x.key();
  to.data = x.value();
}

void read_reply(const com::ActionResult& x, dda_result& to) {
  to.data = x.data();
}

void read_reply(const com::QueryResult& x, dda_result& to) {
  to.data = x.data();
}

// -- calls
// ----------------------------------------------------------------------

void prepare(grpc::ClientContext& x, const dda_options& options) {
  x.set_deadline(std::chrono::system_clock::now() + options.call_timeout);
  x.set_wait_for_ready(true);
}

/// A call with one reply. Lives until it is answered.
template <class Request, class Reply>
struct unary_call {
  shared_state_ptr shared;
  grpc::ClientContext context;
  Request request;
  Reply reply;
  result_handler on_done;

  void finish(const grpc::Status& status) {
    shared->leave(context);
    dda_result result;
    if (status.ok())
      read_reply(reply, result);
    else
      result.problem = text_of(status);
    on_done(std::move(result));
  }
};

template <class Stub, class Request, class Reply>
void start(const shared_state_ptr& shared, Stub* stub,
           void (Stub::*method)(grpc::ClientContext*, const Request*, Reply*,
                                std::function<void(grpc::Status)>),
           Request request, result_handler on_done) {
  auto x = std::make_shared<unary_call<Request, Reply>>();
  x->shared = shared;
  x->request = std::move(request);
  x->on_done = std::move(on_done);
  prepare(x->context, shared->options);
  if (!shared->enter(x->context))
    return x->on_done({"the connection is closed", {}, {}});
  (stub->*method)(&x->context, &x->request, &x->reply,
                  [x](const grpc::Status& status) { x->finish(status); });
}

/// A call with many replies, of which the first counts. Deletes itself.
template <class Reply>
class first_reply : public grpc::ClientReadReactor<Reply> {
public:
  first_reply(shared_state_ptr shared, bool may_be_empty,
              result_handler on_done)
    : shared_{std::move(shared)},
      may_be_empty_{may_be_empty}, on_done_{std::move(on_done)} {
    // nop
  }

  template <class Stub, class Request>
  static void start(const shared_state_ptr& shared, Stub* stub,
                    void (Stub::*method)(grpc::ClientContext*, const Request*,
                                         grpc::ClientReadReactor<Reply>*),
                    const Request& request, bool may_be_empty,
                    result_handler on_done) {
    auto* x = new first_reply{shared, may_be_empty, std::move(on_done)};
    prepare(x->context_, shared->options);
    if (!shared->enter(x->context_)) {
      x->on_done_({"the connection is closed", {}, {}});
      delete x;
      return;
    }
    (stub->*method)(&x->context_, &request, x);
    x->StartRead(&x->reply_);
    x->StartCall();
  }

  void OnReadDone(bool ok) override {
    has_reply_ = ok;
    if (ok)
      context_.TryCancel(); // the others are not wanted
  }

  void OnDone(const grpc::Status& status) override {
    shared_->leave(context_);
    dda_result result;
    if (has_reply_)
      read_reply(reply_, result);
    else if (!status.ok())
      result.problem = text_of(status);
    else if (!may_be_empty_)
      result.problem = "there was no result";
    on_done_(std::move(result));
    delete this;
  }

private:
  shared_state_ptr shared_;
  grpc::ClientContext context_;
  Reply reply_;
  bool has_reply_ = false;
  bool may_be_empty_;
  result_handler on_done_;
};

template <class T>
T published(const dda_request& x) {
  T result;
  result.set_type(x.name);
  result.set_id(x.id);
  result.set_source(x.source);
  return result;
}

template <class T>
T correlated(const dda_request& x) {
  T result;
  result.set_correlation_id(x.name);
  result.mutable_result()->set_data(x.data);
  return result;
}

state::Input input_of(const dda_request& x) {
  state::Input result;
  result.set_op(x.what == kind::propose_set ? state::INPUT_OPERATION_SET
                                            : state::INPUT_OPERATION_DELETE);
  result.set_key(x.name);
  result.set_value(x.data);
  return result;
}

store::Key key_of(const dda_request& x) {
  store::Key result;
  result.set_key(x.name);
  return result;
}

store::Range range_of(const dda_request& x) {
  store::Range result;
  result.set_start(x.name);
  result.set_end(x.end);
  return result;
}

} // namespace

void start_dda_call(const shared_state_ptr& shared, const dda_request& x,
                    std::function<void(dda_result)> done) {
  auto* com_async = shared->com_stub->async();
  auto* state_async = shared->state_stub->async();
  auto* store_async = shared->store_stub->async();
  using com_calls = std::remove_pointer_t<decltype(com_async)>;
  using state_calls = std::remove_pointer_t<decltype(state_async)>;
  using store_calls = std::remove_pointer_t<decltype(store_async)>;
  switch (x.what) {
  case kind::publish_event: {
    auto request = published<com::Event>(x);
    request.set_data(x.data);
    return start(shared, com_async, &com_calls::PublishEvent,
                 std::move(request), std::move(done));
  }
  case kind::publish_action: {
    auto request = published<com::Action>(x);
    request.set_params(x.data);
    return first_reply<com::ActionResult>::start(
      shared, com_async, &com_calls::PublishAction, request, false,
      std::move(done));
  }
  case kind::publish_query: {
    auto request = published<com::Query>(x);
    request.set_data(x.data);
    return first_reply<com::QueryResult>::start(
      shared, com_async, &com_calls::PublishQuery, request, false,
      std::move(done));
  }
  case kind::publish_action_result:
    return start(shared, com_async, &com_calls::PublishActionResult,
                 correlated<com::ActionResultCorrelated>(x), std::move(done));
  case kind::publish_query_result:
    return start(shared, com_async, &com_calls::PublishQueryResult,
                 correlated<com::QueryResultCorrelated>(x), std::move(done));
  case kind::propose_set:
  case kind::propose_delete:
    return start(shared, state_async, &state_calls::ProposeInput, input_of(x),
                 std::move(done));
  case kind::store_get:
    return start(shared, store_async, &store_calls::Get, key_of(x),
                 std::move(done));
  case kind::store_set: {
    store::KeyValue request;
    request.set_key(x.name);
    request.set_value(x.data);
    return start(shared, store_async, &store_calls::Set, std::move(request),
                 std::move(done));
  }
  case kind::store_delete:
    return start(shared, store_async, &store_calls::Delete, key_of(x),
                 std::move(done));
  case kind::store_delete_all:
    return start(shared, store_async, &store_calls::DeleteAll,
                 store::DeleteAllParams{}, std::move(done));
  case kind::store_delete_prefix:
    return start(shared, store_async, &store_calls::DeletePrefix, key_of(x),
                 std::move(done));
  case kind::store_delete_range:
    return start(shared, store_async, &store_calls::DeleteRange, range_of(x),
                 std::move(done));
  case kind::store_scan_prefix:
    return first_reply<store::KeyValue>::start(
      shared, store_async, &store_calls::ScanPrefix, key_of(x), true,
      std::move(done));
  case kind::store_scan_range:
    return first_reply<store::KeyValue>::start(
      shared, store_async, &store_calls::ScanRange, range_of(x), true,
      std::move(done));
  }
}

} // namespace edgeless
