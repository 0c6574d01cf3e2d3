// SPDX-License-Identifier: MIT
#include "runtime/modules/compile_process.hpp"

#include "runtime/base/fd.hpp"
#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wasmtime.h>

#include <csignal>

// What happens in the child. Its parent is in compile_child_parent.cpp.
namespace edgeless {

namespace {

void limit(int what, rlim_t most) {
  rlimit value{most, most};
  setrlimit(what, &value);
}

/// Hostile modules exhaust this process only, and not the node's processor
/// time; nobody is left behind when the node dies.
void confine() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, limits::compiled);
  limit(RLIMIT_CPU, std::chrono::seconds{limits::compile}.count());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Sanitizers reserve terabytes.
  limit(RLIMIT_AS, limits::compile_memory);
#endif
  setpriority(PRIO_PROCESS, 0, 10);
}

/// Empty, or why not.
std::string compile(checks what, std::string_view module, std::string& result) {
  owned<wasm_engine_t, wasm_engine_delete> engine{new_engine(what)};
  wasmtime_module_t* made = nullptr;
  auto* error = wasmtime_module_new(
    engine.get(), reinterpret_cast<const std::uint8_t*>(module.data()),
    module.size(), &made);
  if (error)
    return take_message(nullptr, error);
  owned<wasmtime_module_t, wasmtime_module_delete> guard{made};
  wasm_byte_vec_t code;
  if ((error = wasmtime_module_serialize(made, &code)) != nullptr)
    return take_message(nullptr, error);
  result.assign(code.data, code.size);
  wasm_byte_vec_delete(&code);
  return {};
}

/// The parent reads this: '+', or '-' and the reason.
int answer(char sign, std::string_view reason = {}) {
  file_descriptor out{STDOUT_FILENO};
  bool told = write_all(out, {&sign, 1}) && write_all(out, reason);
  return told && sign == '+' ? 0 : 1;
}

} // namespace

std::optional<int> run_as_compile_child(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]} != "--compile-module")
    return std::nullopt;
  if (argc != 5)
    return 2;
  auto what
    = std::string_view{argv[2]} == "none" ? checks::none : checks::interruption;
  confine();
  // Not refusing links: the parent passes /proc/self/fd/N.
  auto module = read_all(file_descriptor{::open(argv[3], O_RDONLY | O_CLOEXEC)},
                         limits::module);
  if (!module)
    return answer('-', "it cannot be read");
  std::string compiled;
  if (auto reason = compile(what, *module, compiled); !reason.empty())
    return answer('-', reason);
  file_descriptor out{
    ::open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!out || !write_all(out, compiled))
    return answer('-', "its compiled form is too large");
  return answer('+');
}

} // namespace edgeless
