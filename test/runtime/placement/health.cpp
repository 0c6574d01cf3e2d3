// SPDX-License-Identifier: MIT
#include "runtime/placement/health.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

constexpr std::string_view meminfo = "MemTotal:        1000000 kB\n"
                                     "MemFree:          100000 kB\n"
                                     "MemAvailable:     400000 kB\n";

/// Two CPUs since they booted: user nice system idle iowait irq softirq steal
/// guest guest_nice.
constexpr std::string_view stat_before = "cpu  100 0 100 700 100 0 0 0 0 0\n"
                                         "cpu0 50 0 50 350 50 0 0 0 0 0\n"
                                         "cpu1 50 0 50 350 50 0 0 0 0 0\n"
                                         "intr 1 2 3\n";

/// One second later: the first one was busy, the second one half of the time.
constexpr std::string_view stat_now = "cpu  220 0 120 740 110 0 5 5 90 0\n"
                                      "cpu0 140 0 60 350 50 0 0 0 90 0\n"
                                      "cpu1 80 0 60 390 60 0 5 5 0 0\n"
                                      "intr 1 2 3\n";

/// A process with a hostile name: utime 30, stime 20.
constexpr std::string_view self_before
  = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 30 20 5 6 20 0 9 0 55 2048000 "
    "300 18446744073709551615 1 1\n";
constexpr std::string_view self_now
  = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 90 40 5 6 20 0 9 0 55 4096000 "
    "500 18446744073709551615 1 1\n";

} // namespace

TEST_CASE("health: CPU usage is that since the last sample") {
  auto before = parse_sample(stat_before, meminfo, self_before, 4096);
  auto now = parse_sample(stat_now, meminfo, self_now, 4096);
  auto health = compare(before, now);

  CHECK(health.cpu_usage == 75);
  CHECK(health.cpu_load == 1);
  CHECK(health.proc_cpu_usage == 80);
}

TEST_CASE("health: memory is in kB") {
  auto sample = parse_sample(stat_now, meminfo, self_now, 4096);
  auto health = compare(sample, sample);

  CHECK(health.mem_free == 100000);
  CHECK(health.mem_used == 600000);
  CHECK(health.mem_total == 1000000);
  CHECK(health.mem_available == 400000);
  CHECK(health.proc_memory == 2000);
  CHECK(health.proc_vmemory == 4000);
}

TEST_CASE("health: without elapsed time, usage is 0") {
  auto sample = parse_sample(stat_now, meminfo, self_now, 4096);
  auto health = compare(sample, sample);

  CHECK(health.cpu_usage == 0);
  CHECK(health.cpu_load == 0);
  CHECK(health.proc_cpu_usage == 0);
}

TEST_CASE("health: counters that run backwards give 0") {
  auto before = parse_sample(stat_before, meminfo, self_before, 4096);
  auto now = parse_sample(stat_now, meminfo, self_now, 4096);

  CHECK(compare(now, before).cpu_usage == 0);
  CHECK(compare(now, before).cpu_load == 0);
}

TEST_CASE("health: an unknown value is -1") {
  auto nothing = parse_sample("", "", "", 4096);
  CHECK(compare(nothing, nothing) == node_health{});
}

TEST_CASE("health: load, network and disks are summed up") {
  machine_texts texts;
  texts.loadavg = "0.57 1.50 12.00 2/345 6789\n";
  texts.net_dev
    = "Inter-|   Receive                |  Transmit\n"
      " face |bytes packets errs drop fifo frame compressed multicast|bytes\n"
      "    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0\n"
      "eth0:5000000000 30 1 0 0 0 0 0 600 40 7 0 0 0 0 0\n";
  texts.diskstats = "   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0\n"
                    " 259       0 nvme0n1 10 0 80 5 20 0 160 6 0 0 0\n"
                    " 259       1 nvme0n1p1 10 0 80 5 20 0 160 6 0 0 0\n"
                    " 254       0 dm-0 10 0 80 5 20 0 160 6 0 0 0\n"
                    "   8       0 sda 1 0 2 5 2 0 4 6 0 0 0\n";
  node_health x;
  parse_devices(texts, x);

  CHECK(x.load_avg_1 == 57);
  CHECK(x.load_avg_5 == 150);
  CHECK(x.load_avg_15 == 1200);
  CHECK(x.tot_rx_bytes == 5'000'000'100);
  CHECK(x.tot_rx_pkts == 32);
  CHECK(x.tot_rx_errs == 1);
  CHECK(x.tot_tx_bytes == 700);
  CHECK(x.tot_tx_pkts == 42);
  CHECK(x.tot_tx_errs == 7);
  CHECK(x.disk_tot_reads == 512 * 82);
  CHECK(x.disk_tot_writes == 512 * 164);
}

TEST_CASE("health: devices that are not there are 0") {
  node_health x;
  parse_devices({}, x);
  CHECK(x == node_health{});
  parse_devices({"x", ":\n::\neth0: x", "1 2"}, x);
  CHECK(x == node_health{});
}

TEST_CASE("health: power is the energy since the last sample") {
  machine_sample before, now;
  before.energy = 1'000'000;
  now.energy = 31'000'000;
  now.when = before.when + std::chrono::seconds{2};
  CHECK(compare(before, now).active_power == 15'000);
  CHECK(compare(now, before).active_power == 0);
}

TEST_CASE("health: values are clamped to 32 bits") {
  auto sample = parse_sample("", "MemTotal: 9000000000 kB\n", "", 4096);
  CHECK(compare(sample, sample).mem_total == 2147483647);
}

TEST_CASE("health: this machine and this process have memory") {
  health_probe probe;
  auto health = probe.sample();

  CHECK(health.mem_total > 0);
  CHECK(health.mem_available <= health.mem_total);
  CHECK(health.proc_memory > 0);
  CHECK(health.cpu_usage >= 0);
  CHECK(health.cpu_usage <= 100);
}
