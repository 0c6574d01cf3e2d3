// SPDX-License-Identifier: MIT
#include "test/fixtures/redis_server.hpp"

#include "runtime/redis/domain_mirror.hpp"
#include "runtime/redis/mirror_reader.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <limits>

/// What the readers of EDGELESS require, field by field: ProxyRedis and the
/// structs that it deserializes, at the revisions named. serde skips unknown
/// fields, and drops a whole value without a word if a required one is missing.
namespace edgeless::schema_test {

namespace json = boost::json;

namespace {

enum class form { u32, i32, i64, real, text, texts, flag, map, uuid, instance };

struct field {
  const char* name;
  form type;
};
using fields = std::vector<field>;

/// The required fields of the values that one version of EDGELESS reads.
struct reader_version {
  const char* name;
  mirror_schema schema;
  fields capabilities, health, provider, function, spec, state, resource;
};

fields operator+(fields x, const fields& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

// edgeless_api/src/node_registration.rs, NodeCapabilities
const fields page_capabilities{
  {"num_cpus", form::u32},        {"model_name_cpu", form::text},
  {"clock_freq_cpu", form::real}, {"num_cores", form::u32},
  {"mem_size", form::u32},        {"labels", form::texts},
  {"is_tee_running", form::flag}, {"has_tpm", form::flag},
  {"runtimes", form::texts}};
const fields v1_capabilities = page_capabilities
                               + fields{{"disk_tot_space", form::u32},
                                        {"num_gpus", form::u32},
                                        {"model_name_gpu", form::text},
                                        {"mem_size_gpu", form::u32}};
// NodeHealthStatus: node_management.rs, since v1.1 node_registration.rs
const fields common_health{
  {"mem_free", form::i32},      {"mem_used", form::i32},
  {"mem_available", form::i32}, {"proc_cpu_usage", form::i32},
  {"proc_memory", form::i32},   {"proc_vmemory", form::i32}};
const fields page_health = common_health
                           + fields{{"cpu_usage", form::i32},
                                    {"cpu_load", form::i32},
                                    {"mem_total", form::i32}};
const fields device_health{
  {"load_avg_1", form::i32},     {"load_avg_5", form::i32},
  {"load_avg_15", form::i32},    {"tot_rx_bytes", form::i64},
  {"tot_rx_pkts", form::i64},    {"tot_rx_errs", form::i64},
  {"tot_tx_bytes", form::i64},   {"tot_tx_pkts", form::i64},
  {"tot_tx_errs", form::i64},    {"disk_free_space", form::i64},
  {"disk_tot_reads", form::i64}, {"disk_tot_writes", form::i64}};
const fields v1_health
  = common_health + device_health
    + fields{{"gpu_load_perc", form::i32}, {"gpu_temp_cels", form::i32}};
// edgeless_orc: ResourceProvider
const fields provider{{"class_type", form::text},
                      {"node_id", form::uuid},
                      {"outputs", form::texts}};
// function_instance.rs: SpawnFunctionRequest, FunctionClassSpecification,
// StateSpecification; resource_configuration.rs: ResourceInstanceSpecification
const fields v1_function{{"annotations", form::map}};
const fields v1_resource{{"class_type", form::text},
                         {"configuration", form::map}};
const fields later_spec{{"id", form::text},
                        {"function_type", form::text},
                        {"version", form::text},
                        {"outputs", form::texts}};
const fields later_state{{"state_id", form::uuid},
                         {"state_policy", form::text}};
const fields workflow{{"workflow_id", form::text}};

const std::vector<reader_version> versions{
  {"documentation of September 2024",
   mirror_schema::v1_0,
   page_capabilities,
   page_health,
   provider,
   v1_function,
   {},
   {},
   v1_resource},
  {"D4.2",
   mirror_schema::v1_0,
   page_capabilities,
   page_health + device_health,
   provider,
   v1_function,
   {},
   {},
   v1_resource},
  {"v1.0.0",
   mirror_schema::v1_0,
   v1_capabilities,
   v1_health,
   provider,
   v1_function,
   {},
   {},
   v1_resource},
  {"v1.1.0", mirror_schema::v1_2, v1_capabilities, v1_health, provider,
   v1_function + workflow, later_spec, later_state, v1_resource + workflow},
  {"v1.2.0", mirror_schema::v1_2, v1_capabilities,
   v1_health + fields{{"active_power", form::i32}}, provider,
   v1_function + workflow, later_spec, later_state, v1_resource + workflow}};

std::string text_of(const json::value& x) {
  return {x.get_string().data(), x.get_string().size()};
}

bool has_form(const json::value& x, form type) {
  auto within = [&](std::int64_t low, std::int64_t high) {
    json::error_code problem;
    auto number = x.to_number<std::int64_t>(problem);
    return !problem && (x.is_int64() || x.is_uint64()) && number >= low
           && number <= high;
  };
  auto is_text = [](const json::value& y) {
    return y.is_string();
  };
  switch (type) {
  case form::u32:
    return within(0, std::numeric_limits<std::uint32_t>::max());
  case form::i32:
    return within(std::numeric_limits<std::int32_t>::min(),
                  std::numeric_limits<std::int32_t>::max());
  case form::i64:
    return within(std::numeric_limits<std::int64_t>::min(),
                  std::numeric_limits<std::int64_t>::max());
  case form::real:
    return x.is_number();
  case form::text:
    return x.is_string();
  case form::texts:
    return x.is_array() && std::ranges::all_of(x.get_array(), is_text);
  case form::flag:
    return x.is_bool();
  case form::map:
    return x.is_object() && std::ranges::all_of(x.get_object(), [&](auto& y) {
             return is_text(y.value());
           });
  case form::uuid:
    return x.is_string() && parse_id<node_id>(text_of(x)).has_value();
  case form::instance:
    return x.is_string() && read_instance(text_of(x)).has_value();
  }
  return false;
}

void check_fields(const json::value& x, const fields& required) {
  REQUIRE(x.is_object());
  for (auto& y : required) {
    auto value = x.get_object().if_contains(y.name);
    REQUIRE_MESSAGE(value != nullptr, y.name);
    CHECK_MESSAGE(has_form(*value, y.type), y.name);
  }
}

/// A domain with a node, a function and a resource, mirrored to a real Redis.
struct mirrored_domain {
  explicit mirrored_domain(mirror_schema schema) {
    mirror_options options;
    options.schema = schema;
    options.domain = "domain-7";
    options.now = [] {
      return std::chrono::system_clock::time_point{
        std::chrono::microseconds{1'725'557'090'092'007}};
    };
    mirror all{options};
    all.rewrite();
    node_description x;
    x.id = node;
    x.capabilities.labels = {"a", "b"};
    x.capabilities.clock_freq_cpu = 2000;
    x.providers = {{"log-1", "file-log", {"out"}}};
    all.join(x);
    component_spec function;
    function.id = {1, 1};
    function.class_id = "relay";
    function.function_type = "RUST_WASM";
    function.version = "0.1";
    function.outputs = {"out"};
    function.settings = {{"init-payload", "1"}};
    component_spec resource;
    resource.id = {1, 2};
    resource.kind = component_kind::resource;
    resource.class_id = "file-log";
    resource.settings = {{"filename", "f"}};
    function.wiring = {{"out", resource.id}};
    function.workflow = resource.workflow = {2, 1};
    for (auto& y : {function, resource}) {
      all.host(y);
      endpoint at;
      at.node = node;
      at.instance = {3, y.id.low};
      all.moved(y.id, at);
    }
    node_report report;
    report.samples.times = {{{3, 1}, {0.5, 0.5, 0.25}}};
    report.samples.logs = {{{3, 1}, 1'725'557'091'000'001, "tbegin", "42"}};
    report.health.gpu_temp_cels = 45'500;
    all.report(node, report);
    while (all.has_changes())
      for (auto& command : all.changes(100))
        ask(command);
  }

  redis_reply ask(const redis_command& x) {
    auto replies = connection->run({x});
    REQUIRE(replies);
    REQUIRE_MESSAGE(replies->front().type != redis_reply::kind::error,
                    x[0] << " " << replies->front().text);
    return replies->front();
  }

  json::value json_at(const std::string& key) {
    return json::parse(ask({"GET", key}).text);
  }

  std::vector<std::string> items(const redis_command& x) {
    std::vector<std::string> result;
    for (auto& y : ask(x).items)
      result.push_back(y.text);
    return result;
  }

  redis_server server;
  std::unique_ptr<redis> connection = std::move(*open_redis(server.url()));
  node_id node{9, 9};
  std::string node_text = to_string(node);
  std::string function_text = to_string(logical_id{1, 1});
  std::string resource_text = to_string(logical_id{1, 2});
  std::string instance_text = to_string(physical_id{3, 1});
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("schema conformance: each version of EDGELESS finds the fields that "
          "it requires") {
  for (auto& version : versions) {
    CAPTURE(version.name);
    mirrored_domain x{version.schema};

    check_fields(x.json_at("node:capabilities:" + x.node_text),
                 version.capabilities);
    auto health = "node:health:" + x.node_text;
    if (version.schema == mirror_schema::v1_0)
      check_fields(x.json_at(health), version.health);
    else
      check_fields(json::parse(x.items({"ZRANGE", health, "-1", "-1"}).at(0)),
                   version.health);
    check_fields(x.json_at("provider:log-1"), version.provider);

    auto function
      = x.json_at("instance:" + x.function_text).at("Function").as_array();
    REQUIRE(function.size() == 2);
    check_fields(function[0], version.function);
    if (!version.spec.empty())
      check_fields(function[0].at("spec"), version.spec);
    if (!version.state.empty())
      check_fields(function[0].at("state_specification"), version.state);
    CHECK(has_form(function[1].at(0), form::instance));

    auto resource
      = x.json_at("instance:" + x.resource_text).at("Resource").as_array();
    REQUIRE(resource.size() == 2);
    check_fields(resource[0], version.resource);
    CHECK(has_form(resource[1], form::instance));
    CHECK(text_of(x.json_at("dependency:" + x.function_text).at("out"))
          == x.resource_text);
  }
}

TEST_CASE("schema conformance: 1.0 has samples in lists, and no dates") {
  mirrored_domain x{mirror_schema::v1_0};

  CHECK(
    x.items({"LRANGE", "performance:function_execution_time:" + x.instance_text,
             "0", "-1"})
    == texts{"0.5,1725557090.092", "0.5,1725557090.092",
             "0.25,1725557090.092"});
  CHECK(x.items({"LRANGE", "performance:tbegin:" + x.instance_text, "0", "-1"})
        == texts{"42,1725557091.000"});
  CHECK(x.items({"KEYS", "*last_update"}).empty());
  CHECK(x.items({"KEYS", "domain_info*"}).empty());
}

TEST_CASE("schema conformance: 1.2 has sorted sets, dates and the domain") {
  mirrored_domain x{mirror_schema::v1_2};

  auto series = "performance:" + x.instance_text + ":";
  CHECK(x.items({"ZRANGE", series + "function_execution_time", "0", "-1"})
        == texts{"1725557090.092007:0.5", "1725557090.092008:0.5",
                 "1725557090.092009:0.25"});
  CHECK(x.ask({"ZSCORE", series + "function_execution_time",
               "1725557090.092008:0.5"})
          .text.starts_with("1725557090.09200"));
  CHECK(x.items({"ZRANGE", series + "tbegin", "0", "-1"})
        == texts{"1725557091.000001:42"});
  CHECK(x.ask({"GET", "domain_info:domain_id"}).text == "domain-7");
  for (auto family :
       {"node:capabilities", "provider", "instance", "dependency"})
    CHECK(x.ask({"GET", std::string{family} + ":last_update"}).text
          == "1725557090.092007");
}

} // namespace edgeless::schema_test
