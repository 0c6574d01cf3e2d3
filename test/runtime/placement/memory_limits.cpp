// SPDX-License-Identifier: MIT
#include "runtime/placement/memory_limits.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "runtime/placement/health.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

constexpr std::uint64_t mib = 1u << 20;

/// The files of a machine with 8 GiB.
struct machine {
  explicit machine(const std::string& groups) {
    write("proc/meminfo", "MemTotal:        8388608 kB\n");
    write("proc/self/cgroup", groups);
  }

  void write(const std::string& name, const std::string& text) {
    files.write(name, text);
  }

  void write_v1(const std::string& group, std::uint64_t limit) {
    auto path = "sys/fs/cgroup/memory" + group;
    write(path + "/memory.limit_in_bytes", std::to_string(limit) + "\n");
    write(path + "/memory.usage_in_bytes", std::to_string(100 * mib) + "\n");
    write(path + "/memory.stat", "inactive_file 7\ntotal_inactive_file "
                                   + std::to_string(40 * mib) + "\n");
  }

  void write_v2(const std::string& group, const std::string& limit) {
    auto path = "sys/fs/cgroup" + group;
    write(path + "/memory.max", limit + "\n");
    write(path + "/memory.current", std::to_string(100 * mib) + "\n");
    write(path + "/memory.stat",
          "anon 5\ninactive_file " + std::to_string(40 * mib) + "\n");
  }

  std::optional<memory_limit> limit() const {
    return control_group_limit(files / "");
  }

  folder files;
};

} // namespace

TEST_CASE("memory limits: a machine without control groups has no limit") {
  machine x{""};
  CHECK(!x.limit());
  CHECK(usable_memory(x.files / "") == 8192 * mib);
}

TEST_CASE("memory limits: reads control groups of version 1") {
  machine x{"5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/\n"};
  x.write_v1("", 9223372036854771712u); // what the kernel writes for none
  x.write_v1("/a", 9223372036854771712u);
  x.write_v1("/a/b", 300 * mib);
  CHECK(x.limit() == memory_limit{300 * mib, 100 * mib, 240 * mib});
  CHECK(usable_memory(x.files / "") == 300 * mib);

  x.write_v1("/a", 200 * mib); // a group is bound by its parents
  CHECK(x.limit() == memory_limit{200 * mib, 100 * mib, 140 * mib});
}

TEST_CASE("memory limits: reads control groups of version 2") {
  machine x{"0::/a/b\n"};
  x.write_v2("/a", "max");
  x.write_v2("/a/b", "max");
  CHECK(!x.limit());
  x.write_v2("/a", std::to_string(512 * mib));
  CHECK(x.limit() == memory_limit{512 * mib, 100 * mib, 452 * mib});
}

TEST_CASE("memory limits: in a container its group is the root") {
  machine x{"4:memory:/docker/0123\n"};
  x.write_v1("", 300 * mib);
  CHECK(x.limit() == memory_limit{300 * mib, 100 * mib, 240 * mib});
}

TEST_CASE("memory limits: nonsense is no limit, and more than the machine's "
          "memory neither") {
  for (auto text : {"garbage", ":", "::", "0::", "0::/../..", "4:memory:"}) {
    machine x{std::string{text} + "\n"};
    CHECK(!x.limit());
  }
  machine x{"0::/a\n"};
  x.write_v2("/a", std::to_string(9000 * mib));
  CHECK(!x.limit());
}

TEST_CASE("memory limits: the node keeps a share for itself") {
  CHECK(memory_for_guests(8192 * mib) == 7168 * mib);
  CHECK(memory_for_guests(300 * mib) == 172 * mib);
  CHECK(memory_for_guests(100 * mib) == 50 * mib);
}

TEST_CASE("health: memory is that of the control group") {
  machine_sample x;
  x.mem_total = 8192 * 1024;
  x.mem_available = 4096 * 1024;
  x.mem_free = -1;
  apply_limit({300 * mib, 100 * mib, 240 * mib}, x);
  CHECK(x.mem_total == 300 * 1024);
  CHECK(x.mem_available == 240 * 1024);
  CHECK(x.mem_free == 200 * 1024);
  x.mem_available = 50 * 1024;
  apply_limit({300 * mib, 100 * mib, 240 * mib}, x);
  CHECK(x.mem_available == 50 * 1024);
}
