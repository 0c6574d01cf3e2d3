// SPDX-License-Identifier: MIT
#include "runtime/net/tls_context.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"

#include <sys/stat.h>

namespace edgeless {

tls_context::tls_context(tls_settings files, tls_identity self,
                         tls_options options)
  : files_(std::move(files)), self_(std::move(self)),
    habits_(std::move(options)) {
  if (!habits_.warn)
    habits_.warn = [](const std::string& line) {
      log_warn("wire", line);
    };
}

caf::expected<std::shared_ptr<tls_context>>
tls_context::open(tls_settings files, tls_identity self, tls_options options) {
  std::shared_ptr<tls_context> result{
    new tls_context(std::move(files), std::move(self), std::move(options))};
  // Taken first: a file that changes meanwhile is read again.
  result->read_ = result->told_ = result->stamp_of_files();
  auto material = load_tls(result->files_, result->self_);
  if (!material)
    return material.error();
  result->material_ = std::move(*material);
  result->next_look_ = clock::now() + result->habits_.look;
  result->warn_of_key();
  return result;
}

caf::expected<std::shared_ptr<tls_context>>
open_tls_context(const tls_settings& files, tls_identity self) {
  if (files.ca.empty())
    return std::shared_ptr<tls_context>{};
  return tls_context::open(files, std::move(self));
}

std::unique_ptr<tls_session> tls_context::accept(std::vector<peer_role> who) {
  return std::make_unique<tls_session>(current().get(),
                                       tls_session::side::accepting,
                                       std::move(who), habits_.records_per_key);
}

std::unique_ptr<tls_session> tls_context::dial(peer_role whom) {
  return std::make_unique<tls_session>(
    current().get(), tls_session::side::dialling, std::vector{whom},
    habits_.records_per_key);
}

std::optional<std::string> tls_context::own_name(peer_role role) const {
  std::lock_guard lock{mutex_};
  for (auto& x : material_.names)
    if (x.role == role)
      return x.name;
  return std::nullopt;
}

std::shared_ptr<ssl_ctx_st> tls_context::current() {
  std::lock_guard lock{mutex_};
  if (auto now = clock::now(); next_look_ <= now) {
    next_look_ = now + habits_.look;
    look_again();
  }
  return material_.context;
}

/// Broken files change nothing, and are said to be broken once.
void tls_context::look_again() {
  auto expired = material_.expires <= std::chrono::system_clock::now();
  if (expired && !told_expired_)
    habits_.warn(files_.certificate + ": has expired: peers refuse it");
  told_expired_ = expired;
  auto seen = stamp_of_files();
  if (seen == read_)
    return;
  auto material = load_tls(files_, self_);
  if (material) {
    material_ = std::move(*material);
    read_ = told_ = seen;
    log_info("wire", files_.certificate, " has been read again");
    warn_of_key();
  } else if (seen != told_) {
    told_ = seen;
    habits_.warn(explain(material.error())
                 + "; the certificate that was read before stays in use");
  }
}

void tls_context::warn_of_key() const {
  struct stat x {};
  if (::stat(files_.key.c_str(), &x) == 0 && (x.st_mode & 077) != 0)
    habits_.warn(files_.key + ": others may read this key: chmod 600");
}

tls_context::stamp tls_context::stamp_of_files() const {
  stamp result{};
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
