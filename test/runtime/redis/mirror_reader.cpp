// SPDX-License-Identifier: MIT
#include "runtime/redis/mirror_reader.hpp"

#include "runtime/redis/intent_codec.hpp"
#include "runtime/redis/mirror_values.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

const std::string a_node = "fda6ce79-46df-4f96-a0d2-456f720f606c";
const std::string an_instance = "1a5a0386-2115-4188-8e15-a8c8b8561770";
const std::string a_home
  = "InstanceId(node_id: " + a_node + ", function_id: " + an_instance + ")";
const std::string nowhere
  = "InstanceId(node_id: 00000000-0000-0000-0000-fffe00000000, function_id: "
    "00000000-0000-0000-0000-fffd00000000)";

const std::string capabilities
  = R"({"num_cpus":4,"model_name_cpu":"x86","clock_freq_cpu":2399.5,)"
    R"("num_cores":8,"mem_size":7937,"labels":["red","blue"],)"
    R"("is_tee_running":true,"has_tpm":false,"runtimes":["RUST_WASM"])";

const std::string health
  = R"({"cpu_usage":20,"cpu_load":2,"mem_free":1,"mem_used":2,"mem_total":3,)"
    R"("mem_available":4,"proc_cpu_usage":5,"proc_memory":6,)"
    R"("proc_vmemory":7})";

template <class T>
std::string fault_of(const caf::expected<T>& x) {
  REQUIRE(!x);
  return explain(x.error());
}

/// `text` without `part`.
std::string without(std::string text, const std::string& part) {
  return text.erase(text.find(part), part.size());
}

} // namespace

TEST_CASE("mirror reader: reads capabilities as EDGELESS writes them") {
  auto x = read_capabilities(capabilities + "}");
  REQUIRE(x);
  node_capabilities expected;
  expected.num_cpus = 4;
  expected.model_name_cpu = "x86";
  expected.clock_freq_cpu = 2399.5;
  expected.num_cores = 8;
  expected.mem_size = 7937;
  expected.labels = {"red", "blue"};
  expected.is_tee_running = true;
  expected.runtimes = {"RUST_WASM"};
  CHECK(x->basic == expected);
  CHECK(!x->has_more);
}

TEST_CASE("mirror reader: reads disks and GPUs of later versions") {
  auto x = read_capabilities(
    capabilities + R"(,"disk_tot_space":90,"num_gpus":1,)"
    + R"("model_name_gpu":"orin","mem_size_gpu":64,"unknown":[{}]})");
  REQUIRE(x);
  REQUIRE(x->has_more);
  CHECK(x->basic.disk_tot_space == 90);
  CHECK(x->basic.num_gpus == 1);
  CHECK(x->basic.model_name_gpu == "orin");
  CHECK(x->basic.mem_size_gpu == 64);
}

TEST_CASE("mirror reader: names the missing or invalid field of capabilities") {
  auto text = capabilities + "}";
  CHECK(fault_of(read_capabilities(without(text, R"("num_cpus":4,)")))
        == "num_cpus is missing");
  CHECK(fault_of(read_capabilities(without(text, "2399.5")))
          .starts_with("is not JSON: 1:"));
  text.replace(text.find("7937"), 4, "\"7937\"");
  CHECK(fault_of(read_capabilities(text)) == "mem_size must be a number");
  text.replace(text.find("\"7937\""), 6, "1e300");
  CHECK(fault_of(read_capabilities(text)) == "mem_size is out of range");
}

TEST_CASE("mirror reader: reads health by the names of its figures") {
  auto x = read_health(health);
  REQUIRE(x);
  CHECK(!x->later);
  CHECK(x->figures.size() == 9);
  CHECK(x->figure("cpu_usage") == 20);
  CHECK(x->figure("proc_vmemory") == 7);
  CHECK(x->figure("load_avg_1") == -1);
}

TEST_CASE("mirror reader: reads the figures of later versions") {
  auto x = read_health(
    R"({"mem_free":1,"mem_used":2,"mem_available":3,"proc_cpu_usage":4,)"
    R"("proc_memory":5,"proc_vmemory":6,"load_avg_1":7,"load_avg_5":8,)"
    R"("load_avg_15":9,"tot_rx_bytes":5000000000,"tot_rx_pkts":11,)"
    R"("tot_rx_errs":12,"tot_tx_bytes":13,"tot_tx_pkts":14,"tot_tx_errs":15,)"
    R"("disk_free_space":16,"disk_tot_reads":17,"disk_tot_writes":18,)"
    R"("gpu_load_perc":-1,"gpu_temp_cels":-1000})");
  REQUIRE(x);
  CHECK(x->later);
  CHECK(x->figure("tot_rx_bytes") == 5'000'000'000);
  CHECK(x->figure("gpu_temp_cels") == -1000);
  CHECK(!x->figures.contains("active_power"));
}

TEST_CASE(
  "mirror reader: reads the figures of all versions beside each other") {
  node_health written;
  written.cpu_usage = 20;
  written.load_avg_1 = 150;
  auto x = read_health(json_of(written));
  REQUIRE(x);
  CHECK(x->later);
  CHECK(x->figure("cpu_usage") == 20);
  CHECK(x->figure("load_avg_1") == 150);
  CHECK(x->figures.size() == 24);
}

TEST_CASE("mirror reader: health that lacks a figure is an error") {
  CHECK(fault_of(read_health(without(health, R"("mem_free":1,)")))
        == "mem_free is missing");
  CHECK(fault_of(read_health("[1]")) == "must be a JSON object");
  CHECK(fault_of(read_health("{}")) == "mem_free is missing");
}

TEST_CASE("mirror reader: reads a function with all its instances") {
  auto x = read_component(R"({"Function":[{"annotations":{"a":"b"}},[")"
                          + a_home + "\",\"" + nowhere + "\"]]}");
  REQUIRE(x);
  CHECK(x->kind == component_kind::function);
  REQUIRE(x->instances.size() == 1);
  CHECK(to_string(x->instances[0]) == a_home);
  CHECK(x->class_id == "");
  CHECK(!x->workflow);
}

TEST_CASE(
  "mirror reader: reads class and workflow of a function of later versions") {
  auto begin = std::string{R"({"Function":[{"spec":{"id":"vector_mul"},)"}
               + R"("annotations":{},"workflow_id":")";
  auto x = read_component(begin + an_instance + R"("},[]]})");
  REQUIRE(x);
  CHECK(x->class_id == "vector_mul");
  CHECK(to_string(x->workflow) == an_instance);
  CHECK(x->instances.empty());
  auto none = read_component(begin + "00000000-0000-0000-0000-ffff00000000"
                             + R"("},[]]})");
  REQUIRE(none);
  CHECK(!none->workflow);
}

TEST_CASE("mirror reader: reads a resource with its class and its instance") {
  auto x = read_component(
    R"({"Resource":[{"class_type":"file-log","configuration":{}},")" + a_home
    + "\"]}");
  REQUIRE(x);
  CHECK(x->kind == component_kind::resource);
  CHECK(x->class_id == "file-log");
  REQUIRE(x->instances.size() == 1);
  CHECK(to_string(x->instances[0].node) == a_node);
}

TEST_CASE("mirror reader: a value without instances is an error") {
  for (auto text : {R"({"Function":[]})", R"({"Function":[{}]})", R"({})",
                    R"({"Actor":[{},[]]})", R"({"Resource":["a","b"]})"})
    CHECK(fault_of(read_component(text))
          == "is neither a function nor a resource");
  for (auto text : {R"({"Function":[{},["x"]]})", R"({"Function":[{},"x"]})",
                    R"({"Function":[{},[1]]})", R"({"Resource":[{},[]]})"})
    CHECK(fault_of(read_component(text)) == "does not name its instances");
}

TEST_CASE("mirror reader: reads an instance id only in its exact form") {
  REQUIRE(read_instance(a_home));
  CHECK(to_string(*read_instance(a_home)) == a_home);
  CHECK(!read_instance(a_home + " "));
  CHECK(!read_instance(a_home.substr(1)));
  CHECK(!read_instance(""));
  auto text = a_home;
  text[text.find(',')] = ';';
  CHECK(!read_instance(text));
}

TEST_CASE("mirror reader: reads a provider, or names the missing field") {
  auto x = read_provider(R"({"class_type":"file-log","node_id":")" + a_node
                         + R"(","outputs":["a"]})");
  REQUIRE(x);
  CHECK(x->class_type == "file-log");
  CHECK(to_string(x->node) == a_node);
  CHECK(x->outputs == lines{"a"});
  CHECK(
    fault_of(read_provider(R"({"class_type":"x","node_id":"y","outputs":[]})"))
    == "node_id must be a UUID");
}

TEST_CASE("mirror reader: the outcome of an intent is done or refused") {
  auto x
    = read_intent_result(R"({"intent":"migrate","value":"N","outcome":"done",)"
                         R"("reason":"","time":1.5})");
  REQUIRE(x);
  CHECK(x->done);
  CHECK(x->value == "N");
  auto y
    = read_intent_result(R"({"outcome":"refused","reason":"unknown node"})");
  REQUIRE(y);
  CHECK(!y->done);
  CHECK(y->reason == "unknown node");
  CHECK(fault_of(read_intent_result(R"({"outcome":"perhaps"})"))
        == "must have the outcome done or refused");
}

TEST_CASE("mirror reader: a sample is two numbers") {
  REQUIRE(read_sample("0.243379291,1725557090.92"));
  CHECK(read_sample("0.243379291,1725557090.92")->value == 0.243379291);
  CHECK(read_sample("0.243379291,1725557090.092")->time == 1725557090.092);
  REQUIRE(read_dated_sample("1725557090.5:3e-7"));
  CHECK(read_dated_sample("1725557090.5:3e-7")->value == 3e-7);
  for (auto text : {"", ",", "1", "1,", ",1", "1,2,3", "1,x", " 1,2", "nan,1",
                    "1,inf", "1e999,1", "1:2"})
    CHECK(!read_sample(text));
  CHECK(!read_dated_sample("1,2"));
}

TEST_CASE("mirror reader: reads back what the mirror writes") {
  node_capabilities capabilities{
    4,     "a \"b\"",     2399.5, 8, 7937,    {"red"}, true,
    false, {"RUST_WASM"}, 90,     1, "a GPU", 64};
  CHECK(read_capabilities(json_of(capabilities))->basic == capabilities);
  CHECK(read_health(json_of(node_health{}))->figure("mem_free") == -1);
  provider_description maker{"file-log-1", "file-log", {"out"}};
  auto provider = read_provider(json_of(maker, node_id{1, 2}));
  REQUIRE(provider);
  CHECK(provider->node == node_id{1, 2});
  CHECK(provider->outputs == maker.outputs);
}

TEST_CASE("mirror reader: reads back the instance that the mirror writes") {
  component_spec spec;
  endpoint placed;
  placed.node = node_id{1, 2};
  placed.instance = physical_id{3, 4};
  for (auto kind : {component_kind::function, component_kind::resource}) {
    spec.kind = kind;
    auto there = read_component(json_of(spec, placed));
    REQUIRE(there);
    CHECK(there->kind == kind);
    CHECK(there->instances
          == std::vector{instance_id{placed.node, placed.instance}});
    auto nowhere = read_component(json_of(spec, endpoint{}));
    REQUIRE(nowhere);
    CHECK(nowhere->instances.empty());
  }
}

TEST_CASE("mirror reader: reads back the result of an intent") {
  auto text = intent_result("intent:drain:N", "yes", false, "no \"N\"",
                            std::chrono::system_clock::time_point{});
  auto outcome = read_intent_result(text);
  REQUIRE(outcome);
  CHECK(!outcome->done);
  CHECK(outcome->value == "yes");
  CHECK(outcome->reason == "no \"N\"");
}

TEST_CASE("mirror reader: values that are too large or too deep are refused") {
  CHECK(fault_of(read_health(std::string(limits::payload + 1, ' ')))
        == "is too large");
  CHECK(fault_of(read_component(std::string(100'000, '[')))
          .starts_with("is not JSON: "));
}
