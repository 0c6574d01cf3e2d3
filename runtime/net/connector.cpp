// SPDX-License-Identifier: MIT
#include "runtime/net/handshake_loop.hpp"

#include "messages/errors.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <sys/epoll.h>

#include <algorithm>
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

void handshake_loop::start_dial(dial_order order) {
  auto id = ++last_id_;
  auto where = order.where;
  dial_state dial;
  dial.order = std::move(order);
  dial.deadline = clock::now() + settings_.dial;
  dial.attempt.deadline = dial.deadline;
  dial.reason = address_text(where) + ": the name was not resolved within "
                + duration_text(settings_.dial);
  dials_.emplace(id, std::move(dial));
  if (auto addresses = resolve(where, true))
    return on_addresses(id, std::move(addresses));
  resolver_->find(where,
                  [this, id, mailbox = mailbox_](name_lookup::addresses found) {
                    mailbox->post([this, id, found = std::move(found)] {
                      on_addresses(id, found);
                    });
                  });
}

void handshake_loop::on_addresses(connection_id id,
                                  name_lookup::addresses found) {
  auto i = dials_.find(id);
  if (i == dials_.end() || i->second.now != phase::lookup)
    return; // the dial has ended
  auto& dial = i->second;
  if (!found) {
    dial.reason = explain(found.error());
    return fail_dial(id);
  }
  dial.addresses = std::move(*found);
  std::reverse(dial.addresses.begin(), dial.addresses.end());
  try_next(id);
}

void handshake_loop::try_next(connection_id id) {
  auto& dial = dials_.at(id);
  auto now = clock::now();
  if (dial.addresses.empty() || dial.deadline <= now)
    return fail_dial(id);
  auto share
    = (dial.deadline - now) / static_cast<clock::rep>(dial.addresses.size());
  dial.now = phase::connect;
  dial.attempt = pending_connection{};
  dial.attempt.deadline = now + share;
  dial.attempt.address = dial.addresses.back();
  dial.addresses.pop_back();
  auto socket = start_connect(dial.attempt.address);
  if (!socket)
    return fail_attempt(id, explain(socket.error()));
  dial.attempt.socket = std::move(*socket);
  // Dialled connections count towards the total limit only.
  if (!dial.attempt.slot.take(limiter_,
                              "dialled " + to_string(dial.attempt.address)))
    return fail_attempt(id, "too many connections");
  if (!watch(dial.attempt.socket.get(), id, EPOLLOUT))
    return fail_attempt(id, "too many connections");
}

void handshake_loop::on_connected(connection_id id) {
  auto& dial = dials_.at(id);
  auto& x = dial.attempt;
  if (auto error = connect_error(x.socket); error != 0)
    return fail_attempt(id, cause(error));
  prepare_stream(x.socket.get());
  unwatch(x.socket.get());
  watch(x.socket.get(), id, EPOLLIN);
  if (!settings_.tls)
    return send_handshake(id);
  dial.now = phase::tls;
  x.tls = settings_.tls->dial(dial.order.peer);
  continue_tls(id);
}

void handshake_loop::continue_tls(connection_id id) {
  using enum tls_session::progress;
  auto& dial = dials_.at(id);
  auto& x = dial.attempt;
  auto result = x.tls->handshake(x.socket.get());
  if (result == failed) {
    journal_->refuse(x.tls->verdict(), to_string(x.address), x.tls->problem());
    return fail_attempt(id, std::string{x.tls->problem()});
  }
  watch_for(x, id, result);
  if (result != done)
    return;
  auto& name = dial.order.name;
  if (name.empty() || x.tls->peer().name == name)
    return send_handshake(id);
  auto who = to_string(x.tls->peer());
  journal_->refuse(refusal::identity_mismatch, to_string(x.address), who);
  fail_attempt(id, "the certificate of " + who + "; expected: "
                     + to_string(tls_identity{dial.order.peer, name}));
}

void handshake_loop::send_handshake(connection_id id) {
  auto& dial = dials_.at(id);
  auto& x = dial.attempt;
  x.validator = std::make_unique<frame_validator>(
    rules(false, dial.order.message_acl, x.tls.get()));
  auto n = byte_stream{x.socket.get(), x.tls.get()}.write(client_handshake_);
  if (n != static_cast<std::ptrdiff_t>(client_handshake_.size()))
    return fail_attempt(id, "peer closed the connection");
  dial.now = phase::handshake;
}

void handshake_loop::read_server_handshake(connection_id id) {
  auto& x = dials_.at(id).attempt;
  byte_stream bytes{x.socket.get(), x.tls.get()};
  while (!x.validator->has_handshake()) {
    auto n = bytes.read(x.validator->free_space());
    if (n == 0)
      return;
    if (n < 0)
      return fail_attempt(id, closed_reason(x.tls.get()));
    auto reason = x.validator->commit(static_cast<std::size_t>(n));
    if (reason == refusal::none)
      continue;
    journal_->refuse(reason, to_string(x.address),
                     x.tls ? to_string(x.tls->peer()) : "");
    return fail_attempt(id, "invalid handshake: reason="
                              + std::string{to_string(reason)});
  }
  if (!register_identity(x)) {
    journal_->refuse(refusal::identity_mismatch, to_string(x.address),
                     to_string(x.tls->peer()));
    return fail_attempt(id, "the node id in the handshake of "
                              + to_string(x.tls->peer())
                              + " belongs to another identity");
  }
  finish_dial(id);
}

/// An empty reason means that the deadline has passed.
void handshake_loop::fail_attempt(connection_id id, std::string reason) {
  auto& dial = dials_.at(id);
  if (dial.now != phase::lookup) {
    if (reason.empty())
      reason = "no answer within " + duration_text(settings_.dial);
    dial.reason = to_string(dial.attempt.address) + ": " + reason;
  }
  try_next(id);
}

void handshake_loop::fail_dial(connection_id id) {
  auto dial = dials_.extract(id);
  ++settings_.statistics->dials_failed;
  report_dial(dial.mapped().order.receiver, dial.mapped().order.text, nullptr,
              std::move(dial.mapped().reason));
}

void handshake_loop::finish_dial(connection_id id) {
  auto dial = dials_.extract(id);
  auto connection = finish(dial.mapped().attempt);
  connection.accepted = false;
  // CAF writes its handshake first, which the peer has got already.
  connection.sent = client_handshake_.size();
  auto scribe = make_basp_connection(system_, std::move(connection));
  // The rest of the dial's deadline.
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    dial.mapped().deadline - clock::now());
  system_.spawn<caf::hidden>(
    [broker = broker_, scribe, order = std::move(dial.mapped().order),
     deadline = std::max(left, std::chrono::milliseconds{1}),
     statistics = settings_.statistics](caf::event_based_actor* self) mutable {
      await_handle(self, broker, std::move(scribe), std::move(order), deadline,
                   std::move(statistics));
    });
}

} // namespace edgeless
