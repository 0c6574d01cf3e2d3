// SPDX-License-Identifier: MIT
#include "test/cables.hpp"

#include "messages/limits.hpp"

namespace edgeless::test {

struct parcel_in_cable {
  caf::strong_actor_ptr sender;
  caf::message_id number;
  caf::message content;
};

struct cable_state {
  explicit cable_state(caf::event_based_actor* self) : self{self} {
    // nop
  }

  caf::event_based_actor* self;
  network* net = nullptr;
  caf::strong_actor_ptr target;
  std::string owner;
  std::string user;
  bool target_gone = false;
  /// What it got while it was cut.
  std::vector<parcel_in_cable> held;

  bool alive() const {
    return net->connected(owner, user);
  }

  void pass_on(parcel_in_cable x) {
    rewrite(x.content);
    target->enqueue(std::move(x.sender), x.number, std::move(x.content),
                    self->context());
  }

  /// Handles that travel over a cable are seen through another one.
  void rewrite(caf::message& x) {
    if (x.match_elements<atom::join, node_description, node_actor, boot_id,
                         inventory>())
      rewrap<node_actor>(x);
    if (x.match_elements<atom::attach, std::string, library_actor>())
      rewrap<library_actor>(x);
  }

  template <class Handle>
  void rewrap(caf::message& x) {
    auto& handle = x.get_mutable_as<Handle>(2);
    handle = caf::actor_cast<Handle>(
      net->wrap(caf::actor_cast<caf::strong_actor_ptr>(handle), user, owner));
  }
};

namespace {

caf::behavior cable(caf::stateful_actor<cable_state>* self, network* net,
                    caf::strong_actor_ptr target, std::string owner,
                    std::string user) {
  auto& st = self->state;
  st.net = net;
  st.target = std::move(target);
  st.owner = std::move(owner);
  st.user = std::move(user);
  self->monitor(caf::actor_cast<caf::actor>(st.target));
  self->set_down_handler([self](const caf::down_msg&) {
    self->state.target_gone = true;
    if (self->state.alive())
      self->quit(caf::exit_reason::remote_link_unreachable);
  });
  self->set_default_handler(
    [self](caf::scheduled_actor* me,
           caf::message_view& x) -> caf::result<caf::message> {
      auto& st = self->state;
      parcel_in_cable y{me->current_sender(), me->current_message_id(),
                        x.move_content_to_message()};
      if (st.alive())
        st.pass_on(std::move(y));
      else
        st.held.push_back(std::move(y));
      return caf::delegated<caf::message>{};
    });
  return {
    // It is mended.
    [self](atom::proceed) {
      auto& st = self->state;
      if (!st.alive())
        return;
      for (auto& x : std::exchange(st.held, {}))
        st.pass_on(std::move(x));
      if (st.target_gone)
        self->quit(caf::exit_reason::remote_link_unreachable);
    },
    // It was cut this long ago, for that time.
    [self](atom::expire, std::uint64_t cut) {
      auto& st = self->state;
      if (!st.alive() && cut == st.net->cut_count(st.owner, st.user))
        self->quit(caf::exit_reason::remote_link_unreachable);
    },
  };
}

std::string place(const url& x) {
  return x.host + ":" + std::to_string(x.port);
}

} // namespace

class cable_wire : public wire {
public:
  cable_wire(network& net, std::string process)
    : net_{net}, process_{std::move(process)} {
    // nop
  }

  caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr door, peer_role,
         const std::vector<peer_role>&) override {
    struct open : listener {
      std::uint16_t number;
      std::uint16_t port() const override {
        return number;
      }
    };
    net_.doors_[place(where)] = {std::move(door), process_};
    auto result = std::make_unique<open>();
    result->number = where.port;
    return std::unique_ptr<listener>{std::move(result)};
  }

  void dial(const std::string& where, peer_role, peer_role,
            caf::strong_actor_ptr whom) override {
    auto caller = caf::actor_cast<caf::actor>(whom);
    auto parsed = parse_url(where);
    auto i = net_.doors_.find(parsed ? place(*parsed) : where);
    caf::strong_actor_ptr nobody;
    if (i == net_.doors_.end())
      caf::anon_send(caller, atom::dialled_v, where, nobody,
                     std::string{"connection refused"});
    else if (!net_.connected(process_, i->second.process))
      caf::delayed_anon_send(caller, limits::dial, atom::dialled_v, where,
                             nobody, std::string{"no answer within 3 s"});
    else
      caf::anon_send(caller, atom::dialled_v, where,
                     net_.wrap(i->second.whom, i->second.process, process_),
                     std::string{});
  }

private:
  network& net_;
  std::string process_;
};

std::shared_ptr<wire> network::door_of(const std::string& process) {
  return std::make_shared<cable_wire>(*this, process);
}

caf::strong_actor_ptr network::wrap(caf::strong_actor_ptr target,
                                    const std::string& owner,
                                    const std::string& user) {
  auto made = system_.spawn(cable, this, std::move(target), owner, user);
  cables_[key(owner, user)].push_back(made);
  return caf::actor_cast<caf::strong_actor_ptr>(made);
}

void network::cut(const std::string& a, const std::string& b) {
  if (!cuts_.insert(key(a, b)).second)
    return;
  auto count = ++cut_counts_[key(a, b)];
  for (auto& x : cables_[key(a, b)])
    caf::delayed_anon_send(x, limits::silence, atom::expire_v, count);
}

std::uint64_t network::cut_count(const std::string& a,
                                 const std::string& b) const {
  auto i = cut_counts_.find(key(a, b));
  return i == cut_counts_.end() ? 0 : i->second;
}

void network::mend(const std::string& a, const std::string& b) {
  cuts_.erase(key(a, b));
  for (auto& x : cables_[key(a, b)])
    caf::anon_send(x, atom::proceed_v);
}

void network::reset(const std::string& a, const std::string& b) {
  for (auto& x : std::exchange(cables_[key(a, b)], {}))
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

void network::forget(const std::string& process) {
  std::erase_if(
    doors_, [&](const auto& entry) { return entry.second.process == process; });
}

bool network::connected(const std::string& a, const std::string& b) const {
  return !cuts_.contains(key(a, b));
}

void network::close() {
  for (auto& [pair, all] : cables_)
    for (auto& x : all)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  cables_.clear();
  doors_.clear();
}

} // namespace edgeless::test
