// SPDX-License-Identifier: MIT
#include "runtime/config/workflow_validation.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

component_draft function(const std::string& name) {
  component_draft result;
  result.name = name;
  result.class_id = "noop";
  result.function_type = "RUST_WASM";
  result.code = std::string(64, 'a');
  return result;
}

component_draft resource(const std::string& name) {
  component_draft result;
  result.name = name;
  result.kind = component_kind::resource;
  result.class_id = "file-log";
  return result;
}

} // namespace

TEST_CASE("a workflow may have loops, and components that feed themselves") {
  auto f = function("f");
  auto g = function("g");
  f.output_mapping = {{"out", "g"}, {"again", "f"}};
  g.output_mapping = {{"out", "f"}};

  CHECK(validate({{f, g, resource("log")}, {}}).empty());
  CHECK(validate({}).empty());
}

TEST_CASE("names are unique across functions and resources") {
  workflow_spec spec{{function("x"), resource("x"), function("y")}, {}};
  CHECK(validate(spec) == lines{"x: several components have this name"});
}

TEST_CASE("an output cannot be mapped to a component that is not there") {
  auto f = function("f");
  f.output_mapping = {{"out", "ghost"}};

  CHECK(validate({{f}, {}})
        == lines{"f: output \"out\" is mapped to an unknown component "
                 "\"ghost\""});
}

TEST_CASE("a component without a name is told by its place") {
  workflow_spec spec{{function("a"), resource(""), function("")}, {}};
  CHECK(validate(spec)
        == lines{"resources[0]: its name is empty",
                 "functions[1]: its name is empty"});
}

TEST_CASE("classes and channels have names") {
  auto f = function("f");
  auto r = resource("r");
  f.class_id = "";
  f.output_mapping = {{"", "r"}};
  r.class_id = "";

  CHECK(validate({{f, r}, {}})
        == lines{"f: its class id is empty", "f: its output channel is empty",
                 "r: its class type is empty"});
}

TEST_CASE("a name cannot command a terminal") {
  auto f = function("red\x1b[31m");
  CHECK(validate({{f}, {}})
        == lines{"functions[0]: its name has control characters"});
}

TEST_CASE("a function is of a type that is known") {
  auto f = function("f");
  f.function_type = "RUST";
  CHECK(validate({{f}, {}})
        == lines{"f: function_type \"RUST\" is neither RUST_WASM nor "
                 "CONTAINER"});
}

TEST_CASE("a container function needs no module") {
  auto f = function("f");
  f.function_type = "CONTAINER";
  f.code = "";
  CHECK(validate({{f}, {}}).empty());
}

TEST_CASE("a WebAssembly function has a module, named by its hash") {
  auto f = function("f");
  f.code = "../../etc/passwd";
  workflow_spec spec{{f}, {}};

  CHECK(validate(spec) == lines{"f: it has no module"});
  CHECK(structural_faults(spec).empty());
}

TEST_CASE("a component is a function or a resource") {
  auto f = function("f");
  f.kind = static_cast<component_kind>(7);
  f.function_type = "";
  CHECK(validate({{f}, {}})
        == lines{"f: it is neither a function nor a resource"});
}

TEST_CASE("annotations that make no sense name their component") {
  auto f = function("f");
  auto r = resource("r");
  f.settings = {{"max_instances", "few"}};
  r.settings = {{"node_id_match_any", "here"}};

  CHECK(validate({{f, r}, {}})
        == lines{"f: max_instances \"few\" is not a number",
                 "r: node_id_match_any: \"here\" is not a UUID"});
}

TEST_CASE("a promise of a channel that a function does not have is a fault") {
  workflow_spec spec;
  auto& draft = spec.components.emplace_back();
  draft.name = "f";
  draft.class_id = "f";
  draft.function_type = "RUST_WASM";
  draft.outputs = {"out"};
  draft.settings = {{"on_full.out", "block"}, {"delivery.oui", "twice"}};

  CHECK(structural_faults(spec)
        == std::vector<std::string>{
          "f: delivery.oui: the function has no output \"oui\"",
          "f: delivery.oui \"twice\" is not one of at-most-once, "
          "at-least-once"});
}
