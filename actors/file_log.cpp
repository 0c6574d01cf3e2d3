// SPDX-License-Identifier: MIT
#include "actors/file_log.hpp"

#include "runtime/log.hpp"

namespace edgeless {

using namespace std::chrono_literals;

file_log_state::file_log_state(pointer self) : self{self} {
  // nop
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

void file_log_state::write(const events& batch) {
  std::string lines;
  std::uint64_t count = 0;
  for (auto& x : batch) {
    if (!takes_room(x))
      continue;
    room->give_back(1, x.payload.size());
    lines += line_of(x);
    ++count;
  }
  auto problem
    = file ? file->append(lines) : fail(ec::stopping, "file-log is not active");
  if (problem) {
    hood->counts.count_dropped(drop_reason::resource_failed, count);
    complain(problem);
  } else {
    hood->counts.count_handled(count);
  }
  for (auto& x : batch) {
    if (x.kind != event_kind::call)
      continue;
    auto reply
      = answers->make(problem ? event_kind::error : event_kind::reply, "");
    reply.call = x.call;
    answers->send(x.source, std::move(reply));
  }
  answers->flush();
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

void file_log_state::stop() {
  room->close();
  hood->remove(id);
  hood->counts.count_dropped(drop_reason::stopped, room->events());
  self->quit();
}

instance_actor::behavior_type file_log(file_log_state::pointer self,
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
  // clang-format off
  return {
    [&st](atom::deliver, const events& x) { st.write(x); },
    [&st](atom::activate, const output_map&, const std::string&, const instance_id&) { return st.activate(); },
    [](atom::freeze) -> caf::result<atom::ok> { return fail(ec::bad_input, "not yet"); },
    [](atom::thaw) {},
    [](atom::hand_over, const endpoint&, std::uint32_t) {},
    [](atom::patch, const output_map&) { /* has no outputs */ },
    [](atom::fence, const node_id&) { /* makes no calls */ },
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
    [](atom::stop, const physical_id&) { /* made at once */ },
  };
}

} // namespace edgeless
