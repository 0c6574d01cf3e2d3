// SPDX-License-Identifier: MIT
#include "test/world.hpp"

namespace edgeless::test {

void world::begin(const intent& x) {
  auto whom = orchestrators_.begin()->second;
  askers_.push_back(system_.spawn([=, this](caf::event_based_actor* me) {
    me->request(whom, caf::infinite, atom::intent_v, x)
      .then([this](const std::string& said) { outcomes.emplace_back(said); },
            [this](const caf::error& why) { outcomes.emplace_back(why); });
  }));
}

void world::begin_move(const logical_id& component, const node_id& node) {
  begin({intent_kind::migrate, component, {node}});
}

void world::begin_move(const std::string& component, const std::string& node) {
  begin_move(look(component).id, id_of(node));
}

caf::expected<std::string> world::enact(const intent& x) {
  auto before = outcomes.size();
  begin(x);
  settle();
  // What takes time is waited for, on virtual time.
  for (int i = 0; i < 120 && outcomes.size() == before; ++i)
    pass(500ms);
  if (outcomes.size() == before)
    return fail(ec::unreachable, "nobody answered");
  return outcomes.back();
}

caf::expected<std::string> world::enact(intent_kind kind,
                                        const std::string& node) {
  return enact(intent{kind, {}, {id_of(node)}});
}

caf::expected<std::string> world::migrate(const std::string& component,
                                          const std::string& node) {
  return enact({intent_kind::migrate, look(component).id, {id_of(node)}});
}

} // namespace edgeless::test
