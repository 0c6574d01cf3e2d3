// SPDX-License-Identifier: MIT
#include "actors/node/compiler.hpp"

#include "runtime/base/log.hpp"

#include <chrono>

namespace edgeless {

compiler_actor::behavior_type compiler(compiler_actor::pointer,
                                       std::shared_ptr<guest_engine> engine,
                                       isolation where) {
  return {
    [engine, where](atom::compile, const code_id& code,
                    const std::string& module) -> caf::result<atom::ok> {
      auto start = std::chrono::steady_clock::now();
      auto& target
        = where == isolation::process ? engine->sandboxed() : *engine;
      if (module.empty())
        return target.find(code) ? caf::result<atom::ok>{atom::ok_v}
                                 : fail(ec::unknown_code, "not compiled yet");
      auto compiled = target.compile(code, module);
      if (!compiled)
        return compiled.error();
      log_info("node", "compiled module=", code.substr(0, 12),
               " bytes=", module.size(),
               " duration=", std::chrono::steady_clock::now() - start);
      return atom::ok_v;
    },
  };
}

} // namespace edgeless
