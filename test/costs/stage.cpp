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
  : net_{std::make_shared<toy_wire>()}, here{make_house("http://here:7002")},
    there{make_house("http://there:7002")} {
  // nop
}

stage::house stage::make_house(const std::string& url) {
  house x;
  x.hood = std::make_shared<neighbourhood>(any<node_id>());
  x.links = keep(links_actor{system.spawn(links, x.hood, net_, random, url)});
  x.gate = keep(gate_actor{system.spawn(gate, x.hood, x.links)});
  x.url = url;
  return x;
}

/// As CAF's broker does it: writes a batch into a buffer, and reads it from
/// there.
caf::strong_actor_ptr stage::cable_to(const gate_actor& far) {
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

endpoint stage::add(house& where, errand task, const endpoint& out) {
  endpoint at{where.hood->self, {}, any<physical_id>(), where.url, {}};
  function_birth birth;
  birth.id = at.instance;
  birth.spec.id = any<logical_id>();
  birth.code = code;
  if (!code)
    birth.code = std::make_shared<lean_class>(task, requests_);
  birth.room
    = std::make_shared<quota>(limits::inbox_events, limits::inbox_bytes);
  birth.hood = where.hood;
  birth.links = where.links;
  birth.telemetry = pose<telemetry_actor>();
  birth.node = pose<node_actor>();
  auto room = birth.room;
  instance_actor made
    = keep(instance_actor{system.spawn<function_instance>(std::move(birth))});
  where.hood->add(at.instance, {made, room, {}});
  output_map outputs{1, {}};
  if (out)
    outputs.channels["out"] = out;
  REQUIRE(ask<atom::ok>(made, atom::activate_v, outputs,
                        std::string(1, "nbvc"[static_cast<int>(task)]),
                        instance_id{}));
  return at;
}

void stage::lead(const endpoint& from, const endpoint& to) {
  auto& hood = from.node == here.hood->self ? *here.hood : *there.hood;
  auto who = hood.find(from.instance);
  tell(caf::actor_cast<instance_actor>(who->sink), atom::patch_v,
       output_map{2, {{"out", to}}});
}

cost stage::so_far() const {
  return {allocations(), messages_, requests_,
          here.hood->counts.dropped() + there.hood->counts.dropped()};
}

cost stage::spend(const endpoint& whom, std::uint32_t n) {
  auto& hood = whom.node == here.hood->self ? *here.hood : *there.hood;
  auto target = hood.find(whom.instance);
  auto x = cast_of({}, numbered(n));
  hood.counts.count_sent(1);
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
                   cable_to(far.gate), std::string{});
  }
}

} // namespace edgeless::test
