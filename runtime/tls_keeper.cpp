// SPDX-License-Identifier: MIT
#include "runtime/tls_keeper.hpp"

#include "runtime/log.hpp"

#include "messages/errors.hpp"

#include <sys/stat.h>

namespace edgeless {

tls_keeper::tls_keeper(tls_settings files, tls_identity self, tls_habits habits)
  : files_(std::move(files)), self_(std::move(self)),
    habits_(std::move(habits)) {
  if (!habits_.warn)
    habits_.warn = [](const std::string& line) {
      log_warn("wire", line);
    };
}

caf::expected<std::shared_ptr<tls_keeper>>
tls_keeper::open(tls_settings files, tls_identity self, tls_habits habits) {
  std::shared_ptr<tls_keeper> result{
    new tls_keeper(std::move(files), std::move(self), std::move(habits))};
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

caf::expected<std::shared_ptr<tls_keeper>> open_tls(const tls_settings& files,
                                                    tls_identity self) {
  if (files.ca.empty())
    return std::shared_ptr<tls_keeper>{};
  return tls_keeper::open(files, std::move(self));
}

std::unique_ptr<tls_session> tls_keeper::accept(std::vector<peer_role> who) {
  return std::make_unique<tls_session>(current().get(),
                                       tls_session::side::accepting,
                                       std::move(who), habits_.records_per_key);
}

std::unique_ptr<tls_session> tls_keeper::dial(peer_role whom) {
  return std::make_unique<tls_session>(
    current().get(), tls_session::side::dialling, std::vector{whom},
    habits_.records_per_key);
}

std::optional<std::string> tls_keeper::own_name(peer_role role) const {
  std::lock_guard lock{mutex_};
  for (auto& x : material_.names)
    if (x.role == role)
      return x.name;
  return std::nullopt;
}

std::shared_ptr<ssl_ctx_st> tls_keeper::current() {
  std::lock_guard lock{mutex_};
  if (auto now = clock::now(); next_look_ <= now) {
    next_look_ = now + habits_.look;
    look_again();
  }
  return material_.context;
}

/// Broken files change nothing, and are said to be broken once.
void tls_keeper::look_again() {
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

void tls_keeper::warn_of_key() const {
  struct stat x {};
  if (::stat(files_.key.c_str(), &x) == 0 && (x.st_mode & 077) != 0)
    habits_.warn(files_.key + ": others may read this key: chmod 600");
}

tls_keeper::stamp tls_keeper::stamp_of_files() const {
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
