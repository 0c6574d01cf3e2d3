// SPDX-License-Identifier: MIT
#include "runtime/config/workflow_file.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/config/json_reader.hpp"
#include "runtime/config/workflow_validation.hpp"
#include "runtime/modules/module_preference.hpp"
#include "runtime/modules/state_exports.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/placement/known_settings.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <caf/make_message.hpp>

#include <algorithm>
#include <iterator>

namespace edgeless {

namespace {

/// Reads one file into a workflow and collects its faults.
class workflow_reader {
public:
  workflow_reader(const std::filesystem::path& file, module_validation check)
    : folder_(file.parent_path()), check_(check) {
    // nop
  }

  void read(json_section root) {
    for (auto& item : root.sections("functions"))
      read_function(item);
    faults.subject.clear();
    for (auto& item : root.sections("resources"))
      read_resource(item);
    faults.subject.clear();
    result.spec.annotations = root.text_map("annotations");
    std::ranges::move(structural_faults(result.spec),
                      std::back_inserter(faults.sentences));
  }

  workflow_file result;
  fault_list faults;

private:
  void read_function(json_section& item) {
    component_draft draft;
    read_name(item, draft);
    // The fallbacks of missing values cause no further faults. The workflow is
    // not used, because a missing value is a fault.
    auto specification = item.section("class_specification");
    draft.class_id = specification.text("id", "?");
    auto type = specification.word("function_type");
    draft.function_type = type.empty() ? wasm_type : type;
    draft.version = specification.text("version");
    draft.outputs = specification.texts("outputs");
    if (type == wasm_type)
      draft.code = read_module(specification);
    draft.output_mapping = item.text_map("output_mapping");
    draft.settings = item.text_map("annotations");
    add_preference(specification.optional_text("isolation"), draft);
    check_state_policy(draft);
    result.spec.components.push_back(std::move(draft));
  }

  /// An annotation overrides the specification, which overrides the module.
  void add_preference(std::string where, component_draft& draft) {
    auto known
      = std::ranges::find(result.modules, draft.code, &module_file::code);
    if (where.empty() && known != result.modules.end()
        && preference_of(known->bytes) == isolation::process)
      where = "process";
    if (!where.empty())
      draft.settings.emplace("isolation", std::move(where));
  }

  /// The memory of a function is only kept if the module permits that.
  void check_state_policy(const component_draft& draft) {
    auto known
      = std::ranges::find(result.modules, draft.code, &module_file::code);
    std::string reason;
    if (state_policy_of(draft.settings) == state_policy::memory
        && known != result.modules.end() && !export_state(known->bytes, reason))
      faults.add("state_policy \"Memory\" is not possible with "
                 + known->file.string() + ": " + reason);
  }

  void read_resource(json_section& item) {
    component_draft draft;
    draft.kind = component_kind::resource;
    read_name(item, draft);
    draft.class_id = item.text("class_type", "?");
    draft.output_mapping = item.text_map("output_mapping");
    draft.settings = item.text_map("configurations");
    result.spec.components.push_back(std::move(draft));
  }

  void read_name(json_section& item, component_draft& draft) {
    faults.subject.clear();
    draft.name = item.text("name", item.path());
    if (draft.name != item.path())
      faults.subject = draft.name;
  }

  /// Returns the code id of a module; empty after a fault.
  code_id read_module(json_section& specification) {
    auto code = specification.word("code");
    if (code.empty())
      return "";
    // Not normalised: behind a symbolic link, `..` is not the folder before it.
    auto path = folder_ / code;
    auto known = std::ranges::find(result.modules, path, &module_file::file);
    if (known != result.modules.end())
      return known->code;
    auto bytes = read_file(path, limits::module);
    if (!bytes) {
      faults.add(explain(bytes.error()));
      return "";
    }
    if (auto error = check_(*bytes)) {
      faults.add(path.string() + ": " + explain(error));
      return "";
    }
    auto id = sha256(*bytes);
    if (std::ranges::count(result.modules, id, &module_file::code) != 0)
      return id;
    result.modules.push_back({id, path, std::move(*bytes)});
    return id;
  }

  std::filesystem::path folder_;
  module_validation check_;
};

caf::error join_faults(const std::filesystem::path& file,
                       const std::vector<std::string>& sentences) {
  std::string text;
  for (auto& sentence : sentences)
    text += (text.empty() ? "" : "\n") + file.string() + ": " + sentence;
  // Not truncated as by fail(), because it never leaves this process.
  return caf::make_error(ec::bad_input, std::move(text));
}

} // namespace

caf::expected<workflow_file>
load_workflow_file(const std::filesystem::path& file, module_validation check) {
  auto text = read_file(file, limits::configuration);
  if (!text)
    return text.error();
  return read_workflow(file, *text, check);
}

caf::expected<workflow_file> read_workflow(const std::filesystem::path& file,
                                           std::string_view text,
                                           module_validation check) {
  auto document = parse_json(text);
  if (!document)
    return fail(ec::bad_input, file.string() + ':' + explain(document.error()));
  workflow_reader reader{file, check};
  if (auto root = document->if_object())
    reader.read({root, "", reader.faults});
  else
    reader.faults.add("must be an object");
  if (!reader.faults.sentences.empty())
    return join_faults(file, reader.faults.sentences);
  for (auto& sentence : unknown_settings(reader.result.spec))
    reader.result.warnings.push_back(file.string() + ": " + sentence);
  return std::move(reader.result);
}

} // namespace edgeless
