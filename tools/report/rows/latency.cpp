// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/in_process/encryption.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/peer.hpp"
#include "tools/report/parts.hpp"
#include "tools/report/percentiles.hpp"

#include <sys/prctl.h>

#include <functional>
#include <mutex>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr double rate = 10'000;
constexpr std::uint32_t payload_size = 64;

/// The times at which events came back, in order. Any thread.
class arrival_log {
public:
  void record(std::size_t count) {
    auto now = clock::now();
    std::lock_guard guard{mutex_};
    times_.insert(times_.end(), count, now);
  }

  /// Waits for that many; fewer after 3 s.
  std::vector<clock::time_point> take(std::size_t count) {
    auto deadline = clock::now() + 3s;
    while (size() < count && clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    std::lock_guard guard{mutex_};
    return std::exchange(times_, {});
  }

private:
  std::size_t size() const {
    std::lock_guard guard{mutex_};
    return times_.size();
  }

  mutable std::mutex mutex_;
  std::vector<clock::time_point> times_;
};

/// A route for events, there and back; it keeps their order.
struct route {
  rows lines;
  std::function<void()> send;
  std::shared_ptr<arrival_log> end = std::make_shared<arrival_log>();
};

route route_of(const std::string& what) {
  return {percentile_rows(what + ", " + readable(rate, unit::per_second)), {}};
}

/// Sets the timer slack of this thread to 1 ns instead of 50 us while it
/// exists. Threads that are started meanwhile inherit it.
struct no_timer_slack {
  no_timer_slack() {
    prctl(PR_SET_TIMERSLACK, 1);
  }
  no_timer_slack(const no_timer_slack&) = delete;
  ~no_timer_slack() {
    prctl(PR_SET_TIMERSLACK, 0); // the default
  }
};

/// Sends at fixed times, whether events come back or not; returns these times.
std::vector<clock::time_point> send_on_time(const plan& how, route& to) {
  no_timer_slack while_sending;
  std::vector<clock::time_point> result;
  auto interval = std::chrono::nanoseconds{std::llround(1e9 / rate)};
  auto due = clock::now();
  for (auto end = due + how.pace(); due < end; due += interval) {
    std::this_thread::sleep_until(due);
    to.send();
    result.push_back(due);
  }
  return result;
}

/// Measures from the time at which an event was due until it was back.
void take_round(const plan& how, route& to, bool counts) {
  auto due = send_on_time(how, to);
  auto back = to.end->take(due.size());
  if (back.size() != due.size()) {
    to.lines = with_failure(std::move(to.lines),
                            std::to_string(due.size()) + " were sent, "
                              + std::to_string(back.size()) + " came back");
    return;
  }
  std::vector<double> seconds;
  for (std::size_t i = 0; i < due.size(); ++i)
    seconds.push_back(std::chrono::duration<double>(back[i] - due[i]).count());
  if (counts)
    add_round(to.lines, seconds);
}

/// The baseline within a node: the lateness of the sending thread itself.
route woken_on_time() {
  auto result = route_of("a thread woken on time");
  result.send = [end = result.end] {
    end->record(1);
  };
  return result;
}

/// A connection, and a thread that sends back what it receives.
class echo {
public:
  explicit echo(std::shared_ptr<arrival_log> end)
    : answering_{[this] {
        char buffer[payload_size];
        while (auto n = connection_.receive(1, buffer, sizeof buffer))
          connection_.send(1, buffer, n);
      }},
      listening_{[this, end] {
        char buffer[payload_size];
        std::size_t size = 0;
        while (auto n = connection_.receive(0, buffer, sizeof buffer)) {
          size += n;
          end->record(size / payload_size);
          size %= payload_size;
        }
      }} {
    // nop
  }

  echo(const echo&) = delete;

  ~echo() {
    connection_.shut_down(0);
    connection_.shut_down(1);
  }

  void send() {
    char buffer[payload_size] = {};
    connection_.send(0, buffer, sizeof buffer);
  }

private:
  loopback connection_;
  std::jthread answering_;
  std::jthread listening_;
};

route by_tcp() {
  auto result = route_of("TCP alone: 64 bytes there and back");
  result.send = [connection = std::make_shared<echo>(result.end)] {
    connection->send();
  };
  return result;
}

physical_id random_instance() {
  return draw<physical_id>(os_random());
}

/// The init payload of a function that casts one event for each event.
std::string forwarding() {
  return numbers({1, 1, payload_size});
}

endpoint end_of(node& host, const route& of) {
  return host.endpoint_of(
    host.add_sink([end = of.end](events x) { end->record(x.size()); }));
}

route broken(route x, const caf::error& why) {
  x.lines = with_failure(std::move(x.lines), explain(why));
  return x;
}

route in_one_node(const plan& how) {
  auto result = route_of("event through a function, in one node");
  auto host
    = std::make_shared<node>(how.scratch / "code", draw<node_id>(os_random()));
  auto function = random_instance();
  output_map outputs{1, {{"out", end_of(*host, result)}}};
  if (auto problem = host->start(
        function, host->function(burst_module(), forwarding()), outputs))
    return broken(std::move(result), problem);
  result.send = [=] {
    host->cast(function, std::string(payload_size, 'x'));
  };
  return result;
}

/// From a function of this process to one of another and back to this one.
/// `certificates`: the folder of the certificate authority; empty: no
/// encryption.
route between_nodes(const plan& how, const std::string& what,
                    const std::filesystem::path& certificates) {
  auto result = route_of("event to another node process and back" + what);
  auto id = draw<node_id>(os_random());
  auto tls = certificate_of(id, certificates);
  if (!tls)
    return broken(std::move(result), tls.error());
  auto host
    = std::make_shared<node>(how.scratch / "code", id, false, std::move(*tls));
  peer_task task{{draw<node_id>(os_random()), random_instance()},
                 end_of(*host, result),
                 1,
                 1,
                 payload_size,
                 certificates};
  auto remote = peer::spawn(how.scratch / "peer", task);
  if (!remote)
    return broken(std::move(result), remote.error());
  auto function = random_instance();
  output_map outputs{1, {{"out", (*remote)->target()}}};
  if (auto problem = host->start(
        function, host->function(burst_module(), forwarding()), outputs))
    return broken(std::move(result), problem);
  result.send = [=, other = std::shared_ptr<peer>{std::move(*remote)}] {
    host->cast(function, std::string(payload_size, 'x'));
  };
  return result;
}

void add(rows& all, route& to, const route& compared_with,
         const std::string& name) {
  for (std::size_t i = 0; i < to.lines.size(); ++i)
    to.lines[i].baseline = {name, median(compared_with.lines[i].samples)};
  append(all, std::move(to.lines));
}

} // namespace

rows latency(const plan& how) {
  std::vector<route> all;
  all.push_back(woken_on_time());
  all.push_back(in_one_node(how));
  all.push_back(by_tcp());
  all.push_back(between_nodes(how, "", {}));
  all.push_back(
    between_nodes(how, ", encrypted", how.scratch / "certificates"));
  for (std::size_t i = 0; i <= how.repeats(10); ++i)
    for (auto& x : all)
      if (x.lines.front().failure.empty())
        take_round(how, x, i > 0);
  rows result;
  add(result, all[1], all[0], "a thread woken on time");
  add(result, all[3], all[2], "TCP alone, there and back");
  add(result, all[4], all[2], "TCP alone, there and back");
  return result;
}

} // namespace edgeless::benchmark
