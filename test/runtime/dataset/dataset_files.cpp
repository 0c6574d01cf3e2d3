// SPDX-License-Identifier: MIT
#include "runtime/dataset/dataset_files.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sstream>

using namespace edgeless;

namespace {

const std::string samples_header = ",metric,identifier,value,timestamp\n";

struct dataset_fixture {
  dataset_settings settings() const {
    dataset_settings x;
    x.dataset_path = (files / "a" / "b-").string();
    return x;
  }

  std::string text(const std::string& name) const {
    std::ifstream file{files / "a" / ("b-" + name + ".csv")};
    std::ostringstream result;
    result << file.rdbuf();
    return result.str();
  }

  /// Writes rows of samples, and waits until they are written or dropped.
  void write(const dataset_settings& x, const std::vector<std::string>& rows) {
    dataset_files all{x, [this](auto more, auto less) {
                        written += more;
                        dropped += less;
                      }};
    for (auto& row : rows)
      all.add({dataset_file::performance_samples, row});
  }

  folder files;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> dropped{0};
};

} // namespace

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: all four begin with their columns") {
  write(settings(), {});

  // As ProxyRedis of EDGELESS v1.0.0 writes them: the additional header, even
  // an empty one, and a comma are in front.
  CHECK(text("performance_samples") == samples_header);
  CHECK(text("mapping_to_instance_id")
        == ",timestamp,logical_id,node_id,physical_id\n");
  CHECK(
    text("capabilities")
    == ",timestamp,node_id,num_cpus,model_name_cpu,clock_freq_cpu,num_cores,"
       "mem_size,labels,is_tee_running,has_tpm,runtimes,disk_tot_space,"
       "num_gpus,model_name_gpu,mem_size_gpu\n");
  CHECK(text("health_status")
        == ",timestamp,node_id,cpu_usage,cpu_load,mem_free,mem_used,mem_total,"
           "mem_available,proc_cpu_usage,proc_memory,proc_vmemory,load_avg_1,"
           "load_avg_5,load_avg_15,tot_rx_bytes,tot_rx_pkts,tot_rx_errs,"
           "tot_tx_bytes,tot_tx_pkts,tot_tx_errs,disk_tot_space,"
           "disk_free_space,disk_tot_reads,disk_tot_writes,gpu_load_perc,"
           "gpu_temp_cels\n");
}

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: additional fields stand in front") {
  auto x = settings();
  x.additional_header = "experiment,seed";
  x.additional_fields = "one,7";
  write(x, {"row"});

  CHECK(text("performance_samples")
        == "experiment,seed" + samples_header + "one,7,row\n");
  CHECK(written == 1);
}

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: append continues a file, otherwise it is "
                  "replaced") {
  auto x = settings();
  x.append = true;
  write(x, {"1"});
  write(x, {"2"});
  CHECK(text("performance_samples") == samples_header + ",1\n,2\n");

  x.append = false;
  write(x, {"3"});
  CHECK(text("performance_samples") == samples_header + ",3\n");
}

TEST_CASE_FIXTURE(
  dataset_fixture,
  "dataset files: an incomplete last line is removed at start") {
  auto x = settings();
  write(x, {"1"});
  auto path = files / "a" / "b-performance_samples.csv";
  std::ofstream{path, std::ios::app} << ",torn";
  write(x, {"2"});
  CHECK(text("performance_samples") == samples_header + ",1\n,2\n");

  std::ofstream{path, std::ios::trunc} << std::string(10'000, 'x');
  write(x, {"3"});
  CHECK(text("performance_samples") == samples_header + ",3\n");
}

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: a full disk tears no line, and drops are "
                  "counted") {
  write(settings(), {"1"});
  auto before = text("performance_samples");
  // The kernel writes a part up to the limit, then fails.
  auto* former = std::signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  rlimit full{before.size() + 10, unlimited.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
  written = 0;
  write(settings(), {std::string(100, 'x')});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  std::signal(SIGXFSZ, former);

  CHECK(text("performance_samples") == before);
  CHECK(written == 0);
  CHECK(dropped == 1);

  write(settings(), {"2"});
  CHECK(text("performance_samples") == before + ",2\n");
}

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: what is no regular file is left alone") {
  auto x = settings();
  x.dataset_path = "/dev/full/";
  write(x, {"1", "2"});
  CHECK(dropped == 2);

  auto fifo = (files / "performance_samples.csv").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  x.dataset_path = (files / "").string();
  write(x, {"3"});
  CHECK(dropped == 3);
}

TEST_CASE_FIXTURE(dataset_fixture,
                  "dataset files: the queue is bounded, and each line is "
                  "written or counted") {
  std::vector<std::string> rows(2000, std::string(100'000, 'x'));
  write(settings(), rows);

  CHECK(written + dropped == rows.size());
  CHECK(text("performance_samples").size()
        == samples_header.size() + written * (100'000 + 2));
}
