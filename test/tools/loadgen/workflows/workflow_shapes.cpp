// SPDX-License-Identifier: MIT
#include "tools/loadgen/workflows/workflow_shapes.hpp"

#include "tools/loadgen/random.hpp"

#include "runtime/config/workflow_validation.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

template <class Shape>
workflow_spec draw(const Shape& x, std::uint64_t seed = 1) {
  REQUIRE(!check(x));
  auto result = draw_workflow(x, 7, seeded_random(seed));
  CHECK(structural_faults(result).empty());
  return result;
}

const component_draft& named(const workflow_spec& all,
                             const std::string& name) {
  for (auto& x : all.components)
    if (x.name == name)
      return x;
  FAIL(name << " is missing");
  return all.components.front();
}

std::string init(const workflow_spec& all, const std::string& name) {
  return named(all, name).settings.at("init-payload");
}

std::string target_of(const workflow_spec& all, const std::string& name,
                      const std::string& channel) {
  auto& map = named(all, name).output_mapping;
  auto i = map.find(channel);
  return i == map.end() ? "" : i->second;
}

/// The policy of its metric output for a full inbox of the collector.
std::string full_policy(const workflow_spec& all, const std::string& name) {
  auto& settings = named(all, name).settings;
  auto i = settings.find("on_full.metric");
  return i == settings.end() ? "" : i->second;
}

template <class Shape>
std::string refusal(const Shape& x) {
  auto problem = check(x);
  return problem ? explain(problem) : "";
}

} // namespace

TEST_CASE("matrix chain: leads from the first function to the last") {
  matrix_chain x{3, 3, 10, 10, 250, "matrix.wasm"};
  auto all = draw(x);

  REQUIRE(all.components.size() == 4);
  CHECK(init(all, "f0")
        == "seed=0,inter_arrival=250,is_first=true,is_last=false,"
           "matrix_size=10,outputs=0");
  CHECK(init(all, "f2")
        == "seed=2,inter_arrival=250,is_first=false,is_last=true,"
           "matrix_size=10,outputs=");
  CHECK(target_of(all, "f0", "out-0") == "f1");
  CHECK(target_of(all, "f1", "out-0") == "f2");
  CHECK(target_of(all, "f2", "out-0") == "");
  CHECK(target_of(all, "f1", "metric") == "metrics-collector");
  CHECK(named(all, "f1").code == "matrix.wasm");
  CHECK(named(all, "metrics-collector").settings.at("wf_name") == "wf7");
}

TEST_CASE(
  "workflow shapes: functions block while their metrics-collector is busy") {
  CHECK(full_policy(draw(matrix_chain{1, 1, 9, 9, 0, "m"}), "f0") == "block");
  CHECK(full_policy(draw(vector_chain{2, 2, 9, 9, "v"}), "client") == "block");
  auto all = draw(map_reduce{});
  CHECK(full_policy(all, "s0") == "block");
  CHECK(full_policy(all, "p0-0") == "");
}

TEST_CASE("matrix chain: is a ring without a transaction interval") {
  auto all = draw(matrix_chain{2, 2, 10, 10, 0, "matrix.wasm"});

  CHECK(target_of(all, "f1", "out-0") == "f0");
  CHECK(init(all, "f1").ends_with("outputs=0"));
  all = draw(matrix_chain{1, 1, 10, 10, 0, "matrix.wasm"});
  CHECK(target_of(all, "f0", "out-0") == "f0");
}

TEST_CASE("vector chain: leads from its client back to the client") {
  auto all = draw(vector_chain{3, 3, 5, 5, "vector.wasm"});

  REQUIRE(all.components.size() == 4);
  CHECK(init(all, "client") == "seed=0,is_client=true,input_size=5");
  CHECK(init(all, "f1") == "seed=2,is_client=false,input_size=5");
  CHECK(target_of(all, "client", "out") == "f0");
  CHECK(target_of(all, "f0", "out") == "f1");
  CHECK(target_of(all, "f1", "out") == "client");
  CHECK(target_of(all, "client", "metric") == "metrics-collector");
}

TEST_CASE("map-reduce: each stage has all branches as inputs") {
  map_reduce x;
  x.min_num_stages = x.max_num_stages = 2;
  x.min_fan_out = x.max_fan_out = 2;
  x.min_transaction_interval_ms = x.max_transaction_interval_ms = 50;
  x.min_input_size = x.max_input_size = 9;
  x.min_fibonacci = x.max_fibonacci = 5;
  x.functions_path = "lib";
  auto all = draw(x);

  REQUIRE(all.components.size() == 1 + 3 + 4 + 1);
  CHECK(init(all, "trigger")
        == "out_type=rand_vec,use_base64=true,size=9,arrival=c(50)");
  CHECK(target_of(all, "trigger", "out") == "s0");
  CHECK(init(all, "s0")
        == "init_id_from_redis=false,is_first=true,is_last=false,"
           "use_base64=true,inputs=,outputs=0:1");
  CHECK(target_of(all, "s0", "out-1") == "p0-1");
  CHECK(target_of(all, "p0-1", "out") == "s1");
  CHECK(init(all, "p0-1") == "forward=true,fibonacci=5,allocate=0");
  CHECK(init(all, "s1").ends_with("inputs=0:1,outputs=0:1"));
  CHECK(target_of(all, "p1-0", "out") == "s2");
  CHECK(init(all, "s2").find("is_last=true,use_base64=true,inputs=0:1,outputs=")
        != std::string::npos);
  CHECK(target_of(all, "s0", "metric") == "metrics-collector");
  CHECK(target_of(all, "s1", "metric") == "");
  CHECK(target_of(all, "s2", "metric") == "metrics-collector");
  CHECK(named(all, "trigger").code == "lib/trigger/trigger.wasm");
}

TEST_CASE(
  "map-reduce: with a Redis, the first and the last stage are connected "
  "to it") {
  map_reduce x;
  x.redis_url = "redis://there";
  auto all = draw(x);

  CHECK(named(all, "redis").settings
        == std::map<std::string, std::string>{{"url", "redis://there"},
                                              {"key", "last_transaction_id"},
                                              {"add-workflow-id", "true"}});
  CHECK(target_of(all, "s0", "redis") == "redis");
  CHECK(init(all, "s0").starts_with("init_id_from_redis=true,"));
}

TEST_CASE("workflow shapes: lengths are drawn uniformly from their range") {
  matrix_chain x{1, 3, 5, 7, 0, "matrix.wasm"};
  std::map<std::size_t, int> lengths;
  auto random = seeded_random(1);
  for (int i = 0; i < 300; ++i)
    ++lengths[draw_workflow(x, 0, random).components.size() - 1];

  REQUIRE(lengths.size() == 3);
  for (auto length : {1, 2, 3})
    CHECK(lengths[length] > 50);
}

TEST_CASE("workflow shapes: the seed determines the workflow") {
  map_reduce x;
  CHECK(draw(x, 5) == draw(x, 5));
  CHECK(draw(x, 5) != draw(x, 6));
}

TEST_CASE("workflow shapes: parameters out of range are refused") {
  CHECK(refusal(matrix_chain{0, 3, 1, 1, 0, "m"}).find("min_chain_length")
        == 0);
  CHECK(refusal(matrix_chain{3, 2, 1, 1, 0, "m"}).find("min_chain_length")
        == 0);
  CHECK(refusal(matrix_chain{1, 5000, 1, 1, 0, "m"}) != "");
  CHECK(refusal(matrix_chain{1, 1, 9, 8, 0, "m"}).find("min_matrix_size") == 0);
  CHECK(refusal(matrix_chain{1, 1, 9, 9, 0, ""}) != "");
  CHECK(refusal(vector_chain{1, 1, 9, 8, "v"}).find("min_input_size") == 0);
  map_reduce x;
  CHECK(refusal(x) == "");
  x.max_fan_out = 21;
  CHECK(refusal(x).find("min_fan_out") == 0);
  x.max_fan_out = 20;
  x.max_num_stages = 100;
  CHECK(refusal(x).find("components") != std::string::npos);
}
