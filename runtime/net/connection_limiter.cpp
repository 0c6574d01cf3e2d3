// SPDX-License-Identifier: MIT
#include "runtime/net/connection_limiter.hpp"

namespace edgeless {

namespace {

constexpr auto pause = std::chrono::seconds{1};

} // namespace

connection_journal::connection_journal(
  std::shared_ptr<transport_statistics> statistics, sink log)
  : statistics_(std::move(statistics)), log_(std::move(log)) {
  // nop
}

void connection_journal::refuse(refusal reason, const std::string& address,
                                const std::string& why) {
  ++statistics_->refused[static_cast<std::size_t>(reason)];
  if (!log_)
    return;
  std::uint64_t untold;
  {
    std::lock_guard lock{mutex_};
    auto now = clock::now();
    if (now < quiet_until_) {
      ++untold_;
      return;
    }
    quiet_until_ = now + pause;
    untold = std::exchange(untold_, 0);
  }
  auto line = "refused " + address + ": " + std::string{to_string(reason)};
  if (!why.empty())
    line += ", " + why;
  if (untold > 0)
    line += "; " + std::to_string(untold) + " more since the last such line";
  log_(line);
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
  auto& here = per_address_[address];
  if (here >= max_per_address_)
    return false;
  ++here;
  ++total_;
  ++statistics_->open;
  return true;
}

void connection_limiter::leave(const std::string& address) {
  std::lock_guard lock{mutex_};
  if (auto i = per_address_.find(address); i != per_address_.end()) {
    if (--i->second == 0)
      per_address_.erase(i);
    --total_;
    --statistics_->open;
  }
}

bool connection_slot::take(std::shared_ptr<connection_limiter> book,
                           std::string address) {
  if (!book->enter(address))
    return false;
  book_ = std::move(book);
  address_ = std::move(address);
  return true;
}

connection_slot::~connection_slot() {
  if (book_)
    book_->leave(address_);
}

} // namespace edgeless
