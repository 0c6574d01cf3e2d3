// SPDX-License-Identifier: MIT
#include "runtime/placement/requirements.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

const std::string uuid = "fda6ce79-46df-4f96-a0d2-456f720f606c";
const std::string other = "fda6ce79-46df-4f96-a0d2-456f720f606d";

node_description good_node() {
  node_description result;
  result.id = *parse_id<node_id>(uuid);
  result.capabilities.num_cpus = 2;
  result.capabilities.num_cores = 1;
  result.capabilities.clock_freq_cpu = 1000;
  result.capabilities.labels = {"gpu", "hall-7"};
  result.capabilities.is_tee_running = true;
  result.capabilities.has_tpm = true;
  result.capabilities.runtimes = {"RUST_WASM"};
  result.providers = {{"redis-1", "redis", {}}, {"file-log-1", "file-log", {}}};
  return result;
}

component_spec function(std::map<std::string, std::string> annotations = {}) {
  component_spec result;
  result.class_id = "vector_mul";
  result.function_type = "RUST_WASM";
  result.settings = std::move(annotations);
  return result;
}

component_spec resource(std::map<std::string, std::string> configurations
                        = {}) {
  component_spec result;
  result.kind = component_kind::resource;
  result.class_id = "file-log";
  result.settings = std::move(configurations);
  return result;
}

/// The unmet requirements of the default node.
lines refusal(const component_spec& spec) {
  return why_not(requirements_of(spec), good_node());
}

lines refusal(const component_spec& spec, const node_description& node) {
  return why_not(requirements_of(spec), node);
}

} // namespace

TEST_CASE(
  "requirements: a function without annotations needs its run-time only") {
  CHECK(refusal(function()).empty());
  CHECK(feasible(requirements_of(function()), good_node()));
}

TEST_CASE("requirements: a node without the run-time is infeasible") {
  auto container = function();
  container.function_type = "CONTAINER";

  CHECK(refusal(container) == lines{"run-time CONTAINER is missing"});
  CHECK(!feasible(requirements_of(container), good_node()));
}

TEST_CASE("requirements: a node without CPUs or cores hosts no function") {
  auto node = good_node();
  node.capabilities.num_cpus = 0;
  CHECK(refusal(function(), node) == lines{"has no CPUs"});
  node = good_node();
  node.capabilities.num_cores = 0;
  CHECK(refusal(function(), node) == lines{"has no CPUs"});
}

TEST_CASE(
  "requirements: a node without CPUs and run-times may host resources") {
  auto node = good_node();
  node.capabilities = {};
  CHECK(refusal(resource(), node).empty());
}

TEST_CASE("requirements: a resource needs a provider of its class") {
  auto kafka = resource();
  kafka.class_id = "kafka-egress";

  CHECK(refusal(resource()).empty());
  CHECK(refusal(kafka) == lines{"has no provider of class kafka-egress"});
}

TEST_CASE("requirements: node_id_match_any names the feasible nodes") {
  CHECK(refusal(function({{"node_id_match_any", uuid}})).empty());
  CHECK(refusal(function({{"node_id_match_any", other + "," + uuid}})).empty());
  CHECK(refusal(function({{"node_id_match_any", other}}))
        == lines{"not among node_id_match_any"});
}

TEST_CASE("requirements: an empty node_id_match_any restricts nothing") {
  CHECK(refusal(function({{"node_id_match_any", ""}})).empty());
}

TEST_CASE(
  "requirements: a node_id_match_any without a valid id matches no node") {
  CHECK(refusal(function({{"node_id_match_any", "here"}}))
        == lines{"not among node_id_match_any"});
}

TEST_CASE("requirements: a node needs every label of label_match_all") {
  CHECK(refusal(function({{"label_match_all", "gpu"}})).empty());
  CHECK(refusal(function({{"label_match_all", "hall-7,gpu"}})).empty());
  CHECK(refusal(function({{"label_match_all", "gpu,fast,red"}}))
        == lines{"label \"fast\" is missing", "label \"red\" is missing"});
}

TEST_CASE("requirements: labels are compared literally, blanks and empty ones "
          "included") {
  CHECK(refusal(function({{"label_match_all", "gpu, hall-7"}}))
        == lines{"label \" hall-7\" is missing"});
  CHECK(refusal(function({{"label_match_all", ""}}))
        == lines{"label \"\" is missing"});
}

TEST_CASE("requirements: resource_match_all names providers by their ids") {
  CHECK(refusal(function({{"resource_match_all", "redis-1"}})).empty());
  CHECK(refusal(function({{"resource_match_all", "redis-1,redis-2"}}))
        == lines{"its provider list lacks redis-2"});
  CHECK(refusal(function({{"resource_match_all", "redis"}}))
        == lines{"its provider list lacks redis"});
}

TEST_CASE("requirements: a required TEE must be running") {
  auto node = good_node();
  node.capabilities.is_tee_running = false;

  CHECK(refusal(function({{"tee", "required"}})).empty());
  CHECK(refusal(function({{"tee", "Required"}}), node) == lines{"no TEE"});
  CHECK(refusal(function({{"tee", "not-required"}}), node).empty());
  CHECK(refusal(function({{"tee", "please"}}), node).empty());
}

TEST_CASE("requirements: a required TPM must be present") {
  auto node = good_node();
  node.capabilities.has_tpm = false;

  CHECK(refusal(function({{"tpm", "required"}})).empty());
  CHECK(refusal(function({{"tpm", "REQUIRED"}}), node) == lines{"no TPM"});
  CHECK(refusal(function({{"tpm", ""}}), node).empty());
}

TEST_CASE(
  "requirements: the configurations of a resource constrain its node as well") {
  CHECK(refusal(resource({{"label_match_all", "gpu"}})).empty());
  CHECK(refusal(resource({{"label_match_all", "fast"}, {"filename", "x"}}))
        == lines{"label \"fast\" is missing"});
  CHECK(refusal(resource({{"resource_match_all", "redis-1"}})).empty());
  CHECK(refusal(resource({{"node_id_match_any", other}}))
        == lines{"not among node_id_match_any"});
}

TEST_CASE("requirements: max_instances changes nothing") {
  CHECK(refusal(function({{"max_instances", "1"}})).empty());
}

TEST_CASE("requirements: every unmet requirement is named") {
  auto node = good_node();
  node.capabilities = {};
  auto reasons = refusal(function({{"tee", "required"},
                                   {"tpm", "required"},
                                   {"label_match_all", "gpu"},
                                   {"resource_match_all", "dda-1"},
                                   {"node_id_match_any", other}}),
                         node);

  CHECK(reasons
        == lines{"has no CPUs", "run-time RUST_WASM is missing",
                 "not among node_id_match_any", "label \"gpu\" is missing",
                 "its provider list lacks dda-1", "no TEE", "no TPM"});
}
