// SPDX-License-Identifier: MIT
#include "runtime/redis/client.hpp"

#include "runtime/base/fd.hpp"
#include "runtime/net/name_lookup.hpp"
#include "runtime/redis/redis_url.hpp"
#include "runtime/redis/reply_parser.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <future>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// Bytes per recv().
constexpr std::size_t chunk = 64u << 10;

caf::error timed_out() {
  return fail(ec::unreachable, "the server does not answer in time");
}

/// Waits until one of the poll events `what` is ready; returns the ready ones,
/// or 0 after `deadline`.
short wait_for(int fd, short what, clock::time_point deadline) {
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    pollfd x{fd, what, 0};
    auto n = ::poll(&x, 1, static_cast<int>(std::max(left.count(), 0l)));
    if (n < 0 && errno == EINTR)
      continue;
    return n > 0 ? x.revents : short{0};
  }
}

using addresses = std::vector<socket_address>;

socket_address address_of_socket(const std::string& path) {
  socket_address result;
  sockaddr_un x{};
  x.sun_family = AF_UNIX;
  std::memcpy(x.sun_path, path.data(),
              std::min(path.size(), sizeof x.sun_path - 1));
  std::memcpy(&result.storage, &x, sizeof x);
  result.size = sizeof x;
  return result;
}

/// getaddrinfo() has no timeout: it runs on the thread of `lookup`.
caf::expected<addresses> look_up(const redis_url& at,
                                 const std::shared_ptr<name_lookup>& lookup,
                                 clock::time_point deadline) {
  if (!at.path.empty())
    return addresses{address_of_socket(at.path)};
  url where{"http", at.host, at.port};
  if (auto numeric = resolve(where, true))
    return numeric;
  auto answer = std::make_shared<std::promise<name_lookup::addresses>>();
  auto found = answer->get_future();
  lookup->find(where, [answer](name_lookup::addresses x) {
    answer->set_value(std::move(x));
  });
  if (found.wait_until(deadline) != std::future_status::ready)
    return fail(ec::unreachable, "no address for " + at.host + " in time");
  return found.get();
}

caf::expected<socket_handle> connect(const addresses& all,
                                     clock::time_point deadline) {
  caf::error problem = fail(ec::unreachable, "the host has no address");
  for (auto& x : all) {
    auto socket = start_connect(x);
    if (!socket) {
      problem = socket.error();
      continue;
    }
    if (wait_for(socket->get(), POLLOUT, deadline) == 0)
      return timed_out();
    auto error = connect_error(*socket);
    if (error == 0) {
      prepare_stream(socket->get());
      return socket;
    }
    problem = fail(ec::unreachable, cause(error));
  }
  return problem;
}

/// Sends the commands and reads as many replies at the same time: a server
/// whose send buffer is full would otherwise never read the rest.
caf::expected<std::vector<redis_reply>>
exchange(int fd, const std::vector<redis_command>& commands,
         clock::time_point deadline) {
  std::string bytes;
  for (auto& x : commands)
    append_command(bytes, x);
  std::string_view left = bytes;
  redis_reply_parser replies{limits::redis_reply};
  std::array<char, chunk> buffer;
  while (replies.complete.size() < commands.size()) {
    auto can = wait_for(
      fd, static_cast<short>(left.empty() ? POLLIN : POLLIN | POLLOUT),
      deadline);
    if (can == 0 || clock::now() > deadline)
      return timed_out();
    if ((can & POLLOUT) != 0) {
      auto n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (n > 0)
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    if ((can & ~POLLOUT) == 0)
      continue;
    auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      continue;
    if (n <= 0)
      return fail(ec::unreachable,
                  n == 0 ? "the server closed the connection" : cause(errno));
    if (auto problem
        = replies.feed({buffer.data(), static_cast<std::size_t>(n)}))
      return problem;
  }
  if (replies.complete.size() > commands.size())
    return fail(ec::bad_input, "unexpected reply");
  assert(replies.complete.size() == commands.size());
  return std::move(replies.complete);
}

class redis_connection : public redis {
public:
  redis_connection(redis_url at, bool of_workflow)
    : at_{std::move(at)}, of_workflow_{of_workflow} {
    // nop
  }

  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands,
      std::chrono::milliseconds timeout) override {
    auto deadline = clock::now() + limits::redis;
    if (!socket_)
      if (auto problem = open(deadline))
        return disconnect(problem);
    // Readable before any command: unexpected bytes or the end of the
    // connection, neither of which may be taken for a reply.
    if (wait_for(socket_.get(), POLLIN, clock::time_point{}) != 0)
      return disconnect(
        fail(ec::unreachable, "the server closed the connection"));
    auto result = exchange(socket_.get(), commands, deadline + timeout);
    if (!result)
      return disconnect(result.error());
    return result;
  }

private:
  caf::error open(clock::time_point deadline) {
    auto where = look_up(at_, lookup_, deadline);
    if (!where)
      return where.error();
    auto socket = connect(*where, deadline);
    if (!socket)
      return socket.error();
    if (of_workflow_ && is_reserved(socket->get()))
      return fail(ec::exhausted, why_reserved);
    std::vector<redis_command> commands;
    if (!at_.user.empty())
      commands.push_back({"AUTH", at_.user, at_.password});
    else if (!at_.password.empty())
      commands.push_back({"AUTH", at_.password});
    if (at_.database != 0)
      commands.push_back({"SELECT", std::to_string(at_.database)});
    auto replies = exchange(socket->get(), commands, deadline);
    if (!replies)
      return replies.error();
    for (auto& x : *replies)
      if (x.type == redis_reply::kind::error)
        return fail(ec::unreachable, x.text.substr(0, limits::text));
    socket_ = std::move(*socket);
    return caf::none;
  }

  caf::error disconnect(const caf::error& problem) {
    socket_ = socket_handle{};
    return fail(ec::unreachable, to_string(at_) + ": " + explain(problem));
  }

  redis_url at_;
  bool of_workflow_;
  std::shared_ptr<name_lookup> lookup_ = std::make_shared<name_lookup>(1);
  socket_handle socket_;
};

caf::expected<std::unique_ptr<redis>> open(const std::string& text,
                                           bool of_workflow) {
  auto at = parse_redis_url(text);
  if (!at)
    return at.error();
  return std::unique_ptr<redis>{
    std::make_unique<redis_connection>(std::move(*at), of_workflow)};
}

} // namespace

caf::expected<std::unique_ptr<redis>> open_redis(const std::string& text) {
  return open(text, false);
}

caf::expected<std::unique_ptr<redis>>
open_workflow_redis(const std::string& text) {
  return open(text, true);
}

} // namespace edgeless
