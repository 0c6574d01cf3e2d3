// SPDX-License-Identifier: MIT
#include "runtime/config/workflow_file.hpp"

#include "test/fixtures/build_paths.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/modules/module_preference.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

caf::error accept(std::string_view) {
  return {};
}

caf::error refuse(std::string_view) {
  return fail(ec::bad_module, "not WebAssembly");
}

/// EDGELESS' example workflow with a file-log, literally.
const std::string file_log = R"({
    "functions": [
        {
            "name": "my-message-generator",
            "class_specification": {
                "id": "message_generator",
                "function_type": "RUST_WASM",
                "version": "0.1",
                "build": "Cargo.toml",
                "code": "code/message_generator.wasm",
                "outputs": []
            },
            "output_mapping": {
                "output": "my-log"
            },
            "annotations": {
                "init-payload": "message=hello world,period=1000"
            }
        }
    ],
    "resources": [
        {
            "name": "my-log",
            "class_type": "file-log",
            "output_mapping": {},
            "configurations": {
                "filename": "my-local-file.log",
                "add-timestamp": "true"
            }
        }
    ],
    "annotations": {}
})";

/// A complete and valid function.
std::string function(const std::string& name, const std::string& code) {
  return R"({"name": ")" + name
         + R"(", "class_specification": {"id": "x", "function_type":
         "RUST_WASM", "version": "0.1", "outputs": [], "code": ")"
         + code + R"("}, "output_mapping": {}, "annotations": {}})";
}

std::string workflow(const std::string& functions) {
  return R"({"functions": [)" + functions
         + R"(], "resources": [], "annotations": {}})";
}

std::string problem(const folder& in, module_validation check = accept) {
  auto loaded = load_workflow_file(in / "w.json", check);
  REQUIRE(!loaded);
  auto text = explain(loaded.error());
  auto prefix = (in / "w.json").string() + ": ";
  for (auto at = text.find(prefix); at != std::string::npos;
       at = text.find(prefix))
    text.erase(at, prefix.size());
  return text;
}

} // namespace

TEST_CASE("workflow file: loads EDGELESS' example unchanged") {
  folder in;
  in.write("w.json", file_log);
  in.write("code/message_generator.wasm", "bytes");
  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE_MESSAGE(loaded, explain(loaded.error()));
  REQUIRE(loaded->spec.components.size() == 2);
  auto& f = loaded->spec.components[0];
  CHECK(f.name == "my-message-generator");
  CHECK(f.class_id == "message_generator");
  CHECK(f.code == sha256("bytes"));
  CHECK(f.output_mapping.at("output") == "my-log");
  CHECK(f.settings.at("init-payload") == "message=hello world,period=1000");
  auto& r = loaded->spec.components[1];
  CHECK(r.kind == component_kind::resource);
  CHECK(r.class_id == "file-log");
  CHECK(r.settings.at("filename") == "my-local-file.log");
}

TEST_CASE(
  "workflow file: a module shared by several functions is loaded once") {
  folder in;
  in.write("m.wasm", "bytes");
  in.write("w.json",
           workflow(function("a", "m.wasm") + "," + function("b", "./m.wasm")));
  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE(loaded);
  REQUIRE(loaded->modules.size() == 1);
  CHECK(loaded->modules[0].bytes == "bytes");
  CHECK(loaded->modules[0].code == loaded->spec.components[1].code);
}

TEST_CASE("workflow file: the error names a missing file") {
  auto loaded = load_workflow_file("/nonexistent/w.json", accept);

  REQUIRE(!loaded);
  CHECK(explain(loaded.error())
        == "/nonexistent/w.json: No such file or directory");
}

TEST_CASE(
  "workflow file: a JSON syntax error is reported with line and column") {
  folder in;
  in.write("w.json", "{\n  \"functions\": }\n");
  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE(!loaded);
  CHECK(explain(loaded.error())
        == (in / "w.json").string() + ":2:16: syntax error");
}

TEST_CASE("workflow file: functions, resources and annotations are required") {
  folder in;
  in.write("w.json", "{}");
  CHECK(problem(in)
        == "functions is missing\nresources is missing\n"
           "annotations is missing");
  in.write("w.json", "[]");
  CHECK(problem(in) == "must be an object");
}

TEST_CASE("workflow file: a fault of the file is not blamed on a component") {
  folder in;
  in.write("m.wasm", "bytes");
  in.write("w.json", R"({"functions": [)" + function("f", "m.wasm") + "]}");
  CHECK(problem(in) == "resources is missing\nannotations is missing");
}

TEST_CASE("workflow file: a key that is there twice is reported with both "
          "places") {
  folder in;
  in.write("w.json", "{\"functions\": [],\n \"functions\": [],\n"
                     "\"resources\": [], \"annotations\": {}}");
  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE(!loaded);
  CHECK(explain(loaded.error())
        == (in / "w.json").string()
             + ":2:2: the key \"functions\" is there twice, first at 1:2");
}

TEST_CASE("workflow file: a function type must not be empty") {
  folder in;
  auto f = function("f", "m.wasm");
  f.replace(f.find("RUST_WASM"), 9, "");
  in.write("w.json", workflow(f));
  CHECK(problem(in)
        == "f: functions[0].class_specification.function_type is empty");
}

TEST_CASE("workflow file: a function in a container is refused, whatever its "
          "code") {
  folder in;
  auto f = function("f", "edgeless_function:latest");
  f.replace(f.find("RUST_WASM"), 9, "CONTAINER");
  in.write("w.json", workflow(f));
  CHECK(problem(in)
        == "f: functions in containers are not supported: there is no "
           "container run-time; build it as a RUST_WASM function");
}

TEST_CASE("workflow file: an annotation that is not known is a warning") {
  folder in;
  in.write("code/message_generator.wasm", "bytes");
  auto text = file_log;
  text.replace(text.find("init-payload"), 12, "init_payload");
  in.write("w.json", text);
  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE_MESSAGE(loaded, explain(loaded.error()));
  CHECK(loaded->warnings
        == std::vector<std::string>{
          (in / "w.json").string()
          + ": my-message-generator: annotation \"init_payload\" is unknown "
            "and has no effect; did you mean init-payload?"});
}

TEST_CASE(
  "workflow file: state_policy Memory needs a module whose state can be "
  "captured") {
  auto load = [](const std::string& guest, const std::string& policy) {
    folder in;
    auto module
      = read_file(test::guests_folder() / (guest + ".wasm"), limits::module);
    REQUIRE(module);
    in.write("code/message_generator.wasm", *module);
    auto text = file_log;
    text.insert(text.find("\"init-payload"),
                "\"state_policy\": \"" + policy + "\", ");
    in.write("w.json", text);
    auto loaded = load_workflow_file(in / "w.json", accept);
    auto reason = loaded ? "" : explain(loaded.error());
    return reason;
  };
  CHECK(load("minimal", "Memory") == "");
  CHECK(load("state_table_set", "Global") == "");
  CHECK(load("state_table_set", "Memory")
          .ends_with("it changes tables or segments: table.set"));
}

TEST_CASE("workflow file: the folder before `..` is where a symbolic link "
          "leads") {
  folder in;
  in.write("real/functions/m.wasm", "right");
  in.write("functions/m.wasm", "wrong");
  in.write("real/workflows/w.json",
           workflow(function("f", "../functions/m.wasm")));
  std::filesystem::create_directory_symlink("real/workflows", in / "link");
  auto loaded = load_workflow_file(in / "link/w.json", accept);

  REQUIRE_MESSAGE(loaded, explain(loaded.error()));
  CHECK(loaded->modules.at(0).bytes == "right");
}

TEST_CASE("workflow file: a missing module is reported with its function") {
  folder in;
  in.write("w.json", workflow(function("f", "no.wasm")));
  CHECK(problem(in)
        == "f: " + (in / "no.wasm").string() + ": No such file or directory");
}

TEST_CASE("workflow file: an invalid module is reported with its function and "
          "the reason") {
  folder in;
  in.write("m.wasm", "bytes");
  in.write("w.json", workflow(function("f", "m.wasm")));
  CHECK(problem(in, refuse)
        == "f: " + (in / "m.wasm").string() + ": not WebAssembly");
}

TEST_CASE("workflow file: an oversized module is reported with its function") {
  folder in;
  in.write("m.wasm", std::string(limits::module + 1, 'x'));
  in.write("w.json", workflow(function("f", "m.wasm")));
  CHECK(problem(in)
        == "f: " + (in / "m.wasm").string() + ": has more than 8388608 bytes");
}

TEST_CASE("workflow file: refuses an empty module path") {
  folder in;
  in.write("w.json", workflow(function("f", "")));
  CHECK(problem(in) == "f: functions[0].class_specification.code is empty");
}

TEST_CASE("workflow file: the error lists all faults") {
  folder in;
  in.write("w.json", R"({
    "functions": [
      {"name": "f", "output_mapping": {"out": "ghost"},
       "class_specification": {"id": "x", "function_type": "PYTHON",
                               "outputs": [1]},
       "annotations": {"max_instances": "many"}},
      {"class_specification": 7, "output_mapping": {}, "annotations": {}}
    ],
    "resources": [{"name": "f", "class_type": "", "output_mapping": {},
                   "configurations": {"node_id_match_any": "here"}}],
    "annotations": {}})");

  CHECK(problem(in)
        == "f: functions[0].class_specification.version is missing\n"
           "f: functions[0].class_specification.outputs must be an array of "
           "strings\n"
           "functions[1].name is missing\n"
           "functions[1].class_specification must be an object\n"
           "f: several components have this name\n"
           "f: function_type \"PYTHON\" is not RUST_WASM, which is the "
           "only one that runs\n"
           "f: output \"out\" is mapped to an unknown component \"ghost\"\n"
           "f: max_instances \"many\" is not a number\n"
           "f: its class type is empty\n"
           "f: node_id_match_any: \"here\" is not a UUID");
}

TEST_CASE(
  "workflow file: a module's isolation preference yields to an annotation") {
  folder in;
  in.write("m.wasm", std::string{"\0asm\1\0\0\0", 8}
                       + preference_section(isolation::process));
  auto silent = function("a", "m.wasm"), loud = function("b", "m.wasm");
  loud.replace(loud.find("\"annotations\": {}"), 17,
               R"("annotations": {"isolation": "shared"})");
  in.write("w.json", workflow(silent + "," + loud));

  auto loaded = load_workflow_file(in / "w.json", accept);

  REQUIRE_MESSAGE(loaded, explain(loaded.error()));
  CHECK(loaded->spec.components[0].settings.at("isolation") == "process");
  CHECK(loaded->spec.components[1].settings.at("isolation") == "shared");
}
