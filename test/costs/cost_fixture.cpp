// SPDX-License-Identifier: MIT
#include "test/costs/cost_fixture.hpp"

#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>

namespace edgeless::test {

std::string numbered_payload(std::uint32_t n) {
  std::string result(16, '\0');
  std::memcpy(result.data(), &n, sizeof n);
  return result;
}

progress lean_guest::run() noexcept {
  for (;;) {
    ++requests_;
    if (calls_left_ > 0) {
      --calls_left_;
      auto payload = std::array<char, 16>{};
      if (!host_.call("out", {payload.data(), payload.size()}))
        return progress::waiting;
      continue;
    }
    auto* x = host_.next();
    if (x == nullptr)
      return progress::idle;
    handle(*x);
  }
}

void lean_guest::answer(call_result x) noexcept {
  if (x.kind != event_kind::reply)
    std::abort();
}

std::string lean_guest::fault() const {
  return {};
}

void lean_guest::handle(const guest_event& x) {
  if (x.kind == hook::call) {
    ++requests_;
    host_.done({event_kind::reply, x.payload});
  }
  if (x.kind != hook::cast || task_ == guest_task::idle)
    return;
  std::uint32_t n = 0;
  std::memcpy(&n, x.payload.data(), sizeof n);
  if (task_ == guest_task::burst)
    for (std::uint32_t i = 0; i < n; ++i)
      cast(0);
  else if (task_ == guest_task::countdown && n > 0)
    cast(n - 1);
  else if (task_ == guest_task::calls)
    calls_left_ = n;
}

void lean_guest::cast(std::uint32_t n) {
  std::array<char, 16> payload{};
  std::memcpy(payload.data(), &n, sizeof n);
  ++requests_;
  host_.cast("out", {payload.data(), payload.size()});
}

cost_fixture::cost_fixture()
  : net_{std::make_shared<scripted_transport>()},
    here{make_node("http://here:7002")}, there{make_node("http://there:7002")} {
  // nop
}

cost_fixture::node cost_fixture::make_node(const std::string& url) {
  node x;
  x.registry = std::make_shared<instance_registry>(any<node_id>());
  x.egress
    = keep(egress_actor{system.spawn(egress, x.registry, net_, random, url)});
  x.ingress = keep(ingress_actor{system.spawn(ingress, x.registry, x.egress)});
  x.url = url;
  return x;
}

cost_fixture::node& cost_fixture::node_of(const endpoint& x) {
  assert(x.node == here.registry->self || x.node == there.registry->self);
  return x.node == here.registry->self ? here : there;
}

/// Serializes a batch into a buffer and deserializes it, as CAF's broker does.
caf::strong_actor_ptr cost_fixture::connection_to(const ingress_actor& remote) {
  auto made = system.spawn([remote](
                             caf::event_based_actor* me) -> caf::behavior {
    auto buffer = std::make_shared<std::vector<char>>();
    return {
      [me, remote](atom::greet, greeting& x) {
        return me->delegate(remote, atom::greet_v, std::move(x));
      },
      [me, remote, buffer](atom::deliver, std::uint64_t link, const batch& x) {
        buffer->clear();
        caf::binary_serializer out{me->system(), *buffer};
        REQUIRE(!out(const_cast<batch&>(x)));
        batch copy;
        caf::binary_deserializer in{me->system(), *buffer};
        REQUIRE(!in(copy));
        return me->delegate(remote, atom::deliver_v, link, std::move(copy));
      },
    };
  });
  keep(made);
  return caf::actor_cast<caf::strong_actor_ptr>(made);
}

endpoint cost_fixture::add(node& host, guest_task task, const endpoint& out) {
  endpoint result{host.registry->self, {}, any<physical_id>(), host.url, {}};
  function_options options;
  options.id = result.instance;
  options.spec.id = any<logical_id>();
  options.code = code;
  if (!code)
    options.code = std::make_shared<lean_class>(task, requests_);
  options.room
    = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
  options.registry = host.registry;
  options.egress = host.egress;
  options.telemetry = spawn_double<telemetry_actor>();
  options.node = spawn_double<node_actor>();
  auto room = options.room;
  instance_actor made
    = keep(instance_actor{system.spawn<function_instance>(std::move(options))});
  host.registry->add(result.instance, {made, room, {}});
  output_map outputs{1, {}};
  if (out)
    outputs.channels["out"] = out;
  REQUIRE(ask<atom::ok>(made, atom::activate_v, outputs,
                        std::string(1, "nbvc"[static_cast<int>(task)]),
                        instance_id{}));
  return result;
}

void cost_fixture::connect(const endpoint& from, const endpoint& to) {
  auto found = node_of(from).registry->find(from.instance);
  REQUIRE(found);
  tell(caf::actor_cast<instance_actor>(found->sink), atom::patch_v,
       output_map{2, {{"out", to}}});
}

cost cost_fixture::total() const {
  return {allocations(), messages_, requests_,
          here.registry->counts.dropped() + there.registry->counts.dropped()};
}

cost cost_fixture::cost_of_cast(const endpoint& target, std::uint32_t n) {
  auto& registry = *node_of(target).registry;
  auto found = registry.find(target.instance);
  REQUIRE(found);
  auto x = cast_of({}, numbered_payload(n));
  registry.counts.count_sent(1);
  REQUIRE(found->room->take(x.payload.size()));
  auto before = total();
  caf::anon_send(found->sink, atom::deliver_v, events{std::move(x)});
  run();
  return total() - before;
}

/// Runs actors, each of which handles one message at a time, and establishes
/// the connections that they ask for.
void cost_fixture::run() {
  for (;;) {
    while (scheduler().try_run_once())
      ++messages_;
    if (net_->dials.empty())
      return;
    auto [where, receiver] = net_->dials.back();
    net_->dials.pop_back();
    auto& remote = where == here.url ? here : there;
    caf::anon_send(caf::actor_cast<caf::actor>(receiver), atom::dialled_v,
                   where, connection_to(remote.ingress), std::string{});
  }
}

} // namespace edgeless::test
