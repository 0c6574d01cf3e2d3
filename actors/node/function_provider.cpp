// SPDX-License-Identifier: MIT
#include "actors/node/function_provider.hpp"

#include "actors/instance/function_instance.hpp"
#include "actors/node/compiler.hpp"

#include "runtime/placement/annotations.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

/// Instances that are instantiated and run their init hooks at the same time:
/// one of another workflow comes next. A start that takes longer than its turn
/// does not count.
constexpr std::size_t concurrent_starts = 16;
constexpr auto start_turn = 50ms;

} // namespace

function_provider_state::function_provider_state(pointer self) : self{self} {
  // nop
}

function_provider_state::~function_provider_state() {
  for (auto& [where, x] : compilers)
    caf::anon_send_exit(x.compiler, caf::exit_reason::user_shutdown);
}

void function_provider_state::init(function_context x) {
  context = std::move(x);
}

guest_engine& function_provider_state::engine(isolation where) const {
  return where == isolation::process ? context.engine->sandboxed()
                                     : *context.engine;
}

caf::result<atom::ok>
function_provider_state::prepare(const physical_id& id,
                                 const component_spec& spec) {
  return enqueue({id, spec, {}, self->make_response_promise<atom::ok>()});
}

caf::result<atom::ok> function_provider_state::start(const physical_id& id,
                                                     const component_spec& spec,
                                                     const output_map& outputs,
                                                     const std::string& state) {
  return enqueue({id, spec, activation{outputs, state},
                  self->make_response_promise<atom::ok>()});
}

caf::result<atom::ok> function_provider_state::enqueue(pending_start x) {
  auto promise = x.promise;
  module_key wanted{x.spec.code, isolation_of(x.spec.settings)};
  if (auto code = engine(wanted.second).ready(x.spec.code)) {
    make_and_answer(x, std::move(code));
    return promise;
  }
  auto& waiting = pending[wanted];
  waiting.push_back(std::move(x));
  if (waiting.size() == 1)
    request_work(work::load, wanted, {});
  return promise;
}

/// Cancels a pending start, or stops an instance that the NODE has not been
/// told of yet.
void function_provider_state::stop(const physical_id& id) {
  if (auto made = context.registry->find(id))
    caf::anon_send(caf::actor_cast<instance_actor>(made->sink), atom::stop_v);
  for (auto& [code, waiting] : pending)
    for (auto& x : waiting)
      if (x.id == id && x.promise.pending())
        x.promise.deliver(fail(ec::stopping, "stopped before it was started"));
  if (auto x = ready_promises.extract(id); !x.empty())
    x.mapped().deliver(fail(ec::stopping, "stopped before it was started"));
}

void function_provider_state::fetch(const module_key& x) {
  self->request(context.node, limits::node_start, atom::fetch_v, x.first)
    .then([this, x](std::string& module) { on_fetched(x, std::move(module)); },
          [this, x](const caf::error& why) { on_failed(x, why); });
}

void function_provider_state::on_fetched(const module_key& x,
                                         std::string module) {
  if (module.empty())
    on_failed(x, fail(ec::bad_module, "the module is empty"));
  else
    request_work(work::compile, x, std::move(module));
}

void function_provider_state::request_work(work what, const module_key& x,
                                           std::string module) {
  auto& to = compilers[{what, x.second}];
  if (!to.compiler)
    to.compiler = spawn_on(context.where, self->system(), edgeless::compiler,
                           context.engine, x.second);
  auto& waiting = pending[x];
  assert(!waiting.empty());
  to.waiting.push(waiting.front().spec.workflow, {x, std::move(module)});
  work_next(what, x.second);
}

void function_provider_state::work_next(work what, isolation where) {
  auto& to = compilers[{what, where}];
  if (to.is_busy)
    return;
  auto next = to.waiting.pop();
  if (!next)
    return;
  to.is_busy = true;
  auto key = next->key;
  auto then_next = [this, what, where] {
    compilers[{what, where}].is_busy = false;
    work_next(what, where);
  };
  self
    ->request(to.compiler, limits::compile_timeout + limits::local,
              atom::compile_v, key.first, std::move(next->module))
    .then(
      [this, key, then_next](atom::ok) {
        on_compiled(key);
        then_next();
      },
      [this, key, what, then_next](const caf::error& why) {
        if (what == work::load)
          fetch(key);
        else
          on_failed(key, why);
        then_next();
      });
}

void function_provider_state::on_compiled(const module_key& x) {
  auto made = engine(x.second).ready(x.first);
  if (!made) {
    on_failed(x, fail(ec::system_failure,
                      "module " + x.first
                        + " was compiled but is not in the module cache"));
    return;
  }
  auto waiting = std::exchange(pending[x], {});
  pending.erase(x);
  for (auto& y : waiting)
    if (y.promise.pending())
      make_and_answer(y, made);
}

void function_provider_state::on_failed(const module_key& x,
                                        const caf::error& reason) {
  auto waiting = std::exchange(pending[x], {});
  pending.erase(x);
  for (auto& y : waiting)
    if (y.promise.pending())
      y.promise.deliver(reason);
}

void function_provider_state::make_and_answer(pending_start& x,
                                              guest_class_ptr code) {
  if (x.activate_with) {
    auto owner = x.spec.workflow;
    ready_promises.emplace(x.id, std::move(x.promise));
    ready.push(owner, {std::move(x), std::move(code)});
    start_next();
    return;
  }
  auto made = make(x.id, x.spec, std::move(code));
  self->send(context.node, atom::prepare_v, x.id, made);
  x.promise.deliver(atom::ok_v);
}

void function_provider_state::start_next() {
  while (starting.size() < concurrent_starts) {
    auto next = ready.pop();
    if (!next)
      return;
    auto& x = next->what;
    auto promise = ready_promises.extract(x.id);
    if (promise.empty())
      continue; // stopped meanwhile
    x.promise = std::move(promise.mapped());
    start_now(std::move(x), std::move(next->code));
  }
}

void function_provider_state::start_now(pending_start x, guest_class_ptr code) {
  starting.emplace(x.id, self->clock().now());
  schedule_tick();
  auto made = make(x.id, x.spec, std::move(code));
  self->send(context.node, atom::prepare_v, x.id, made);
  auto answer = [this, id = x.id, promise = x.promise](auto y) mutable {
    promise.deliver(std::move(y));
    on_started(id);
  };
  self
    ->request(made, limits::node_start, atom::activate_v,
              std::move(x.activate_with->outputs),
              std::move(x.activate_with->state), instance_id{})
    .then([answer](atom::ok ok) mutable { answer(ok); },
          [answer](const caf::error& why) mutable { answer(why); });
}

void function_provider_state::on_started(const physical_id& id) {
  starting.erase(id);
  start_next();
}

void function_provider_state::schedule_tick() {
  if (!starting.empty() && !std::exchange(is_tick_scheduled, true))
    self->delayed_send(self, start_turn, atom::tick_v);
}

/// An init hook may take its time, or never return.
void function_provider_state::tick() {
  is_tick_scheduled = false;
  auto now = self->clock().now();
  std::erase_if(starting,
                [&](auto& x) { return x.second + start_turn <= now; });
  start_next();
  schedule_tick();
}

instance_actor function_provider_state::make(const physical_id& id,
                                             const component_spec& spec,
                                             guest_class_ptr code) {
  function_options options;
  options.id = id;
  options.spec = spec;
  options.code = std::move(code);
  options.limits = guest_limits_of(spec.settings);
  options.policies = channel_policies_of(spec.settings);
  if (!options.policies.empty())
    options.stream_seed = context.random();
  options.timeout = context.timeout;
  options.room
    = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
  options.registry = context.registry;
  options.egress = context.egress;
  options.telemetry = context.telemetry;
  options.node = context.node;
  auto room = options.room;
  instance_actor made
    = self->system().spawn<function_instance>(std::move(options));
  context.registry->add(id, {made, room, spec.id});
  return made;
}

function_provider_actor::behavior_type
function_provider(function_provider_state::pointer self,
                  function_context context) {
  auto& st = self->state;
  st.init(std::move(context));
  // clang-format off
  return {
    [&st](atom::prepare, const physical_id& x, const component_spec& y) { return st.prepare(x, y); },
    [&st](atom::start, const physical_id& x, const component_spec& y, const output_map& z, const std::string& s) { return st.start(x, y, z, s); },
    [&st](atom::stop, const physical_id& x) { st.stop(x); },
    [&st](atom::tick) { st.tick(); },
  };
  // clang-format on
}

} // namespace edgeless
