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

std::string place(const url& x) {
  auto host
    = x.host.find(':') != std::string::npos ? "[" + x.host + "]" : x.host;
  return host + ":" + std::to_string(x.port);
}

/// A peer that does not like our certificate says so after our handshake.
std::string why_ended(const tls_session* tls) {
  return tls != nullptr && tls->verdict() == refusal::bad_certificate
           ? tls->problem()
           : "hung up before its handshake";
}

/// Waits for CAF to make a handle of the peer's handshake.
void await_handle(caf::event_based_actor* self, const caf::actor& broker,
                  caf::io::scribe_ptr scribe, dial_order order,
                  std::chrono::milliseconds deadline,
                  std::shared_ptr<transport_statistics> statistics) {
  auto failed = [order, statistics](const std::string& why) {
    ++statistics->dials_failed;
    report_dial(order.whom, order.text, nullptr,
                place(order.where) + ": " + why);
  };
  self
    ->request(broker, deadline, caf::connect_atom_v, std::move(scribe),
              order.where.port)
    .then(
      [order, failed, statistics](caf::node_id&, caf::strong_actor_ptr& handle,
                                  std::set<std::string>&) {
        if (!handle)
          return failed("nobody is at home");
        ++statistics->dialled;
        report_dial(order.whom, order.text, std::move(handle), "");
      },
      [failed](const caf::error& error) { failed(explain(error)); });
}

} // namespace

void handshake_loop::look_up(dial_order order) {
  auto id = ++last_id_;
  auto where = order.where;
  dial_state dial;
  dial.order = std::move(order);
  dial.deadline = clock::now() + settings_.dial;
  dial.attempt.deadline = dial.deadline;
  dial.reason = place(where) + ": the name was not resolved within "
                + duration_text(settings_.dial);
  dials_.emplace(id, std::move(dial));
  if (auto addresses = resolve(where, true))
    return begin(id, std::move(addresses));
  lookup_->find(where, [this, id, mail = mail_](name_lookup::addresses found) {
    mail->post([this, id, found = std::move(found)] { begin(id, found); });
  });
}

void handshake_loop::begin(connection_id id, name_lookup::addresses found) {
  auto i = dials_.find(id);
  if (i == dials_.end() || i->second.now != stage::lookup)
    return; // too late
  auto& dial = i->second;
  if (!found) {
    dial.reason = explain(found.error());
    return give_up(id);
  }
  dial.addresses = std::move(*found);
  std::reverse(dial.addresses.begin(), dial.addresses.end());
  try_next(id);
}

void handshake_loop::try_next(connection_id id) {
  auto& dial = dials_.at(id);
  auto now = clock::now();
  if (dial.addresses.empty() || dial.deadline <= now)
    return give_up(id);
  auto share
    = (dial.deadline - now) / static_cast<clock::rep>(dial.addresses.size());
  dial.now = stage::connect;
  dial.attempt = unfinished{};
  dial.attempt.deadline = now + share;
  dial.attempt.address = dial.addresses.back();
  dial.addresses.pop_back();
  auto socket = start_connect(dial.attempt.address);
  if (!socket)
    return fail_attempt(id, explain(socket.error()));
  dial.attempt.socket = std::move(*socket);
  // Dialling has no cap per address, but its connections count.
  if (!dial.attempt.slot.take(book_,
                              "dialled " + to_string(dial.attempt.address)))
    return fail_attempt(id, "too many connections");
  if (!watch(dial.attempt.socket.get(), id, EPOLLOUT))
    return fail_attempt(id, "too many connections");
}

void handshake_loop::connected(connection_id id) {
  auto& dial = dials_.at(id);
  auto& x = dial.attempt;
  if (auto error = connect_error(x.socket); error != 0)
    return fail_attempt(id, cause(error));
  prepare_stream(x.socket.get());
  unwatch(x.socket.get());
  watch(x.socket.get(), id, EPOLLIN);
  if (!settings_.tls)
    return greet(id);
  dial.now = stage::secure;
  x.tls = settings_.tls->dial(dial.order.peer);
  secure(id);
}

void handshake_loop::secure(connection_id id) {
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
    return greet(id);
  auto who = to_string(x.tls->peer());
  journal_->refuse(refusal::identity_mismatch, to_string(x.address), who);
  fail_attempt(id, "the certificate of " + who + "; expected: "
                     + to_string(tls_identity{dial.order.peer, name}));
}

void handshake_loop::greet(connection_id id) {
  auto& dial = dials_.at(id);
  auto& x = dial.attempt;
  x.check = std::make_unique<frame_validator>(
    rules(false, dial.order.message_acl, x.tls.get()));
  auto n = byte_stream{x.socket.get(), x.tls.get()}.write(hello_);
  if (n != static_cast<std::ptrdiff_t>(hello_.size()))
    return fail_attempt(id, "hung up at once");
  dial.now = stage::greet;
}

void handshake_loop::hear_back(connection_id id) {
  auto& x = dials_.at(id).attempt;
  byte_stream bytes{x.socket.get(), x.tls.get()};
  while (!x.check->greeted()) {
    auto n = bytes.read(x.check->room());
    if (n == 0)
      return;
    if (n < 0)
      return fail_attempt(id, why_ended(x.tls.get()));
    auto reason = x.check->added(static_cast<std::size_t>(n));
    if (reason == refusal::none)
      continue;
    journal_->refuse(reason, to_string(x.address),
                     x.tls ? to_string(x.tls->peer()) : "");
    return fail_attempt(id, "no program of ours: "
                              + std::string{to_string(reason)});
  }
  if (!is_itself(x)) {
    journal_->refuse(refusal::identity_mismatch, to_string(x.address),
                     to_string(x.tls->peer()));
    return fail_attempt(id,
                        to_string(x.tls->peer()) + " passes for somebody else");
  }
  hand_over(id);
}

/// An empty reason means that the deadline has passed.
void handshake_loop::fail_attempt(connection_id id, std::string reason) {
  auto& dial = dials_.at(id);
  if (dial.now != stage::lookup) {
    if (reason.empty())
      reason = "no answer within " + duration_text(settings_.dial);
    dial.reason = to_string(dial.attempt.address) + ": " + reason;
  }
  try_next(id);
}

void handshake_loop::give_up(connection_id id) {
  auto dial = dials_.extract(id);
  ++settings_.statistics->dials_failed;
  report_dial(dial.mapped().order.whom, dial.mapped().order.text, nullptr,
              std::move(dial.mapped().reason));
}

void handshake_loop::hand_over(connection_id id) {
  auto dial = dials_.extract(id);
  auto connection = finish(dial.mapped().attempt);
  connection.accepted = false;
  // CAF greets first thing; the peer has heard that already.
  connection.sent = hello_.size();
  auto scribe = make_basp_connection(system_, std::move(connection));
  // One deadline for all of it: whoever asked waits no longer than that.
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
