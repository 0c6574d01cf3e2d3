// SPDX-License-Identifier: MIT
#include "runtime/net/tls_context.hpp"

#include "runtime/base/confined_folder.hpp"
#include "runtime/base/log.hpp"

#include "messages/errors.hpp"

#include <sys/stat.h>

namespace edgeless {

tls_context::tls_context(tls_settings files, tls_identity self,
                         tls_options options)
  : files_(std::move(files)), self_(std::move(self)),
    options_(std::move(options)) {
  if (!options_.warn)
    options_.warn = [](const std::string& line) {
      log_warn("transport", line);
    };
}

caf::expected<std::shared_ptr<tls_context>>
tls_context::open(tls_settings files, tls_identity self, tls_options options) {
  for (auto* file : {&files.ca, &files.certificate, &files.key})
    protect_file(*file);
  std::shared_ptr<tls_context> result{
    new tls_context(std::move(files), std::move(self), std::move(options))};
  // Read before the files: a file that changes meanwhile is loaded again.
  result->loaded_ = result->warned_ = result->read_stamp();
  auto material = load_tls(result->files_, result->self_);
  if (!material)
    return material.error();
  result->material_ = std::move(*material);
  result->next_check_ = clock::now() + result->options_.check_interval;
  result->warn_of_key_mode();
  return result;
}

caf::expected<std::shared_ptr<tls_context>>
open_tls_context(const tls_settings& files, tls_identity self) {
  if (files.ca.empty())
    return std::shared_ptr<tls_context>{};
  return tls_context::open(files, std::move(self));
}

std::unique_ptr<tls_session> tls_context::accept(std::vector<peer_role> roles) {
  return std::make_unique<tls_session>(
    current().get(), tls_session::side::accepting, std::move(roles),
    options_.records_per_key);
}

std::unique_ptr<tls_session> tls_context::dial(peer_role role) {
  return std::make_unique<tls_session>(
    current().get(), tls_session::side::dialling, std::vector{role},
    options_.records_per_key);
}

std::optional<std::string> tls_context::own_name(peer_role role) const {
  std::lock_guard lock{mutex_};
  for (auto& x : material_.identities)
    if (x.role == role)
      return x.name;
  return std::nullopt;
}

std::shared_ptr<ssl_ctx_st> tls_context::current() {
  std::lock_guard lock{mutex_};
  if (auto now = clock::now(); next_check_ <= now) {
    next_check_ = now + options_.check_interval;
    reload_if_changed();
  }
  return material_.context;
}

/// Invalid files are ignored, with one warning.
void tls_context::reload_if_changed() {
  auto expired = material_.expires <= std::chrono::system_clock::now();
  if (expired && !warned_of_expiry_)
    options_.warn(files_.certificate + ": has expired: peers refuse it");
  warned_of_expiry_ = expired;
  auto seen = read_stamp();
  if (seen == loaded_)
    return;
  auto material = load_tls(files_, self_);
  if (material) {
    material_ = std::move(*material);
    loaded_ = warned_ = seen;
    log_info("transport", "certificate reloaded: file=", files_.certificate);
    warn_of_key_mode();
  } else if (seen != warned_) {
    warned_ = seen;
    options_.warn(explain(material.error())
                  + "; the certificate that was read before stays in use");
  }
}

void tls_context::warn_of_key_mode() const {
  struct stat x {};
  if (::stat(files_.key.c_str(), &x) == 0 && (x.st_mode & 077) != 0)
    options_.warn(files_.key + ": others may read this key: chmod 600");
}

tls_context::file_stamp tls_context::read_stamp() const {
  file_stamp result{};
  auto at = result.begin();
  for (auto file : {&files_.ca, &files_.certificate, &files_.key}) {
    struct stat x {};
    (void)::stat(file->c_str(), &x);
    *at++ = static_cast<std::uint64_t>(x.st_mtim.tv_sec) * 1'000'000'000u
            + static_cast<std::uint64_t>(x.st_mtim.tv_nsec);
    *at++ = static_cast<std::uint64_t>(x.st_size);
    *at++ = x.st_ino;
  }
  return result;
}

} // namespace edgeless
