// SPDX-License-Identifier: MIT
#include "runtime/config/function_file.hpp"

#include "runtime/base/files.hpp"
#include "runtime/config/json_reader.hpp"
#include "runtime/config/workflow_validation.hpp"
#include "runtime/placement/annotations.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

namespace edgeless {

namespace {

bool is_plain_name(const std::filesystem::path& name) {
  return !name.empty() && name == name.filename() && name != "."
         && name != "..";
}

function_file read(json_section root) {
  function_file result;
  result.id = root.text("id", "?");
  if (!is_plain_name(result.id))
    root.add_fault("id", "\"" + result.id + "\" is no file name");
  result.function_type = root.text("function_type", std::string{wasm_type});
  if (result.function_type != wasm_type)
    root.add_fault("function_type", "\"" + result.function_type
                                      + "\" cannot be built; RUST_WASM can");
  result.version = root.text("version");
  result.outputs = root.texts("outputs");
  result.build = root.optional_text("build");
  if (result.build.empty())
    result.build = "Cargo.toml";
  if (!is_plain_name(result.build))
    root.add_fault("build", "\"" + result.build + "\" is no file name");
  auto where = root.optional_text("isolation");
  result.where = parse_isolation(where);
  if (!where.empty() && !result.where)
    root.add_fault("isolation",
                   "\"" + where + "\" is not one of shared, process");
  return result;
}

} // namespace

caf::expected<function_file>
load_function_file(const std::filesystem::path& file) {
  auto text = read_file(file, limits::configuration);
  if (!text)
    return text.error();
  auto document = parse_json(*text);
  if (!document)
    return fail(ec::bad_input, file.string() + ':' + explain(document.error()));
  auto root = document->if_object();
  if (!root)
    return fail(ec::bad_input, file.string() + ": must be an object");
  fault_list faults;
  auto result = read({root, "", faults});
  std::string all;
  for (auto& sentence : faults.sentences)
    all += (all.empty() ? "" : "\n") + file.string() + ": " + sentence;
  if (!all.empty())
    return fail(ec::bad_input, std::move(all));
  return result;
}

} // namespace edgeless
