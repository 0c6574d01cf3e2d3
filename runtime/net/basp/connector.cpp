// SPDX-License-Identifier: MIT
#include "runtime/net/basp/connector.hpp"

#include "messages/errors.hpp"
#include "messages/interfaces.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <set>

namespace edgeless {

namespace {

std::string duration_text(std::chrono::milliseconds x) {
  return x.count() % 1000 == 0 ? std::to_string(x.count() / 1000) + " s"
                               : std::to_string(x.count()) + " ms";
}

std::string address_text(const url& x) {
  auto host
    = x.host.find(':') != std::string::npos ? "[" + x.host + "]" : x.host;
  return host + ":" + std::to_string(x.port);
}

/// A peer refuses our certificate after our side of the TLS handshake is done.
std::string closed_reason(const tls_session* tls) {
  return tls != nullptr && tls->verdict() == refusal::bad_certificate
           ? tls->problem()
           : "peer closed the connection before its handshake";
}

void report_failure(const dial_order& order, std::string reason) {
  if (order.probed)
    order.probed(std::move(reason));
  else
    report_dial(order.receiver, order.text, nullptr, std::move(reason));
}

/// A handshake in the name of another process: the peer may be connected with
/// this one already.
std::string anonymous(std::string handshake) {
  static const auto random = os_random();
  for (auto i
       = frame_header::size + sizeof(std::uint64_t) + sizeof(std::uint32_t);
       i < handshake.size(); ++i)
    handshake[i] = static_cast<char>(random());
  return handshake;
}

/// Requests the handle of the peer's published actor from CAF's broker.
void await_handle(caf::event_based_actor* self, const caf::actor& broker,
                  caf::io::scribe_ptr scribe, dial_order order,
                  std::chrono::milliseconds deadline,
                  std::shared_ptr<transport_statistics> statistics) {
  auto failed = [order, statistics](const std::string& why) {
    ++statistics->dials_failed;
    report_dial(order.receiver, order.text, nullptr,
                address_text(order.where) + ": " + why);
  };
  self
    ->request(broker, deadline, caf::connect_atom_v, std::move(scribe),
              order.where.port)
    .then(
      [order, failed, statistics](caf::node_id&, caf::strong_actor_ptr& handle,
                                  std::set<std::string>&) {
        if (!handle)
          return failed("the peer has published no actor on this port");
        ++statistics->dialled;
        report_dial(order.receiver, order.text, std::move(handle), "");
      },
      [failed](const caf::error& error) { failed(explain(error)); });
}

} // namespace

void report_dial(const caf::strong_actor_ptr& receiver, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason) {
  if (receiver)
    receiver->enqueue(nullptr, caf::make_message_id(),
                      caf::make_message(atom::dialled_v, text,
                                        std::move(handle), std::move(reason)),
                      nullptr);
}

basp_connector::basp_connector(handshake_context& context)
  : context_(context),
    resolver_(std::make_shared<name_lookup>(context.settings.max_lookups)),
    client_handshake_(client_handshake(context.system)) {
  // nop
}

basp_connector::~basp_connector() {
  for (auto& [id, dial] : dials_)
    report_failure(dial.order, "dial cancelled: the transport is closing");
}

void basp_connector::dial(dial_order order) {
  auto id = context_.next_id();
  auto where = order.where;
  auto& settings = context_.settings;
  dial_state dial;
  dial.order = std::move(order);
  dial.deadline = handshake_clock::now() + settings.dial;
  dial.attempt.deadline = dial.deadline;
  dial.reason = address_text(where) + ": the name was not resolved within "
                + duration_text(settings.dial);
  dials_.emplace(id, std::move(dial));
  if (auto addresses = resolve(where, true))
    return on_addresses(id, std::move(addresses));
  resolver_->find(where, [this, id, mailbox = context_.mailbox](
                           name_lookup::addresses found) {
    mailbox->post(
      [this, id, found = std::move(found)] { on_addresses(id, found); });
  });
}

bool basp_connector::continue_dial(event_id id) {
  auto i = dials_.find(id);
  if (i == dials_.end())
    return false;
  auto& dial = i->second;
  assert(dial.now != phase::lookup);
  if (dial.now == phase::connect)
    on_connected(id, dial);
  else if (dial.now == phase::tls)
    continue_tls(id, dial);
  else
    read_handshake(id, dial);
  return true;
}

void basp_connector::on_addresses(event_id id, name_lookup::addresses found) {
  auto i = dials_.find(id);
  if (i == dials_.end() || i->second.now != phase::lookup)
    return; // the dial has ended
  auto& dial = i->second;
  if (!found) {
    dial.reason = explain(found.error());
    return fail_dial(id);
  }
  dial.addresses = std::move(*found);
  std::ranges::reverse(dial.addresses);
  try_next(id);
}

void basp_connector::try_next(event_id id) {
  auto& dial = dials_.at(id);
  auto now = handshake_clock::now();
  if (dial.addresses.empty() || dial.deadline <= now)
    return fail_dial(id);
  auto share = (dial.deadline - now)
               / static_cast<handshake_clock::rep>(dial.addresses.size());
  dial.now = phase::connect;
  dial.attempt = pending_connection{};
  auto& x = dial.attempt;
  x.deadline = now + share;
  x.address = dial.addresses.back();
  dial.addresses.pop_back();
  auto socket = start_connect(x.address);
  if (!socket)
    return fail_attempt(id, explain(socket.error()));
  x.socket = std::move(*socket);
  // Dialled connections count towards the total limit only.
  if (!x.slot.take(context_.limiter, "dialled " + to_string(x.address))
      || !context_.watch(x.socket, id, EPOLLOUT))
    fail_attempt(id, "too many connections");
}

void basp_connector::on_connected(event_id id, dial_state& dial) {
  auto& x = dial.attempt;
  if (auto error = connect_error(x.socket); error != 0)
    return fail_attempt(id, cause(error));
  prepare_stream(x.socket.get());
  context_.unwatch(x.socket);
  context_.watch(x.socket, id, EPOLLIN);
  if (!context_.settings.tls)
    return send_handshake(id, dial);
  dial.now = phase::tls;
  x.tls = context_.settings.tls->dial(dial.order.peer);
  continue_tls(id, dial);
}

void basp_connector::continue_tls(event_id id, dial_state& dial) {
  auto& x = dial.attempt;
  auto result = context_.continue_tls(x, id);
  if (result == tls_session::progress::failed) {
    context_.refuse(x, x.tls->verdict(), x.tls->problem());
    return fail_attempt(id, x.tls->problem());
  }
  if (result != tls_session::progress::done)
    return;
  auto& name = dial.order.name;
  if (name.empty() || x.tls->peer().name == name)
    return send_handshake(id, dial);
  context_.refuse(x, refusal::identity_mismatch, identity_text(x));
  fail_attempt(id, "the certificate of " + identity_text(x) + "; expected: "
                     + to_string(tls_identity{dial.order.peer, name}));
}

void basp_connector::send_handshake(event_id id, dial_state& dial) {
  auto& x = dial.attempt;
  x.validator = std::make_unique<frame_validator>(
    context_.rules(false, dial.order.message_acl, x.tls.get()));
  auto& own = client_handshake_;
  auto sent = dial.order.probed ? anonymous(own) : own;
  auto n = byte_stream{x.socket.get(), x.tls.get()}.write(sent);
  if (n != static_cast<std::ptrdiff_t>(sent.size()))
    return fail_attempt(id, "peer closed the connection");
  dial.now = phase::handshake;
}

void basp_connector::read_handshake(event_id id, dial_state& dial) {
  using enum handshake_context::progress;
  auto& x = dial.attempt;
  auto reason = refusal::none;
  switch (context_.read_handshake(x, reason)) {
  case done:
    return dial.order.probed ? finish_probe(id) : finish_dial(id);
  case incomplete:
    return;
  case closed:
    return fail_attempt(id, closed_reason(x.tls.get()));
  case refused:
    break;
  }
  fail_attempt(
    id, reason == refusal::identity_mismatch
          ? "the node id in the handshake of " + identity_text(x)
              + " belongs to another identity"
        : reason == refusal::other_application
          ? "the peer speaks another version of the protocol than "
              + std::string{application_id} + ": run programs of one version"
          : "invalid handshake: reason=" + std::string{to_string(reason)});
}

/// An empty reason means that the deadline has passed.
void basp_connector::fail_attempt(event_id id, std::string reason) {
  auto& dial = dials_.at(id);
  if (dial.now != phase::lookup) {
    if (reason.empty())
      reason = "no answer within " + duration_text(context_.settings.dial);
    dial.reason = to_string(dial.attempt.address) + ": " + reason;
  }
  try_next(id);
}

void basp_connector::fail_dial(event_id id) {
  auto dial = dials_.extract(id);
  ++context_.settings.statistics->dials_failed;
  report_failure(dial.mapped().order, std::move(dial.mapped().reason));
}

void basp_connector::finish_probe(event_id id) {
  auto& dial = dials_.at(id);
  if (dial.attempt.validator->peer() != dial.order.process)
    return fail_attempt(id, "another process answers there");
  dials_.extract(id).mapped().order.probed("");
}

void basp_connector::finish_dial(event_id id) {
  auto node = dials_.extract(id);
  auto& dial = node.mapped();
  // CAF writes its handshake first, which the peer has got already.
  auto scribe = context_.release(std::move(dial.attempt), false,
                                 client_handshake_.size());
  // The rest of the dial's deadline.
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    dial.deadline - handshake_clock::now());
  context_.system.spawn<caf::hidden>(
    [broker = context_.broker, scribe, order = std::move(dial.order),
     deadline = std::max(left, std::chrono::milliseconds{1}),
     statistics
     = context_.settings.statistics](caf::event_based_actor* self) mutable {
      await_handle(self, broker, std::move(scribe), std::move(order), deadline,
                   std::move(statistics));
    });
}

handshake_clock::time_point basp_connector::next_deadline() const {
  auto result = handshake_clock::time_point::max();
  for (auto& [id, x] : dials_)
    result = std::min({result, x.deadline, x.attempt.deadline});
  return result;
}

void basp_connector::expire(handshake_clock::time_point now) {
  std::vector<event_id> expired;
  for (auto& [id, x] : dials_)
    if (std::min(x.deadline, x.attempt.deadline) <= now)
      expired.push_back(id);
  for (auto id : expired)
    fail_attempt(id, "");
}

} // namespace edgeless
