// SPDX-License-Identifier: MIT
#include "runtime/sandbox/privileges.hpp"

#include "runtime/base/fd.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace edgeless {

namespace {

constexpr int namespaces
  = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;

/// Effective, permitted and inheritable capabilities; glibc has no wrapper.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  return syscall(SYS_capset, &header, none) == 0;
}

} // namespace

bool drop_privileges() {
  // Without privileges, a user namespace of its own gives them.
  if (unshare(namespaces) != 0)
    static_cast<void>(unshare(CLONE_NEWUSER | namespaces));
  static_cast<void>(setgroups(0, nullptr));
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned long x = 0; prctl(PR_CAPBSET_READ, x, 0, 0, 0) >= 0; ++x)
    prctl(PR_CAPBSET_DROP, x, 0, 0, 0);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && drop_capabilities();
}

void prefer_for_oom_kill() {
  file_descriptor file{
    ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (file)
    static_cast<void>(write_all(file, "1000"));
}

} // namespace edgeless
