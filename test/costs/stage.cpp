// SPDX-License-Identifier: MIT
#include "test/costs/stage.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

namespace edgeless::test {

std::string numbered(std::uint32_t n) {
  std::string result(16, '\0');
  std::memcpy(result.data(), &n, sizeof n);
  return result;
}

progress lean_guest::run() noexcept {
  for (;;) {
    ++asked_;
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
    ++asked_;
    host_.done({event_kind::reply, x.payload});
  }
  if (x.kind != hook::cast || task_ == errand::nothing)
    return;
  std::uint32_t n = 0;
  std::memcpy(&n, x.payload.data(), sizeof n);
  if (task_ == errand::burst)
    for (std::uint32_t i = 0; i < n; ++i)
      cast(0);
  else if (task_ == errand::volley && n > 0)
    cast(n - 1);
  else if (task_ == errand::calls)
    calls_left_ = n;
}

void lean_guest::cast(std::uint32_t n) {
  std::array<char, 16> payload{};
  std::memcpy(payload.data(), &n, sizeof n);
  ++asked_;
  host_.cast("out", {payload.data(), payload.size()});
}

stage::stage()
  : net_{std::make_shared<scripted_transport>()}, here{make_provider_context(
                                          "http://here:7002")},
    there{make_provider_context("http://there:7002")} {
  // nop
}

stage::context stage::make_provider_context(const std::string& url) {
  context x;
  x.registry = std::make_shared<instance_registry>(any<node_id>());
  x.egress
    = keep(egress_actor{system.spawn(egress, x.registry, net_, random, url)});
  x.ingress = keep(ingress_actor{system.spawn(ingress, x.registry, x.egress)});
  x.url = url;
  return x;
}

/// As CAF's broker does it: writes a batch into a buffer, and reads it from
/// there.
caf::strong_actor_ptr stage::cable_to(const ingress_actor& far) {
  auto made = system.spawn([far](caf::event_based_actor* me) -> caf::behavior {
    auto buffer = std::make_shared<std::vector<char>>();
    return {
      [me, far](atom::greet, greeting& x) {
        return me->delegate(far, atom::greet_v, std::move(x));
      },
      [me, far, buffer](atom::deliver, std::uint64_t link, const batch& x) {
        buffer->clear();
        caf::binary_serializer out{me->system(), *buffer};
        REQUIRE(!out(const_cast<batch&>(x)));
        batch copy;
        caf::binary_deserializer in{me->system(), *buffer};
        REQUIRE(!in(copy));
        return me->delegate(far, atom::deliver_v, link, std::move(copy));
      },
    };
  });
  keep(made);
  return caf::actor_cast<caf::strong_actor_ptr>(made);
}

endpoint stage::add(context& where, errand task, const endpoint& out) {
  endpoint at{where.registry->self, {}, any<physical_id>(), where.url, {}};
  function_options options;
  options.id = at.instance;
  options.spec.id = any<logical_id>();
  options.code = code;
  if (!code)
    options.code = std::make_shared<lean_class>(task, requests_);
  options.room
    = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
  options.registry = where.registry;
  options.egress = where.egress;
  options.telemetry = spawn_double<telemetry_actor>();
  options.node = spawn_double<node_actor>();
  auto room = options.room;
  instance_actor made
    = keep(instance_actor{system.spawn<function_instance>(std::move(options))});
  where.registry->add(at.instance, {made, room, {}});
  output_map outputs{1, {}};
  if (out)
    outputs.channels["out"] = out;
  REQUIRE(ask<atom::ok>(made, atom::activate_v, outputs,
                        std::string(1, "nbvc"[static_cast<int>(task)]),
                        instance_id{}));
  return at;
}

void stage::lead(const endpoint& from, const endpoint& to) {
  auto& registry
    = from.node == here.registry->self ? *here.registry : *there.registry;
  auto who = registry.find(from.instance);
  tell(caf::actor_cast<instance_actor>(who->sink), atom::patch_v,
       output_map{2, {{"out", to}}});
}

cost stage::so_far() const {
  return {allocations(), messages_, requests_,
          here.registry->counts.dropped() + there.registry->counts.dropped()};
}

cost stage::spend(const endpoint& whom, std::uint32_t n) {
  auto& registry
    = whom.node == here.registry->self ? *here.registry : *there.registry;
  auto target = registry.find(whom.instance);
  auto x = cast_of({}, numbered(n));
  registry.counts.count_sent(1);
  REQUIRE(target->room->take(x.payload.size()));
  auto before = so_far();
  caf::anon_send(target->sink, atom::deliver_v, events{std::move(x)});
  run();
  return so_far() - before;
}

/// Each run of an actor handles one message.
void stage::run() {
  for (;;) {
    while (scheduler().try_run_once())
      ++messages_;
    if (net_->dials.empty())
      return;
    auto [where, whom] = net_->dials.back();
    net_->dials.pop_back();
    auto& far = where == here.url ? here : there;
    caf::anon_send(caf::actor_cast<caf::actor>(whom), atom::dialled_v, where,
                   cable_to(far.ingress), std::string{});
  }
}

} // namespace edgeless::test
