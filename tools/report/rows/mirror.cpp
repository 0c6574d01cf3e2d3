// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/redis_child.hpp"
#include "tools/report/parts.hpp"

#include "actors/proxy/proxy.hpp"

#include "runtime/net/basp/caf_system.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <limits>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t node_count = 10;
constexpr auto timeout = 20s;
/// The interval of the ticks of the PROXY.
constexpr auto tick_interval = 100ms;

/// The state of a domain: functions in workflows of two, spread over the nodes.
struct domain_state {
  std::vector<node_description> nodes;
  std::vector<component_spec> specs;
  std::vector<endpoint> placements;
};

domain_state make_state(std::size_t instances) {
  domain_state result;
  auto random = os_random();
  for (std::size_t i = 0; i < node_count; ++i) {
    auto& x = result.nodes.emplace_back();
    x.id = draw<node_id>(random);
    x.agent_url = x.invocation_url = "http://127.0.0.1:7002";
    x.capabilities.runtimes = {"RUST_WASM"};
  }
  for (std::size_t i = 0; i < instances; ++i) {
    component_spec x;
    x.id = draw<logical_id>(random);
    x.workflow = draw<workflow_id>(random);
    x.name = x.class_id = "benchmark";
    x.function_type = "RUST_WASM";
    x.settings = {{"init-payload", "next=1"}, {"max_instances", "1"}};
    if (i % 2 == 1) {
      x.workflow = result.specs.back().workflow;
      x.wiring = {{"out", result.specs.back().id}};
    }
    result.specs.push_back(std::move(x));
    auto& at = result.nodes[i % node_count];
    result.placements.push_back({at.id,
                                 draw<session_id>(random),
                                 draw<physical_id>(random),
                                 at.invocation_url,
                                 {}});
  }
  return result;
}

/// The commands that write the whole state to Redis.
std::vector<redis_command> commands_of(const domain_state& x) {
  mirror mirror_state;
  for (auto& y : x.nodes)
    mirror_state.join(y);
  for (std::size_t i = 0; i < x.specs.size(); ++i) {
    mirror_state.host(x.specs[i]);
    mirror_state.moved(x.specs[i].id, x.placements[i]);
  }
  mirror_state.rewrite();
  return mirror_state.changes(std::numeric_limits<std::size_t>::max());
}

void send_state(const proxy_actor& proxy, const domain_state& x) {
  for (auto& y : x.nodes)
    caf::anon_send(proxy, atom::join_v, y);
  for (std::size_t i = 0; i < x.specs.size(); ++i) {
    caf::anon_send(proxy, atom::host_v, x.specs[i]);
    caf::anon_send(proxy, atom::moved_v, x.specs[i].id, x.placements[i]);
  }
}

caf::error wait_for_keys(redis_child& server, const proxy_actor& writer,
                         std::size_t keys) {
  auto next = clock::now();
  auto deadline = next + timeout;
  for (auto now = next; now < deadline; now = clock::now()) {
    if (now >= next) {
      caf::anon_send(writer, atom::tick_v);
      next = now + tick_interval;
    }
    auto size = server.run({"DBSIZE"});
    if (!size)
      return size.error();
    if (size->number == static_cast<std::int64_t>(keys))
      return caf::none;
    std::this_thread::sleep_for(500us);
  }
  return fail(ec::unreachable, "the mirror was not written within 20 s");
}

/// Sends the same commands over the same kind of connection.
caf::expected<double> write_directly(redis_child& server,
                                     const std::vector<redis_command>& all) {
  if (auto flushed = server.run({"FLUSHDB"}); !flushed)
    return flushed.error();
  auto begin = clock::now();
  for (std::size_t i = 0; i < all.size(); i += limits::redis_commands) {
    auto end = std::min(i + limits::redis_commands, all.size());
    auto replies = server.connection().run(
      {all.begin() + static_cast<std::ptrdiff_t>(i),
       all.begin() + static_cast<std::ptrdiff_t>(end)});
    if (!replies)
      return replies.error();
  }
  return seconds_since(begin);
}

/// A PROXY that has written everything finds its database flushed at its next
/// tick.
caf::error measure(const plan& how, redis_child& server, std::size_t instances,
                   row& result) {
  auto known = make_state(instances);
  auto commands = commands_of(known);
  auto count = static_cast<double>(instances);
  std::vector<double> bare;
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    auto taken = write_directly(server, commands);
    if (!taken)
      return taken.error();
    bare.push_back(count / *taken);
  }
  // These keys must not count as those of the PROXY.
  if (auto flushed = server.run({"FLUSHDB"}); !flushed)
    return flushed.error();
  result.baseline = {"as many SETs over the same connection", median(bare)};
  system_config config;
  caf::actor_system system{config};
  proxy_options options;
  options.open = [url = server.url()] {
    return open_redis(url);
  };
  options.owner = {"domain-1", "http://127.0.0.1:7011", "report"};
  auto orchestrator = system.spawn([]() -> caf::behavior {
    return {[](atom::ok) {
    }};
  });
  proxy_actor writer = system.spawn<caf::detached>(
    edgeless::proxy, std::move(options),
    caf::actor_cast<orchestrator_actor>(orchestrator));
  send_state(writer, known);
  auto keys = commands.size() + 1; // and the owner of the database
  auto problem = wait_for_keys(server, writer, keys);
  for (std::size_t i = 0; i < how.repeats(10) && !problem; ++i) {
    if (auto flushed = server.run({"FLUSHDB"}); !flushed)
      problem = flushed.error();
    auto begin = clock::now();
    if (!problem)
      problem = wait_for_keys(server, writer, keys);
    if (!problem)
      result.samples.push_back(count / seconds_since(begin));
  }
  caf::anon_send(writer, atom::stop_v);
  caf::anon_send_exit(orchestrator, caf::exit_reason::user_shutdown);
  return problem;
}

} // namespace

rows mirror_writes(const plan& how) {
  std::size_t instances = how.quick ? 1'000 : 10'000;
  row result{"mirror written after a flush, instances of "
             + std::to_string(instances)};
  auto server = redis_child::spawn(how.scratch / "redis");
  auto problem
    = server ? measure(how, **server, instances, result) : server.error();
  if (problem) {
    result.samples.clear();
    result.failure = explain(problem);
  }
  return {result};
}

} // namespace edgeless::benchmark
