// SPDX-License-Identifier: MIT
#include "runtime/net/connection_limiter.hpp"

#include <cassert>

namespace edgeless {

connection_journal::connection_journal(
  std::shared_ptr<transport_statistics> statistics, sink log)
  : statistics_(std::move(statistics)), log_(std::move(log)) {
  // nop
}

void connection_journal::refuse(refusal reason, const std::string& address,
                                const std::string& detail) {
  ++statistics_->refused[static_cast<std::size_t>(reason)];
  auto why = std::string{to_string(reason)};
  log(why, address,
      "connection refused: address=" + address + " reason=" + why
        + (detail.empty() ? "" : ": ") + detail);
}

void connection_journal::not_sent(const std::string& address,
                                  const std::string& reason) {
  ++statistics_->not_sent;
  log("not_sent", address,
      "message not sent: address=" + address + " reason=" + reason);
}

void connection_journal::log(const std::string& reason,
                             const std::string& address,
                             const std::string& line) {
  if (!log_)
    return;
  auto host = address.substr(0, address.rfind(':'));
  std::lock_guard lock{mutex_};
  throttle_(reason + ' ' + host, std::chrono::steady_clock::now(),
            [&](const std::string& omitted) { log_(line + omitted); });
}

connection_limiter::connection_limiter(
  std::size_t max, std::size_t max_per_address,
  std::shared_ptr<transport_statistics> statistics)
  : max_(max), max_per_address_(max_per_address),
    statistics_(std::move(statistics)) {
  // nop
}

bool connection_limiter::enter(const std::string& address) {
  std::lock_guard lock{mutex_};
  if (total_ >= max_)
    return false;
  auto& count = per_address_[address];
  if (count >= max_per_address_)
    return false;
  ++count;
  ++total_;
  ++statistics_->open;
  return true;
}

void connection_limiter::leave(const std::string& address) {
  std::lock_guard lock{mutex_};
  auto i = per_address_.find(address);
  assert(i != per_address_.end() && i->second > 0 && total_ > 0);
  if (--i->second == 0)
    per_address_.erase(i);
  --total_;
  --statistics_->open;
}

bool connection_slot::take(std::shared_ptr<connection_limiter> limiter,
                           std::string address) {
  assert(!limiter_);
  if (!limiter->enter(address))
    return false;
  limiter_ = std::move(limiter);
  address_ = std::move(address);
  return true;
}

connection_slot::~connection_slot() {
  if (limiter_)
    limiter_->leave(address_);
}

} // namespace edgeless
