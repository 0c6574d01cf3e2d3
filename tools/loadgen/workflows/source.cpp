// SPDX-License-Identifier: MIT
#include "tools/loadgen/workflows/source.hpp"

#include "tools/loadgen/workflows/workflow_shapes.hpp"
#include "tools/loadgen/workflows/workflow_template.hpp"

#include "runtime/base/sha256.hpp"

#include <algorithm>

namespace edgeless::benchmark {

namespace {

constexpr auto forms
  = "none, single;FUNCTION_JSON;WASM, vector-mul-chain;FILE, "
    "matrix-mul-chain;FILE, map-reduce;FILE, json-spec;FILE";

caf::error bad_type(const std::string& why) {
  return fail(ec::bad_input, "--wf-type: " + why);
}

/// Modules by their paths; each is read and validated once.
class module_reader {
public:
  explicit module_reader(module_validation check) : check_{check} {
    // nop
  }

  /// Replaces the paths of modules by their code ids, and adds the modules.
  caf::expected<workflow_file> resolve(workflow_spec spec) {
    workflow_file result;
    for (auto& x : spec.components) {
      if (x.kind != component_kind::function)
        continue;
      auto module = find(x.code);
      if (!module)
        return module.error();
      x.code = module->code;
      if (std::ranges::find(result.modules, x.code, &module_file::code)
          == result.modules.end())
        result.modules.push_back(std::move(*module));
    }
    result.spec = std::move(spec);
    return result;
  }

private:
  caf::expected<module_file> find(const std::string& path) {
    auto known = modules_.find(path);
    if (known != modules_.end())
      return known->second;
    auto bytes = read_file(path, limits::module);
    if (!bytes)
      return bytes.error();
    if (auto problem = check_(*bytes))
      return fail(ec::bad_module, path + ": " + explain(problem));
    module_file result{sha256(*bytes), path, std::move(*bytes)};
    modules_[path] = result;
    return result;
  }

  module_validation check_;
  std::map<std::string, module_file> modules_;
};

struct no_workflows : workflow_source {
  caf::expected<workflow_file> make(std::uint64_t,
                                    const random_source&) override {
    return workflow_file{};
  }
};

/// The same workflow of one function each time.
class single_function : public workflow_source {
public:
  explicit single_function(workflow_file x) : workflow_{std::move(x)} {
    // nop
  }

  caf::expected<workflow_file> make(std::uint64_t,
                                    const random_source&) override {
    return workflow_;
  }

private:
  workflow_file workflow_;
};

/// A workflow file in which `@WF_ID` is replaced by the number.
class numbered_file : public workflow_source {
public:
  numbered_file(std::string path, std::string text, module_validation check)
    : path_{std::move(path)}, text_{std::move(text)}, check_{check} {
    // nop
  }

  caf::expected<workflow_file> make(std::uint64_t number,
                                    const random_source&) override {
    constexpr std::string_view placeholder = "@WF_ID";
    auto text = text_;
    auto digits = std::to_string(number);
    for (auto at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + digits.size()))
      text.replace(at, placeholder.size(), digits);
    return read_workflow(path_, text, check_);
  }

private:
  std::string path_;
  std::string text_;
  module_validation check_;
};

template <class Shape>
class drawn_workflow : public workflow_source {
public:
  drawn_workflow(Shape x, module_validation check)
    : shape_{std::move(x)}, modules_{check} {
    // nop
  }

  caf::expected<workflow_file> make(std::uint64_t number,
                                    const random_source& random) override {
    return modules_.resolve(draw_workflow(shape_, number, random));
  }

private:
  Shape shape_;
  module_reader modules_;
};

using source_ptr = std::unique_ptr<workflow_source>;

/// Makes one workflow, so that errors are reported before any is started.
caf::expected<source_ptr> validated(source_ptr x) {
  auto first = x->make(0, [] { return std::uint64_t{0}; });
  if (!first)
    return bad_type(explain(first.error()));
  return x;
}

template <class Shape>
caf::expected<source_ptr>
open_shape(const std::vector<std::string>& words, module_validation check) {
  std::vector<std::string> values{words.begin() + 1, words.end()};
  caf::expected<Shape> shape = fail(ec::bad_input, "");
  if (values.size() == 1) {
    auto text = read_file(values[0], limits::configuration);
    if (!text)
      return bad_type(explain(text.error()));
    shape = parse_template<Shape>(values[0], *text);
  } else {
    shape = parse_words<Shape>(values);
  }
  if (!shape)
    return bad_type(explain(shape.error()));
  return validated(
    std::make_unique<drawn_workflow<Shape>>(std::move(*shape), check));
}

caf::expected<source_ptr> open_single(const std::vector<std::string>& words,
                                      module_validation check) {
  auto text = read_file(words[1], limits::configuration);
  if (!text)
    return bad_type(explain(text.error()));
  auto document = parse_json(*text);
  if (!document)
    return bad_type(words[1] + ':' + explain(document.error()));
  if (document->if_object() == nullptr)
    return bad_type(words[1] + ": must be an object");
  fault_list faults;
  json_section root{document->if_object(), "", faults};
  component_draft draft;
  draft.name = "single";
  draft.class_id = root.text("id", "?");
  draft.function_type = root.text("function_type", "?");
  draft.version = root.text("version");
  draft.outputs = root.texts("outputs");
  draft.code = words[2];
  if (!faults.sentences.empty())
    return bad_type(words[1] + ": " + faults.sentences.front());
  workflow_spec spec;
  spec.components.push_back(std::move(draft));
  auto all = module_reader{check}.resolve(std::move(spec));
  if (!all)
    return bad_type(explain(all.error()));
  return source_ptr{std::make_unique<single_function>(std::move(*all))};
}

caf::expected<source_ptr> open_file(const std::string& path,
                                    module_validation check) {
  auto text = read_file(path, limits::configuration);
  if (!text)
    return bad_type(explain(text.error()));
  return validated(
    std::make_unique<numbered_file>(path, std::move(*text), check));
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> result{""};
  for (auto c : text)
    if (c == ';')
      result.emplace_back();
    else
      result.back() += c;
  return result;
}

} // namespace

caf::expected<source_ptr> open_source(const std::string& type,
                                      module_validation check) {
  auto words = split_words(type);
  auto& kind = words[0];
  if (kind == "none" && words.size() == 1)
    return source_ptr{std::make_unique<no_workflows>()};
  if (kind == "single" && words.size() == 3)
    return open_single(words, check);
  if (kind == "json-spec" && words.size() == 2)
    return open_file(words[1], check);
  if (kind == "matrix-mul-chain" && words.size() > 1)
    return open_shape<matrix_chain>(words, check);
  if (kind == "vector-mul-chain" && words.size() > 1)
    return open_shape<vector_chain>(words, check);
  if (kind == "map-reduce" && words.size() > 1)
    return open_shape<map_reduce>(words, check);
  return bad_type("unknown workflow type \"" + type + "\": it is one of "
                  + forms);
}

std::optional<std::string> explain_source(const std::string& type) {
  if (type == "help")
    return "none\nsingle\nmatrix-mul-chain (*)\nvector-mul-chain (*)\n"
           "map-reduce (*)\njson-spec\n\nFor those with (*), --wf-type "
           "\"NAME;template\" prints a file to start from.\n";
  if (type == "matrix-mul-chain;template")
    return template_of<matrix_chain>();
  if (type == "vector-mul-chain;template")
    return template_of<vector_chain>();
  if (type == "map-reduce;template")
    return template_of<map_reduce>();
  return std::nullopt;
}

} // namespace edgeless::benchmark
