// SPDX-License-Identifier: MIT
#include "runtime/placement/capability_detection.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

/// Two cores with two threads each, of one socket.
constexpr std::string_view hyper_threads = R"(processor	: 0
model name	: Xeon(R) CPU @ 2.40GHz
cpu MHz		: 2399.998
physical id	: 0
core id		: 0

processor	: 1
model name	: Xeon(R) CPU @ 2.40GHz
cpu MHz		: 1200.000
physical id	: 0
core id		: 1

processor	: 2
physical id	: 0
core id		: 0

processor	: 3
physical id	: 0
core id		: 1

)";

constexpr std::string_view two_sockets = R"(processor	: 0
physical id	: 0
core id		: 0

processor	: 1
physical id	: 1
core id		: 0
)";

constexpr std::string_view arm = R"(processor	: 0
BogoMIPS	: 108.00

processor	: 1
BogoMIPS	: 108.00

Hardware	: BCM2835
Model		: Raspberry Pi 4 Model B Rev 1.4
)";

constexpr std::string_view meminfo = "MemTotal:       16384512 kB\n"
                                     "MemFree:          123456 kB\n";

} // namespace

TEST_CASE("capability detection: hardware threads are CPUs, but not cores") {
  auto capabilities = parse_proc_capabilities(hyper_threads, meminfo);

  CHECK(capabilities.num_cpus == 4);
  CHECK(capabilities.num_cores == 2);
  CHECK(capabilities.model_name_cpu == "Xeon(R) CPU @ 2.40GHz");
  CHECK(capabilities.clock_freq_cpu == doctest::Approx(2399.998));
  CHECK(capabilities.mem_size == 16000);
}

TEST_CASE(
  "capability detection: cores of different sockets are different cores") {
  CHECK(parse_proc_capabilities(two_sockets, meminfo).num_cores == 2);
}

TEST_CASE("capability detection: without core ids, each CPU is a core") {
  auto capabilities = parse_proc_capabilities(arm, meminfo);

  CHECK(capabilities.num_cpus == 2);
  CHECK(capabilities.num_cores == 2);
  CHECK(capabilities.model_name_cpu == "Raspberry Pi 4 Model B Rev 1.4");
  CHECK(capabilities.clock_freq_cpu == 0);
}

TEST_CASE("capability detection: empty /proc files give zeros") {
  CHECK(parse_proc_capabilities("", "") == node_capabilities{});
  CHECK(parse_proc_capabilities("processor", "MemTotal: much")
        == node_capabilities{});
}

TEST_CASE("capability detection: this machine has at least one CPU") {
  auto capabilities = detect_capabilities();

  CHECK(capabilities.num_cpus >= 1);
  CHECK(capabilities.num_cores >= 1);
  CHECK(capabilities.num_cores <= capabilities.num_cpus);
  CHECK(capabilities.mem_size > 0);
  CHECK(capabilities.disk_tot_space > 0);
}

TEST_CASE("capability detection: the settings override detected values") {
  auto capabilities = parse_proc_capabilities(hyper_threads, meminfo);
  user_capabilities user;
  user.num_cpus = 8;
  user.labels = {"gpu"};
  user.has_tpm = true;
  user.num_gpus = 1;
  user.model_name_gpu = "a GPU";
  user.mem_size_gpu = 4096;
  user.disk_tot_space = 100;
  override_capabilities(capabilities, user);

  CHECK(capabilities.num_cpus == 8);
  CHECK(capabilities.labels == std::vector<std::string>{"gpu"});
  CHECK(capabilities.has_tpm);
  CHECK(capabilities.num_gpus == 1);
  CHECK(capabilities.model_name_gpu == "a GPU");
  CHECK(capabilities.mem_size_gpu == 4096);
  CHECK(capabilities.disk_tot_space == 100);
  CHECK(capabilities.num_cores == 2);
  CHECK(!capabilities.is_tee_running);
}

TEST_CASE("capability detection: an enabled run-time is announced") {
  node_settings settings;
  CHECK(announced_capabilities(settings).runtimes.empty());
  settings.wasm_runtime.enabled = true;
  CHECK(announced_capabilities(settings).runtimes
        == std::vector<std::string>{"RUST_WASM"});
}
