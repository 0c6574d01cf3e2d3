// SPDX-License-Identifier: MIT
#include "actors/file_log.hpp"

#include "runtime/log.hpp"

#include <caf/send.hpp>

namespace edgeless {

using namespace std::chrono_literals;

file_log_state::file_log_state(pointer self) : self{self} {
  // nop
}

file_log_state::~file_log_state() {
  if (hood)
    hood->counts.count_dropped(
      over ? drop_reason::stopped : drop_reason::crashed, room->events());
}

caf::result<atom::ok> file_log_state::activate() {
  if (file)
    return atom::ok_v;
  auto path = spec.settings.find("filename");
  if (path == spec.settings.end() || path->second.empty()) {
    stop();
    return fail(ec::bad_input, "file-log: configuration `filename` is missing");
  }
  auto opened = append_file::open(path->second);
  if (!opened) {
    stop();
    return opened.error();
  }
  file = std::move(*opened);
  return atom::ok_v;
}

void file_log_state::receive(events batch) {
  for (auto& x : batch)
    if (takes_room(x) || x.kind == event_kind::barrier)
      inbox->add(std::move(x));
  proceed();
  if (!watching_holds && inbox->holding())
    watch_holds();
}

void file_log_state::proceed() {
  if (over) {
    inbox->clear(drop_reason::stopped);
  } else if (inbox->handed_over()) {
    inbox->pass_on();
    if (inbox->deserted())
      stop();
  } else if (!frozen && !inbox->empty()) {
    write();
  }
}

/// All there is, at once.
void file_log_state::write() {
  std::string lines;
  std::uint64_t count = 0;
  events calls;
  for (; !inbox->empty(); inbox->pop()) {
    auto& x = inbox->front();
    room->give_back(1, x.payload.size());
    lines += line_of(x);
    ++count;
    if (x.kind == event_kind::call)
      calls.push_back(std::move(x));
  }
  auto problem
    = file ? file->append(lines) : fail(ec::stopping, "file-log is not active");
  if (problem) {
    hood->counts.count_dropped(drop_reason::resource_failed, count);
    complain(problem);
  } else {
    hood->counts.count_handled(count);
  }
  for (auto& x : calls) {
    auto reply
      = answers->make(problem ? event_kind::error : event_kind::reply, "");
    reply.call = x.call;
    answers->send(x.source, std::move(reply));
  }
  answers->flush();
}

// -- moving -------------------------------------------------------------------

caf::result<atom::ok> file_log_state::freeze() {
  if (!file)
    return fail(ec::unknown_instance, "this instance does not run");
  frozen = true;
  return atom::ok_v;
}

void file_log_state::thaw() {
  frozen = false;
  proceed();
}

void file_log_state::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (!frozen || inbox->handed_over())
    return;
  file.reset();
  inbox->hand_over(to, feeders);
  self->delayed_send(self, limits::hand_over, atom::hand_over_v);
  proceed();
}

void file_log_state::watch_holds() {
  inbox->expire();
  proceed();
  watching_holds = false;
  if (auto due = inbox->due()) {
    watching_holds = true;
    self->delayed_send(self, *due - self->clock().now(), atom::tick_v);
  }
}

std::string file_log_state::line_of(const event& x) const {
  std::string line;
  if (spec.settings.contains("add-timestamp"))
    line += rfc3339(std::chrono::system_clock::now()) + " ";
  if (spec.settings.contains("add-source-id"))
    line += to_string(x.source) + " ";
  return line + x.payload + "\n";
}

void file_log_state::complain(const caf::error& reason) {
  auto now = self->clock().now();
  if (now < next_complaint)
    return;
  next_complaint = now + 1s;
  log_error("node", "resource ", spec.name, ": ", reason);
}

/// What was admitted is taken up once more before the end.
void file_log_state::stop() {
  if (std::exchange(over, true))
    return;
  room->close();
  hood->remove(id);
  inbox->clear(drop_reason::stopped);
  self->send(self, atom::proceed_v);
}

void file_log_state::leave() {
  answers->forget();
  self->quit();
}

file_log_actor::behavior_type file_log(file_log_state::pointer self,
                                       physical_id id, component_spec spec,
                                       resource_house house, quota_ptr room) {
  auto& st = self->state;
  st.id = id;
  st.spec = std::move(spec);
  st.hood = house.hood;
  st.room = std::move(room);
  st.answers = std::make_unique<outbox>(house.hood, house.links,
                                        instance_id{house.hood->self, id},
                                        st.spec.id, self->clock());
  st.inbox = std::make_unique<intake>(house.hood, st.room, *st.answers,
                                      instance_id{house.hood->self, id},
                                      self->clock());
  // clang-format off
  return {
    [&st](atom::deliver, events& x) { st.receive(std::move(x)); },
    [&st](atom::activate, const output_map&, const std::string&, const instance_id&) { return st.activate(); },
    [&st](atom::freeze) { return st.freeze(); },
    [&st](atom::thaw) { st.thaw(); },
    [&st](atom::hand_over, const endpoint& x, std::uint32_t y) { st.hand_over(x, y); },
    [](atom::patch, const output_map&) { /* has no outputs */ },
    [](atom::fence, const node_id&) { /* makes no calls */ },
    [&st](atom::tick) { st.watch_holds(); },
    [&st](atom::hand_over) { st.stop(); },
    [&st](atom::proceed) { st.leave(); },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_house house) {
  return {
    [self, house](atom::prepare, const physical_id& id,
                  const component_spec& spec) {
      auto room
        = std::make_shared<quota>(limits::inbox_events, limits::inbox_bytes);
      instance_actor made = self->spawn(file_log, id, spec, house, room);
      house.hood->add(id, {made, room, spec.id});
      return made;
    },
    [house](atom::stop, const physical_id& id) {
      // Made for nobody: whoever asked has ended.
      if (auto made = house.hood->find(id))
        caf::anon_send_exit(made->sink, caf::exit_reason::user_shutdown);
    },
  };
}

} // namespace edgeless
