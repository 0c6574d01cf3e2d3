// SPDX-License-Identifier: MIT
#include "runtime/modules/compile_process.hpp"

#include "runtime/base/subprocess.hpp"
#include "runtime/modules/module_outline.hpp"
#include "runtime/modules/state_exports.hpp"
#include "runtime/sandbox/privileges.hpp"
#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace edgeless {

// -- the child ----------------------------------------------------------------

namespace {

void limit(int what, rlim_t most) {
  rlimit value{most, most};
  setrlimit(what, &value);
}

/// A hostile module can exhaust this process only. Low priority keeps the
/// node's CPU time; the death signal leaves no process behind when the node
/// dies.
void limit_resources() {
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

/// Compiles `module` into `result`. Returns the reason of a failure, or an
/// empty string.
std::string compile(checks what, std::string_view module, std::string& result) {
  std::string reason;
  auto outline = read_outline(module, reason);
  // A malformed module is left to the compiler, which says more.
  auto prepared = outline ? export_start(*outline) : std::string{module};
  // A module with other state runs as it is, and cannot be captured.
  if (auto captured = export_state(prepared, reason))
    prepared = std::move(*captured);
  owned<wasm_engine_t, wasm_engine_delete> engine{new_engine(what)};
  wasmtime_module_t* made = nullptr;
  auto* error = wasmtime_module_new(
    engine.get(), reinterpret_cast<const std::uint8_t*>(prepared.data()),
    prepared.size(), &made);
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

/// Reports to the parent: '+', or '-' and the reason. Returns the exit code.
int report(char sign, std::string_view reason = {}) {
  file_descriptor out{STDOUT_FILENO};
  bool written = write_all(out, {&sign, 1})
                 && write_all(out, reason.substr(0, limits::text - 1));
  return written && sign == '+' ? 0 : 1;
}

} // namespace

std::optional<int> run_as_compile_child(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]} != "--compile-module")
    return std::nullopt;
  if (argc != 5)
    return 2;
  auto what
    = std::string_view{argv[2]} == "none" ? checks::none : checks::interruption;
  prefer_for_oom_kill();
  if (!drop_privileges())
    return report('-', "its process keeps privileges");
  limit_resources();
  // Without O_NOFOLLOW: the parent passes links, /proc/self/fd/N.
  auto module = read_all(file_descriptor{::open(argv[3], O_RDONLY | O_CLOEXEC)},
                         limits::module);
  if (!module)
    return report('-', "it cannot be read");
  std::string compiled;
  if (auto reason = compile(what, *module, compiled); !reason.empty())
    return report('-', reason);
  file_descriptor out{
    ::open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!out || !write_all(out, compiled))
    return report('-', "its compiled form is too large");
  return report('+');
}

// -- the parent ---------------------------------------------------------------

namespace {

// The child's descriptors, beside its report on standard output.
constexpr int child_source = 3;
constexpr int child_result = 4;

caf::error system_problem(std::string_view what, int reason) {
  return fail(ec::system_failure,
              std::string{what} + ": " + std::strerror(reason));
}

caf::error exceeds_limits(std::string_view reason) {
  return fail(ec::compile_failed, "the module cannot be compiled within the "
                                  "limits: "
                                    + std::string{reason});
}

std::string child_path(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

} // namespace

caf::expected<std::string>
compile_in_child(const std::string& program, std::string_view module,
                 std::chrono::milliseconds deadline, checks what) {
  auto source = lifted(memfd_create("module", MFD_CLOEXEC));
  auto result = lifted(memfd_create("compiled", MFD_CLOEXEC));
  auto report = lifted(memfd_create("report", MFD_CLOEXEC));
  if (!source || !result || !report || !write_all(source, module))
    return system_problem("cannot create the memory files of a compile process",
                          errno);
  auto [error, status]
    = spawn_and_wait({program,
                      {"compile", "--compile-module",
                       what == checks::none ? "none" : "interruption",
                       child_path(child_source), child_path(child_result)},
                      current_environment(),
                      {},
                      {{report.get(), 1},
                       {source.get(), child_source},
                       {result.get(), child_result}}},
                     deadline);
  if (error)
    return system_problem("the compile process cannot be started", error);
  if (!status)
    return fail(ec::exhausted,
                "the module was not compiled within "
                  + std::to_string(deadline.count())
                  + " ms: the machine is busy"); // RLIMIT_CPU ends the rest
  auto text = read_all(report, limits::text).value_or("");
  if (text.starts_with('-'))
    return fail(ec::bad_module, "the module is not valid: " + text.substr(1));
  if (text != "+") {
    if (WIFEXITED(*status))
      return fail(ec::system_failure,
                  "the compile process exited without a report, with code "
                    + std::to_string(WEXITSTATUS(*status)));
    if (WTERMSIG(*status) == SIGXCPU)
      return exceeds_limits("it takes too much time");
    return exceeds_limits("it takes too much memory");
  }
  auto compiled = read_all(result, limits::compiled);
  if (!compiled)
    return system_problem("the compiled module cannot be read", errno);
  return std::move(*compiled);
}

} // namespace edgeless
