// SPDX-License-Identifier: MIT
#include "runtime/dataset/dataset_rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

const dataset_rows::time_point row_time{1'725'557'090'092ms};

node_description dataset_machine() {
  node_description x;
  x.id = {0, 1};
  x.capabilities.num_cpus = 8;
  x.capabilities.model_name_cpu = "Intel, \"fast\"\n";
  x.capabilities.clock_freq_cpu = 2000;
  x.capabilities.num_cores = 4;
  x.capabilities.mem_size = 16384;
  x.capabilities.labels = {"a", "b,c"};
  x.capabilities.has_tpm = true;
  x.capabilities.runtimes = {"RUST_WASM"};
  x.capabilities.disk_tot_space = 2;
  return x;
}

auto columns_of(std::string_view text) {
  return std::ranges::count(text, ',') + 1;
}

auto columns_of(dataset_file x) {
  return columns_of(dataset_forms[static_cast<std::size_t>(x)].columns);
}

} // namespace

TEST_CASE("dataset rows: capabilities are those of EDGELESS' to_csv") {
  dataset_rows x;
  auto row = x.join(dataset_machine(), row_time);

  REQUIRE(row);
  CHECK(row->file == dataset_file::capabilities);
  CHECK(row->text
        == "1725557090.092,00000000-0000-0000-0000-000000000001,8,"
           "Intel   fast  ,2000,4,16384,[a;b c],false,true,[RUST_WASM],2,0,,0");
  CHECK(columns_of(row->text) == columns_of(row->file));
  CHECK(!x.join(dataset_machine(), row_time));
}

TEST_CASE("dataset rows: health has a value for each column") {
  dataset_rows x;
  x.join(dataset_machine(), row_time);
  node_report report;
  report.health.load_avg_1 = 57;
  report.health.gpu_temp_cels = 45'500;

  auto rows = x.report({0, 1}, report, row_time);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].file == dataset_file::health_status);
  CHECK(columns_of(rows[0].text) == columns_of(rows[0].file));
  CHECK(rows[0].text
        == "1725557090.092,00000000-0000-0000-0000-000000000001,-1,-1,-1,-1,-1,"
           "-1,-1,-1,-1,57,0,0,0,0,0,0,0,0,2097152,0,0,0,0,45.5");
  CHECK(x.report({0, 1}, report, row_time).empty());
  CHECK(x.report({0, 2}, report, row_time).empty());
}

TEST_CASE("dataset rows: each sample and each measured log line is a row") {
  dataset_rows x;
  x.join(dataset_machine(), row_time);
  x.report({0, 1}, {}, row_time);
  node_report report;
  report.samples.times = {{{0, 5}, {0.5, 0.25}}};
  report.samples.logs = {{{0, 5}, 1'725'557'091'000'001, "tbegin", "4,2"}};

  auto rows = x.report({0, 1}, report, row_time);
  REQUIRE(rows.size() == 3);
  auto id = std::string{"00000000-0000-0000-0000-000000000005"};
  CHECK(rows[0].text
        == "function_execution_time," + id + ",0.5,1725557090.092");
  CHECK(rows[1].text
        == "function_execution_time," + id + ",0.25,1725557090.092");
  CHECK(rows[2].text == "tbegin," + id + ",4 2,1725557091.000");
  for (auto& row : rows)
    CHECK(columns_of(row.text) == columns_of(row.file));
}

TEST_CASE("dataset rows: a mapping is written when it changes") {
  dataset_rows x;
  endpoint at;
  at.node = {0, 1};
  at.instance = {0, 5};

  auto row = x.moved({0, 9}, at, row_time);
  REQUIRE(row);
  CHECK(row->file == dataset_file::mapping_to_instance_id);
  CHECK(row->text
        == "1725557090.092,00000000-0000-0000-0000-000000000009,"
           "00000000-0000-0000-0000-000000000001,"
           "00000000-0000-0000-0000-000000000005");
  CHECK(!x.moved({0, 9}, at, row_time));
  row = x.moved({0, 9}, {}, row_time);
  REQUIRE(row);
  CHECK(columns_of(row->text) == columns_of(row->file));
  x.drop({0, 9});
  CHECK(x.moved({0, 9}, {}, row_time));
}
