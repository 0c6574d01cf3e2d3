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
  result.settings = {{"filename", "x.log"}};
  return result;
}

} // namespace

TEST_CASE(
  "workflow validation: accepts loops and components that feed themselves") {
  auto f = function("f");
  auto g = function("g");
  f.output_mapping = {{"out", "g"}, {"again", "f"}};
  g.output_mapping = {{"out", "f"}};

  CHECK(validate({{f, g, resource("log")}, {}}).empty());
  CHECK(validate({}).empty());
}

TEST_CASE(
  "workflow validation: names are unique across functions and resources") {
  workflow_spec spec{{function("x"), resource("x"), function("y")}, {}};
  CHECK(validate(spec) == lines{"x: several components have this name"});
}

TEST_CASE("workflow validation: refuses outputs mapped to unknown components") {
  auto f = function("f");
  f.output_mapping = {{"out", "ghost"}};

  CHECK(validate({{f}, {}})
        == lines{"f: output \"out\" is mapped to an unknown component "
                 "\"ghost\""});
}

TEST_CASE(
  "workflow validation: an unnamed component is reported by its index") {
  workflow_spec spec{{function("a"), resource(""), function("")}, {}};
  CHECK(validate(spec)
        == lines{"resources[0]: its name is empty",
                 "functions[1]: its name is empty"});
}

TEST_CASE("workflow validation: classes and channels must have names") {
  auto f = function("f");
  auto r = resource("r");
  f.class_id = "";
  f.output_mapping = {{"", "r"}};
  r.class_id = "";

  CHECK(validate({{f, r}, {}})
        == lines{"f: its class id is empty", "f: its output channel is empty",
                 "r: its class type is empty"});
}

TEST_CASE("workflow validation: refuses control characters in names") {
  auto f = function("red\x1b[31m");
  CHECK(validate({{f}, {}})
        == lines{"functions[0]: its name has control characters"});
}

TEST_CASE("workflow validation: refuses unknown function types") {
  auto f = function("f");
  f.function_type = "RUST";
  CHECK(
    validate({{f}, {}})
    == lines{"f: function_type \"RUST\" is not RUST_WASM, which is the only "
             "one that runs"});
}

TEST_CASE("workflow validation: refuses a function in a container, and does "
          "not ask for its module") {
  auto f = function("f");
  f.function_type = "CONTAINER";
  f.code = "";
  CHECK(validate({{f}, {}})
        == lines{"f: functions in containers are not supported: there is no "
                 "container run-time; build it as a RUST_WASM function"});
}

TEST_CASE("workflow validation: refuses a resource without what its class "
          "requires") {
  auto r = resource("r");
  r.settings.clear();
  CHECK(validate({{r}, {}})
        == lines{"r: configuration filename is missing: resources of class "
                 "file-log need it"});
}

TEST_CASE("workflow validation: a WebAssembly function needs a module hash") {
  auto f = function("f");
  f.code = "../../etc/passwd";
  workflow_spec spec{{f}, {}};

  CHECK(validate(spec) == lines{"f: it has no module"});
  CHECK(structural_faults(spec).empty());
}

TEST_CASE("workflow validation: refuses unknown component kinds") {
  auto f = function("f");
  f.kind = static_cast<component_kind>(7);
  f.function_type = "";
  CHECK(validate({{f}, {}})
        == lines{"f: it is neither a function nor a resource"});
}

TEST_CASE(
  "workflow validation: an invalid annotation is reported with its component") {
  auto f = function("f");
  auto r = resource("r");
  f.settings = {{"max_instances", "few"}};
  r.settings["node_id_match_any"] = "here";

  CHECK(validate({{f, r}, {}})
        == lines{"f: max_instances \"few\" is not a number",
                 "r: node_id_match_any: \"here\" is not a UUID"});
}

TEST_CASE(
  "workflow validation: refuses a delivery guarantee for an unknown channel") {
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
