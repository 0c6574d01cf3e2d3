// SPDX-License-Identifier: MIT
#include "runtime/sandbox/seccomp_filter.hpp"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace edgeless {

namespace {

/// Sanitizers need more system calls, so their builds have no filter.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// Allowed with any arguments.
constexpr int allowed_calls[] = {
  SCMP_SYS(brk),
  SCMP_SYS(clock_gettime),
  SCMP_SYS(exit),
  SCMP_SYS(exit_group),
  SCMP_SYS(futex),
  SCMP_SYS(getrandom),
  SCMP_SYS(getpid),
  SCMP_SYS(gettid),
  SCMP_SYS(madvise),
  SCMP_SYS(mremap),
  SCMP_SYS(munmap),
  SCMP_SYS(restart_syscall),
  SCMP_SYS(rt_sigprocmask),
  SCMP_SYS(rt_sigreturn),
  SCMP_SYS(sched_yield),
  SCMP_SYS(sigaltstack),
};

/// Allowed without PROT_EXEC.
constexpr int memory_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

bool add_rules(scmp_filter_ctx filter, int wakeup, int pages) {
  bool good = true;
  for (auto call : allowed_calls)
    good &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  for (auto call : memory_calls)
    good &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0))
            == 0;
  // abort() in the engine sends a signal to its own process.
  good &= seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
            SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())))
          == 0;
  if (pages >= 0)
    good &= seccomp_rule_add(
              filter, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 1,
              SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(pages)))
            == 0;
  return good
         && seccomp_rule_add(
              filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
              SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(wakeup)))
              == 0;
}

} // namespace

bool confine_to_computing(int wakeup, int pages) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return false;
  if (sanitized)
    return true;
  auto filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter)
    return false;
  bool good = add_rules(filter, wakeup, pages) && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return good;
}

} // namespace edgeless
