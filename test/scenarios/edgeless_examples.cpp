// SPDX-License-Identifier: MIT
#include "test/fixtures/build_paths.hpp"
#include "test/fixtures/world.hpp"

#include "actors/resources/resource.hpp"

#include "runtime/config/workflow_file.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// An example of EDGELESS v1.0.0, and what becomes of it.
struct example {
  std::string name;
  /// The classes of resources that it needs: it runs where nodes have these.
  lines needs{};
  /// Why its file is refused; empty: it loads.
  std::string fault{};
};

const std::string no_containers
  = "functions in containers are not supported: there is no container "
    "run-time";

const std::vector<example> examples{
  {"bench_mapreduce-mapreduce-only", {"file-log"}},
  {"bench_mapreduce-mapreduce-process", {"file-log"}},
  {"container-python", {}, no_containers},
  {"container-rust", {}, no_containers},
  {"dda_demo", {"dda", "file-log"}},
  {"dda_test", {"dda"}},
  {"esp32_resources", {"scd30-sensor", "epaper-display"}},
  {"file_log", {"file-log"}},
  {"http_egress", {"http-egress"}},
  {"http_ingress", {"http-ingress"}},
  {"kafka_egress", {"kafka-egress"}},
  {"matrix_mul-chain", {"metrics-collector"}},
  {"matrix_mul-single", {"metrics-collector"}},
  {"noop"},
  {"ollama", {"http-ingress", "ollama", "file-log"}},
  {"ping_pong"},
  {"ping_pong_async"},
  {"redis", {"redis"}},
  {"simple_workflow_http", {"http-ingress", "http-egress"}},
  {"tutorial-01", {"file-log", "redis"}},
  {"vector_mul-chain", {"metrics-collector"}},
  {"vector_mul-single", {"metrics-collector"}},
};

std::string read(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Accepts all events.
class any_resource : public edgeless::resource {
public:
  caf::error open() override {
    return caf::none;
  }
  outcome handle(const events&, caf::actor_clock::time_point) override {
    return {};
  }
};

caf::error accept_module(std::string_view) {
  return {};
}

struct examples_fixture : world {
  examples_fixture() {
    policy = if_infeasible::refuse;
    classes_of_all_examples();
  }

  /// Puts the file where it is in EDGELESS' sources, with a module for each
  /// function that it names, which is a script that does nothing.
  caf::expected<workflow_file> load(const example& x) {
    auto text = read(edgeless_examples_folder() / (x.name + ".json"));
    REQUIRE(!text.empty());
    constexpr std::string_view before = "\"../../functions/";
    for (auto at = text.find(before); at != std::string::npos;
         at = text.find(before, at + 1)) {
      auto from = at + before.size();
      auto name = text.substr(from, text.find('/', from) - from);
      sources.write("functions/" + name + "/" + name + ".wasm", name);
      scripts[name] = [](guest_host&, const guest_event&) {
        return step{};
      };
    }
    sources.write("examples/" + x.name + "/workflow.json", text);
    return load_workflow_file(
      sources / ("examples/" + x.name) / "workflow.json", accept_module);
  }

  void add_node_with(const lines& classes_of_node) {
    node_description details;
    for (auto& x : classes_of_node)
      details.providers.push_back({x + "-1", x, {}});
    add_node("node-1", details);
  }

  folder sources;

private:
  void classes_of_all_examples() {
    auto made = std::make_shared<const resource_class>(
      resource_class{[](const component_spec&) {
        return std::make_unique<any_resource>();
      }});
    for (auto& x : examples)
      for (auto& needed : x.needs)
        classes[needed] = made;
  }
};

} // namespace

TEST_CASE_FIXTURE(examples_fixture, "EDGELESS examples: all are listed here") {
  std::size_t found = 0;
  for (auto& x :
       std::filesystem::directory_iterator{edgeless_examples_folder()})
    found += x.path().extension() == ".json";

  CHECK(found == examples.size());
}

TEST_CASE_FIXTURE(examples_fixture,
                  "EDGELESS examples: each loads without a warning, or is "
                  "refused with a reason") {
  for (auto& x : examples) {
    CAPTURE(x.name);
    auto loaded = load(x);

    auto why = loaded ? std::string{} : explain(loaded.error());
    CAPTURE(why);
    CHECK(static_cast<bool>(loaded) == x.fault.empty());
    CHECK(why.find(x.fault) != std::string::npos);
    if (loaded)
      CHECK(loaded->warnings == lines{});
  }
}

TEST_CASE("EDGELESS examples: each runs where a node has what it needs, and is "
          "refused where one class is missing") {
  for (auto& x : examples) {
    if (!x.fault.empty())
      continue;
    CAPTURE(x.name);
    examples_fixture all;
    auto components = all.load(x)->spec.components;
    all.add_node_with(x.needs);
    all.start(components);
    for (auto& y : components)
      CHECK(all.status_of(y.name).phase == component_phase::running);
    for (auto& missing : x.needs) {
      CAPTURE(missing);
      examples_fixture some;
      auto others = x.needs;
      std::erase(others, missing);
      some.load(x);
      some.add_node_with(others);

      auto problem = explain(some.try_start(components));

      CAPTURE(problem);
      CHECK(problem.find("has no provider of class " + missing + " (1 node)")
            != std::string::npos);
    }
  }
}
