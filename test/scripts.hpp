// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/guest.hpp"

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace edgeless::test {

/// What a scripted handler does next.
struct step;
struct finish {
  call_result result;
};
struct call_out {
  std::string channel;
  std::string payload;
  std::function<step(call_result)> then;
};
/// A cast that may find no room; `then` says what follows it.
struct cast_out {
  std::string channel;
  std::string payload;
  std::function<step()> then;
};
struct trap {
  std::string reason;
};
/// Uses up its time slice, again and again.
struct spin {};
struct step : std::variant<finish, call_out, cast_out, trap, spin> {
  using std::variant<finish, call_out, cast_out, trap, spin>::variant;
  step() : variant{finish{}} {
    // nop
  }
};

using script = std::function<step(guest_host&, const guest_event&)>;

/// Modules are texts that name a script.
using script_book = std::map<std::string, script>;

/// Runs scripts instead of WebAssembly. `compiled` counts.
struct script_engine : guest_engine {
  explicit script_engine(const script_book& book) : book{book} {
    // nop
  }

  guest_class_ptr find(const code_id& code) override;
  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module) override;

  const script_book& book;
  std::map<code_id, guest_class_ptr> classes;
  int compiled = 0;
};

} // namespace edgeless::test
