// SPDX-License-Identifier: MIT
#include "runtime/redis/client.hpp"

#include "runtime/net/name_lookup.hpp"
#include "runtime/redis/redis_url.hpp"
#include "runtime/redis/reply_parser.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// What the system reads at once.
constexpr std::size_t chunk = 64u << 10;

caf::error hangs() {
  return fail(ec::unreachable, "it does not answer in time");
}

/// Waits until the socket can do one of `what`: which, or 0 if it is too late.
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

/// The machine's resolver may block for as long as it likes: not us.
caf::expected<addresses> find(const redis_url& at,
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
    return fail(ec::unreachable,
                "nobody says in time where " + at.host + " is");
  return found.get();
}

caf::expected<socket_handle> connect(const addresses& all,
                                     clock::time_point deadline) {
  caf::error problem = fail(ec::unreachable, "it has no address");
  for (auto& x : all) {
    auto socket = start_connect(x);
    if (!socket) {
      problem = socket.error();
      continue;
    }
    if (wait_for(socket->get(), POLLOUT, deadline) == 0)
      return hangs();
    auto error = connect_error(*socket);
    if (error == 0) {
      prepare_stream(socket->get());
      return socket;
    }
    problem = fail(ec::unreachable, cause(error));
  }
  return problem;
}

/// Sends the commands and reads as many replies, both at once: a server that
/// waits for us to read would otherwise wait for ever.
caf::expected<std::vector<redis_reply>>
exchange(int fd, const std::vector<redis_command>& commands,
         clock::time_point deadline) {
  std::string bytes;
  for (auto& x : commands)
    append_command(bytes, x);
  std::string_view left = bytes;
  redis_replies replies{limits::redis_reply};
  std::array<char, chunk> buffer;
  while (replies.complete.size() < commands.size()) {
    auto can = wait_for(
      fd, static_cast<short>(left.empty() ? POLLIN : POLLIN | POLLOUT),
      deadline);
    if (can == 0 || clock::now() > deadline)
      return hangs();
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
      return fail(ec::unreachable, n == 0 ? "it has hung up" : cause(errno));
    if (auto problem
        = replies.feed({buffer.data(), static_cast<std::size_t>(n)}))
      return problem;
  }
  if (replies.complete.size() > commands.size())
    return fail(ec::bad_input, "it answers what nobody has asked");
  return std::move(replies.complete);
}

class redis_connection : public redis {
public:
  explicit redis_connection(redis_url at) : at_{std::move(at)} {
    // nop
  }

  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands,
      std::chrono::milliseconds timeout) override {
    auto deadline = clock::now() + limits::redis;
    if (!socket_)
      if (auto problem = open(deadline))
        return given_up(problem);
    // What nobody asked for, or an end that came meanwhile, must not be taken
    // for an answer.
    if (wait_for(socket_.get(), POLLIN, clock::time_point{}) != 0)
      return given_up(fail(ec::unreachable, "it has hung up"));
    auto result = exchange(socket_.get(), commands, deadline + timeout);
    if (!result)
      return given_up(result.error());
    return result;
  }

private:
  caf::error open(clock::time_point deadline) {
    auto where = find(at_, lookup_, deadline);
    if (!where)
      return where.error();
    auto socket = connect(*where, deadline);
    if (!socket)
      return socket.error();
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

  caf::error given_up(const caf::error& problem) {
    socket_ = socket_handle{};
    return fail(ec::unreachable, to_string(at_) + ": " + explain(problem));
  }

  redis_url at_;
  std::shared_ptr<name_lookup> lookup_ = std::make_shared<name_lookup>(1);
  socket_handle socket_;
};

} // namespace

caf::expected<std::unique_ptr<redis>> open_redis(const std::string& text) {
  auto at = parse_redis_url(text);
  if (!at)
    return at.error();
  return std::unique_ptr<redis>{
    std::make_unique<redis_connection>(std::move(*at))};
}

} // namespace edgeless
