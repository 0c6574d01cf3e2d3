// SPDX-License-Identifier: MIT
#include "tools/report/harness/encryption.hpp"
#include "tools/report/harness/loopback.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
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

/// When events came back, in the order in which they did. Any thread.
class arrivals {
public:
  void record(std::size_t count) {
    auto now = clock::now();
    std::lock_guard guard{mutex_};
    when_.insert(when_.end(), count, now);
  }

  /// Waits for so many; fewer if the rest does not come.
  std::vector<clock::time_point> take(std::size_t count) {
    auto deadline = clock::now() + 3s;
    while (size() < count && clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    std::lock_guard guard{mutex_};
    return std::exchange(when_, {});
  }

private:
  std::size_t size() const {
    std::lock_guard guard{mutex_};
    return when_.size();
  }

  mutable std::mutex mutex_;
  std::vector<clock::time_point> when_;
};

/// There and back: what is sent in order comes back in order.
struct lane {
  rows lines;
  std::function<void()> send;
  std::shared_ptr<arrivals> end = std::make_shared<arrivals>();
};

lane lane_of(const std::string& what) {
  return {percentile_rows(what + ", " + readable(rate, unit::per_second)), {}};
}

/// While it lives, this thread is woken as soon as it wants to be, and not up
/// to 50 us later. Whoever is started meanwhile inherits that.
struct punctual {
  punctual() {
    prctl(PR_SET_TIMERSLACK, 1);
  }
  punctual(const punctual&) = delete;
  ~punctual() {
    prctl(PR_SET_TIMERSLACK, 0); // the default
  }
};

/// Sends at times that do not depend on what becomes of it; when each was due.
std::vector<clock::time_point> send_on_time(const plan& how, lane& way) {
  punctual while_sending;
  std::vector<clock::time_point> result;
  auto interval = std::chrono::nanoseconds{std::llround(1e9 / rate)};
  auto due = clock::now();
  for (auto end = due + how.pace(); due < end; due += interval) {
    std::this_thread::sleep_until(due);
    way.send();
    result.push_back(due);
  }
  return result;
}

/// From when an event was due until it was back.
void take_round(const plan& how, lane& way, bool counts) {
  auto due = send_on_time(how, way);
  auto back = way.end->take(due.size());
  if (back.size() != due.size()) {
    way.lines = with_failure(std::move(way.lines),
                             std::to_string(due.size()) + " were sent, "
                               + std::to_string(back.size()) + " came back");
    return;
  }
  std::vector<double> seconds;
  for (std::size_t i = 0; i < due.size(); ++i)
    seconds.push_back(std::chrono::duration<double>(back[i] - due[i]).count());
  if (counts)
    add_round(way.lines, seconds);
}

/// What is late although nobody does anything: the thread that sends.
lane woken_on_time() {
  auto result = lane_of("a thread woken on time");
  result.send = [end = result.end] {
    end->record(1);
  };
  return result;
}

/// A connection, and a thread that sends back what it gets.
class echo {
public:
  explicit echo(std::shared_ptr<arrivals> end)
    : answering_{[this] {
        char room[payload_size];
        while (auto n = way_.receive(1, room, sizeof room))
          way_.send(1, room, n);
      }},
      listening_{[this, end] {
        char room[payload_size];
        std::size_t size = 0;
        while (auto n = way_.receive(0, room, sizeof room)) {
          size += n;
          end->record(size / payload_size);
          size %= payload_size;
        }
      }} {
    // nop
  }

  echo(const echo&) = delete;

  ~echo() {
    way_.hang_up(0);
    way_.hang_up(1);
  }

  void send() {
    char room[payload_size] = {};
    way_.send(0, room, sizeof room);
  }

private:
  loopback way_;
  std::jthread answering_;
  std::jthread listening_;
};

lane by_tcp() {
  auto result = lane_of("TCP alone: 64 bytes there and back");
  result.send = [way = std::make_shared<echo>(result.end)] {
    way->send();
  };
  return result;
}

physical_id some_instance() {
  return draw<physical_id>(os_random());
}

/// A function that casts an event for each that it gets.
std::string repeating() {
  return numbers({1, 1, payload_size});
}

endpoint back_at(node& host, const lane& of) {
  return host.at(host.add([end = of.end](events x) { end->record(x.size()); }));
}

lane broken(lane x, const caf::error& why) {
  x.lines = with_failure(std::move(x.lines), explain(why));
  return x;
}

lane in_one_node(const plan& how) {
  auto result = lane_of("event through a function, in one node");
  auto host
    = std::make_shared<node>(how.scratch / "code", draw<node_id>(os_random()));
  auto function = some_instance();
  output_map outputs{1, {{"out", back_at(*host, result)}}};
  if (auto problem = host->start(
        function, host->function(flow_module(), repeating()), outputs))
    return broken(std::move(result), problem);
  result.send = [=] {
    host->cast(function, std::string(payload_size, 'x'));
  };
  return result;
}

/// From a function of this process to one of another and back to this one.
/// `certificates`: where they are issued; empty: in the clear.
lane between_nodes(const plan& how, const std::string& what,
                   const std::filesystem::path& certificates) {
  auto result = lane_of("event to another node process and back" + what);
  auto id = draw<node_id>(os_random());
  auto tls = certificate_of(id, certificates);
  if (!tls)
    return broken(std::move(result), tls.error());
  auto host
    = std::make_shared<node>(how.scratch / "code", id, false, std::move(*tls));
  peer_task task{{draw<node_id>(os_random()), some_instance()},
                 back_at(*host, result),
                 1,
                 1,
                 payload_size,
                 certificates};
  auto there = peer::spawn(how.scratch / "peer", task);
  if (!there)
    return broken(std::move(result), there.error());
  auto function = some_instance();
  output_map outputs{1, {{"out", (*there)->at()}}};
  if (auto problem = host->start(
        function, host->function(flow_module(), repeating()), outputs))
    return broken(std::move(result), problem);
  result.send = [=, other = std::shared_ptr<peer>{std::move(*there)}] {
    host->cast(function, std::string(payload_size, 'x'));
  };
  return result;
}

void add(rows& all, lane& way, const lane& beside, const std::string& name) {
  for (std::size_t i = 0; i < way.lines.size(); ++i)
    way.lines[i].floor = {name, median(beside.lines[i].samples)};
  append(all, std::move(way.lines));
}

} // namespace

rows latency(const plan& how) {
  std::vector<lane> all;
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
