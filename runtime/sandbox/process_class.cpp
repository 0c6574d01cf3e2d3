// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <sys/mman.h>

namespace edgeless {

namespace {

class process_class final : public guest_class {
public:
  process_class(sandbox_pool_ptr pool, shared_module module)
    : pool_{std::move(pool)}, module_{std::move(module)} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits& limits) override {
    auto made = pool_->supervisor.start(module_, host);
    if (!made)
      return made.error();
    return std::unique_ptr<guest>{
      std::make_unique<process_guest>(pool_, std::move(*made), host, limits)};
  }

private:
  sandbox_pool_ptr pool_;
  shared_module module_;
};

} // namespace

caf::expected<guest_class_ptr> make_process_class(sandbox_pool_ptr pool,
                                                  std::string_view compiled) {
  auto module = std::make_shared<file_descriptor>(
    lifted(memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (!*module || !write_all(*module, compiled)
      || fcntl(module->get(), F_ADD_SEALS,
               F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
           != 0)
    return fail(ec::system_failure,
                "cannot create the memory file of a compiled module");
  return guest_class_ptr{
    std::make_shared<process_class>(std::move(pool), std::move(module))};
}

} // namespace edgeless
