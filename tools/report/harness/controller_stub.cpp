// SPDX-License-Identifier: MIT
#include "tools/report/harness/controller_stub.hpp"

#include "runtime/base/sha256.hpp"

#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <map>

namespace edgeless::benchmark {

namespace {

/// Answers the fetch requests of an orchestrator.
caf::behavior module_source(const std::vector<std::string>& all) {
  std::map<code_id, std::string> modules;
  for (auto& x : all)
    modules[sha256(x)] = x;
  return {
    [modules](atom::fetch, const code_id& code,
              std::uint64_t offset) -> caf::result<code_part> {
      auto i = modules.find(code);
      if (i == modules.end() || offset > i->second.size())
        return fail(ec::unknown_code, "no such module");
      return code_part{code, i->second.size(), offset,
                       i->second.substr(offset, limits::part)};
    },
    [](atom::joined, const std::string&) {},
  };
}

} // namespace

controller_stub::~controller_stub() {
  if (module_source_)
    caf::anon_send_exit(module_source_, caf::exit_reason::user_shutdown);
}

caf::error controller_stub::attach(caf::scoped_actor& self,
                                   const orchestrator_actor& orchestrator,
                                   const std::string& domain_id,
                                   const std::vector<std::string>& modules) {
  module_source_ = self->home_system().spawn(module_source, modules);
  caf::error problem;
  self
    ->request(orchestrator, limits::client, atom::attach_v, domain_id,
              caf::actor_cast<controller_link_actor>(module_source_))
    .receive([](const domain_description&) {},
             [&](caf::error& x) { problem = std::move(x); });
  if (!problem)
    self->send(orchestrator, atom::hosted_v, std::vector<workflow_id>{});
  return problem;
}

void controller_stub::stop(caf::scoped_actor& self,
                           const orchestrator_actor& orchestrator) {
  if (!orchestrator)
    return;
  self->monitor(orchestrator);
  self->send(orchestrator, atom::stop_v);
  self->receive([](const caf::down_msg&) {},
                caf::after(limits::shutdown) >> [] {});
}

} // namespace edgeless::benchmark
