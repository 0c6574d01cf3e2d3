// SPDX-License-Identifier: MIT
#include "test/cables.hpp"

#include "messages/limits.hpp"

#include <caf/monitorable_actor.hpp>

#include <deque>
#include <unordered_map>

namespace edgeless::test {

namespace {

/// A message on its way, and whom it is for.
struct parcel_in_cable {
  caf::actor_clock::time_point due;
  caf::strong_actor_ptr target;
  caf::strong_actor_ptr sender;
  caf::message_id number;
  caf::message content;
};

/// One direction of a cable.
struct lane {
  std::string from;
  std::string to;
  std::deque<parcel_in_cable> waiting;
  /// When the cable wakes up for it; never, if that is not ahead.
  caf::actor_clock::time_point wakes{};
};

} // namespace

struct cable_state {
  explicit cable_state(caf::event_based_actor* self) : self{self} {
    // nop
  }

  ~cable_state();

  void carry(lane& x, parcel_in_cable parcel);
  void deliver_due(lane& x);
  void wake(lane& x);
  caf::strong_actor_ptr way_back(const caf::strong_actor_ptr& asker);
  void rewrite(caf::message& x);

  template <class Handle>
  void rewrap(caf::message& x) {
    auto& handle = x.get_mutable_as<Handle>(2);
    handle = caf::actor_cast<Handle>(net->wrap(
      caf::actor_cast<caf::strong_actor_ptr>(handle), there.from, there.to));
  }

  bool alive() const {
    return net->connected(there.from, there.to);
  }

  caf::event_based_actor* self;
  network* net = nullptr;
  caf::strong_actor_ptr target;
  lane there; ///< to the target
  lane back;  ///< from the target, to those who have asked
  bool target_gone = false;
  /// By who has asked: whom the target answers instead.
  std::unordered_map<caf::actor_id, caf::strong_actor_ptr> paths;
};

namespace {

/// Whom a target answers, instead of the one who has asked: its answers go
/// through the cable, too.
class return_path : public caf::monitorable_actor {
public:
  return_path(caf::actor_config& config, caf::weak_actor_ptr asker,
              cable_state* via)
    : caf::monitorable_actor{config}, via{via}, asker_{std::move(asker)} {
    // nop
  }

  const char* name() const override {
    return "return path";
  }

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    auto whom = caf::actor_cast<caf::strong_actor_ptr>(asker_);
    if (via != nullptr && whom)
      via->carry(via->back,
                 {{}, whom, x->sender, x->mid, x->move_content_to_message()});
  }

  cable_state* via; ///< nobody: the cable is broken

private:
  caf::weak_actor_ptr asker_;
};

} // namespace

cable_state::~cable_state() {
  for (auto& [id, x] : paths)
    static_cast<return_path*>(caf::actor_cast<caf::abstract_actor*>(x))->via
      = nullptr;
}

void cable_state::carry(lane& x, parcel_in_cable parcel) {
  auto now = self->clock().now();
  parcel.due = now + net->takes(x.from, x.to);
  if (!x.waiting.empty())
    parcel.due = std::max(parcel.due, x.waiting.back().due);
  x.waiting.push_back(std::move(parcel));
  deliver_due(x);
}

void cable_state::deliver_due(lane& x) {
  auto now = self->clock().now();
  while (!x.waiting.empty() && net->hears(x.from, x.to)) {
    if (x.waiting.front().due > now)
      return wake(x);
    auto parcel = std::move(x.waiting.front());
    x.waiting.pop_front();
    parcel.target->enqueue(std::move(parcel.sender), parcel.number,
                           std::move(parcel.content), nullptr);
  }
}

/// Once for all that is under way: what is due later sees to itself then.
void cable_state::wake(lane& x) {
  auto now = self->clock().now();
  auto due = x.waiting.front().due;
  if (x.wakes > now && x.wakes <= due)
    return;
  x.wakes = due;
  self->delayed_send(self, due - now, atom::tick_v);
}

caf::strong_actor_ptr
cable_state::way_back(const caf::strong_actor_ptr& asker) {
  auto& path = paths[asker->id()];
  if (!path) {
    caf::actor_config config;
    auto& system = self->system();
    path = caf::make_actor<return_path, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config,
      caf::actor_cast<caf::weak_actor_ptr>(asker), this);
  }
  return path;
}

/// Handles that travel over a cable are seen through another one.
void cable_state::rewrite(caf::message& x) {
  if (x.match_elements<atom::join, node_description, node_actor, boot_id,
                       inventory>())
    rewrap<node_actor>(x);
  if (x.match_elements<atom::attach, std::string, patron_actor>())
    rewrap<patron_actor>(x);
}

namespace {

caf::behavior cable(caf::stateful_actor<cable_state>* self, network* net,
                    caf::strong_actor_ptr target, const std::string& owner,
                    const std::string& user) {
  auto& st = self->state;
  st.net = net;
  st.target = std::move(target);
  st.there = {user, owner, {}, {}};
  st.back = {owner, user, {}, {}};
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
      auto number = me->current_message_id();
      auto sender = me->current_sender();
      if (sender && number.is_request())
        sender = st.way_back(sender);
      auto content = x.move_content_to_message();
      st.rewrite(content);
      st.carry(st.there, {{}, st.target, sender, number, std::move(content)});
      return caf::delegated<caf::message>{};
    });
  return {
    // It is mended, or something is due.
    [self](atom::tick) {
      auto& st = self->state;
      st.deliver_due(st.there);
      st.deliver_due(st.back);
      if (st.target_gone && st.alive())
        self->quit(caf::exit_reason::remote_link_unreachable);
    },
    // It was cut this long ago, for that time.
    [self](atom::expire, std::uint64_t cut) {
      auto& st = self->state;
      if (!st.alive() && cut == st.net->cut_count(st.there.from, st.there.to))
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

  void dial(const std::string& where, peer_role, peer_role, const std::string&,
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

// -- the network --------------------------------------------------------------

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
  cut_way(a, b);
  cut_way(b, a);
}

/// A connection needs both ways: with one of them gone it breaks, too.
void network::cut_way(const std::string& from, const std::string& to) {
  auto was_whole = connected(from, to);
  if (!cuts_.insert({from, to}).second || !was_whole)
    return;
  auto count = ++cut_counts_[key(from, to)];
  for (auto& x : cables_[key(from, to)])
    caf::delayed_anon_send(x, limits::silence, atom::expire_v, count);
}

std::uint64_t network::cut_count(const std::string& a,
                                 const std::string& b) const {
  auto i = cut_counts_.find(key(a, b));
  return i == cut_counts_.end() ? 0 : i->second;
}

void network::mend(const std::string& a, const std::string& b) {
  if (cuts_.erase({a, b}) + cuts_.erase({b, a}) == 0)
    return;
  for (auto& x : cables_[key(a, b)])
    caf::anon_send(x, atom::tick_v);
}

void network::delay(const std::string& a, const std::string& b,
                    caf::timespan takes) {
  delays_[key(a, b)] = takes;
}

void network::reset(const std::string& a, const std::string& b) {
  for (auto& x : std::exchange(cables_[key(a, b)], {}))
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

void network::forget(const std::string& process) {
  std::erase_if(
    doors_, [&](const auto& entry) { return entry.second.process == process; });
}

bool network::hears(const std::string& from, const std::string& to) const {
  return cuts_.empty() || !cuts_.contains({from, to});
}

bool network::connected(const std::string& a, const std::string& b) const {
  return hears(a, b) && hears(b, a);
}

caf::timespan network::takes(const std::string& a, const std::string& b) const {
  if (delays_.empty())
    return caf::timespan{0};
  auto i = delays_.find(key(a, b));
  return i == delays_.end() ? caf::timespan{0} : i->second;
}

void network::close() {
  for (auto& [pair, all] : cables_)
    for (auto& x : all)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  cables_.clear();
  doors_.clear();
}

} // namespace edgeless::test
