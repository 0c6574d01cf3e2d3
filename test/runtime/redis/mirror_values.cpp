// SPDX-License-Identifier: MIT
#include "runtime/redis/mirror_values.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

const auto node = *parse_id<node_id>("fda6ce79-46df-4f96-a0d2-456f720f606c");
const auto component
  = *parse_id<logical_id>("cb314223-1021-428d-9df5-b73c53e258a2");
const auto instance
  = *parse_id<physical_id>("26828a53-21eb-4894-a723-4c4eeb9b6574");

component_spec spec_of(component_kind kind) {
  component_spec x;
  x.id = component;
  x.kind = kind;
  x.class_id = "file-log";
  x.function_type = "RUST_WASM";
  x.version = "0.1";
  x.code = "c0de";
  x.outputs = {"out"};
  x.settings = {{"a", "1"}, {"b", "say \"2\""}};
  return x;
}

} // namespace

TEST_CASE("mirror values: text is quoted as a JSON string") {
  CHECK(json_quoted("a \"b\" \\ \n\r\t\x01") == R"("a \"b\" \\ \n\r\t\u0001")");
  CHECK(json_quoted("ε-ORC") == "\"ε-ORC\"");
  CHECK(json_quoted("a\xff") == "\"a?\"");
}

TEST_CASE("mirror values: numbers are short and have no exponent") {
  CHECK(decimal(0.243379291) == "0.243379291");
  CHECK(decimal(930.679962190782) == "930.679962190782");
  CHECK(decimal(849) == "849");
  CHECK(decimal(1e-7) == "0.0000001");
  CHECK(decimal(1e300).size() == 301);
  CHECK(decimal(0.0 / 0.0 * 1) == "0");
}

TEST_CASE("mirror values: the milliseconds of a timestamp have three digits") {
  using time = std::chrono::system_clock::time_point;

  CHECK(timestamp(time{1725557090092ms}) == "1725557090.092");
  CHECK(timestamp(time{1725557090920ms}) == "1725557090.920");
  CHECK(timestamp(time{1725557090000ms}) == "1725557090.000");
  CHECK(precise_timestamp(time{1725557090092ms + 7us}) == "1725557090.092007");
}

TEST_CASE("mirror values: capabilities are written as EDGELESS writes them") {
  node_capabilities x;
  x.num_cpus = 8;
  x.model_name_cpu = "a CPU";
  x.clock_freq_cpu = 2000;
  x.num_cores = 4;
  x.mem_size = 16384;
  x.labels = {"x", "y"};
  x.has_tpm = true;
  x.runtimes = {"RUST_WASM"};
  x.disk_tot_space = 100;
  x.num_gpus = 1;
  x.model_name_gpu = "a GPU";
  x.mem_size_gpu = 8;

  CHECK(json_of(x)
        == R"({"num_cpus":8,"model_name_cpu":"a CPU","clock_freq_cpu":2000.0,)"
           R"("num_cores":4,"mem_size":16384,"labels":["x","y"],)"
           R"("is_tee_running":false,"has_tpm":true,"runtimes":["RUST_WASM"],)"
           R"("disk_tot_space":100,"num_gpus":1,"model_name_gpu":"a GPU",)"
           R"("mem_size_gpu":8})");
}

TEST_CASE("mirror values: health is written as EDGELESS writes it") {
  node_health x{20, 2,  3,  4,  5,  6,  7,  8,  -1, 10, 11, 12,
                13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  x.tot_rx_bytes = 5'000'000'000;

  CHECK(json_of(x)
        == R"({"cpu_usage":20,"cpu_load":2,"mem_free":3,"mem_used":4,)"
           R"("mem_total":5,"mem_available":6,"proc_cpu_usage":7,)"
           R"("proc_memory":8,"proc_vmemory":-1,"load_avg_1":10,)"
           R"("load_avg_5":11,"load_avg_15":12,"tot_rx_bytes":5000000000,)"
           R"("tot_rx_pkts":14,"tot_rx_errs":15,"tot_tx_bytes":16,)"
           R"("tot_tx_pkts":17,"tot_tx_errs":18,"disk_free_space":19,)"
           R"("disk_tot_reads":20,"disk_tot_writes":21,"gpu_load_perc":22,)"
           R"("gpu_temp_cels":23,"active_power":24})");
}

TEST_CASE("mirror values: a provider is written as EDGELESS writes it") {
  CHECK(json_of(provider_description{"log-1", "file-log", {"out"}}, node)
        == R"({"class_type":"file-log","node_id":)"
           R"("fda6ce79-46df-4f96-a0d2-456f720f606c","outputs":["out"]})");
}

TEST_CASE("mirror values: a component is written as EDGELESS writes it, with "
          "its workflow") {
  endpoint at;
  at.node = node;
  at.instance = instance;
  auto here = to_string(instance_id{node, instance});
  auto function = spec_of(component_kind::function);
  auto workflow = R"("workflow_id":")" + to_string(function.workflow) + "\"";

  CHECK(json_of(spec_of(component_kind::function), at)
        == R"({"Function":[{"annotations":{"a":"1","b":"say \"2\""},)"
           R"("spec":{"id":"file-log","function_type":"RUST_WASM",)"
           R"("version":"0.1","binary":null,"code":"c0de","outputs":["out"]},)"
           R"("state_specification":{"state_id":")"
             + to_string(component) + R"(","state_policy":"NodeLocal"},)"
             + workflow + R"(},[")" + here + R"("]]})");
  CHECK(json_of(spec_of(component_kind::resource), at)
        == R"({"Resource":[{"class_type":"file-log","configuration":)"
           R"({"a":"1","b":"say \"2\""},)"
             + workflow + R"(},")" + here + R"("]})");
}

TEST_CASE("mirror values: a component without an instance is written as "
          "EDGELESS writes it") {
  CHECK(json_of(spec_of(component_kind::function), {}).ends_with("},[]]}"));
  CHECK(
    json_of(spec_of(component_kind::resource), {})
      .ends_with("\"InstanceId(node_id: 00000000-0000-0000-0000-fffe00000000, "
                 "function_id: 00000000-0000-0000-0000-fffd00000000)\"]}"));
}

TEST_CASE("mirror values: dependencies are written as EDGELESS writes them") {
  CHECK(json_of(std::map<std::string, logical_id>{{"out", component}})
        == R"({"out":"cb314223-1021-428d-9df5-b73c53e258a2"})");
}
