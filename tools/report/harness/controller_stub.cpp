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

/// Has all of these modules, whole.
caf::behavior library(const std::vector<std::string>& all) {
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

controller_link::~controller_link() {
  if (library_)
    caf::anon_send_exit(library_, caf::exit_reason::user_shutdown);
}

caf::error controller_link::attach(caf::scoped_actor& self,
                                   const orchestrator_actor& whom,
                                   const std::string& domain_id,
                                   const std::vector<std::string>& modules) {
  library_ = self->home_system().spawn(library, modules);
  caf::error problem;
  self
    ->request(whom, limits::client, atom::attach_v, domain_id,
              caf::actor_cast<controller_link_actor>(library_))
    .receive([](const domain_description&) {},
             [&](caf::error& x) { problem = std::move(x); });
  if (!problem)
    self->send(whom, atom::hosted_v, std::vector<workflow_id>{});
  return problem;
}

void controller_link::dismiss(caf::scoped_actor& self,
                              const orchestrator_actor& whom) {
  if (!whom)
    return;
  self->monitor(whom);
  self->send(whom, atom::stop_v);
  self->receive([](const caf::down_msg&) {},
                caf::after(limits::shutdown) >> [] {});
}

} // namespace edgeless::benchmark
