// SPDX-License-Identifier: MIT
#include "tools/loadgen/dataset.hpp"

#include "tools/loadgen/limits.hpp"

#include "messages/errors.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace edgeless::benchmark {

namespace {

/// The fields of the list that are not empty, each followed by a comma.
std::string with_commas(const std::string& list, std::size_t& count) {
  std::string result, word;
  count = 0;
  auto end = [&] {
    if (word.empty())
      return;
    result += word + ',';
    word.clear();
    ++count;
  };
  for (auto c : list)
    if (c == ',')
      end();
    else if (c != '\n' && c != '\r')
      word += c;
  end();
  return result;
}

boost::json::object object_of(const std::map<std::string, std::string>& map) {
  boost::json::object result;
  for (auto& [key, value] : map)
    result[key] = value;
  return result;
}

} // namespace

caf::expected<dataset_prefix> make_prefix(const std::string& header,
                                          const std::string& fields,
                                          std::uint64_t seed) {
  std::size_t names = 0, values = 0;
  dataset_prefix result{with_commas(header, names),
                        with_commas(fields, values)};
  if (names != values)
    return fail(ec::bad_input, "mismatching number of additional fields ("
                                 + std::to_string(values) + ") vs header ("
                                 + std::to_string(names) + ")");
  result.header += "seed,";
  result.fields += std::to_string(seed) + ",";
  return result;
}

caf::expected<dataset_prefix> make_plain_prefix(const std::string& header,
                                                const std::string& fields) {
  if (auto checked = make_prefix(header, fields, 0); !checked)
    return checked.error();
  return dataset_prefix{header + ',', fields + ','};
}

caf::expected<dataset> dataset::open(const std::string& file,
                                     const dataset_prefix& prefix,
                                     const std::string& columns, bool append) {
  dataset result;
  result.file_ = file;
  result.fields_ = prefix.fields;
  if (file.empty())
    return result;
  std::error_code ignored;
  auto folder = std::filesystem::path{file}.parent_path();
  if (!folder.empty())
    std::filesystem::create_directories(folder, ignored);
  auto size = std::filesystem::file_size(file, ignored);
  result.size_ = append && !ignored ? size : 0;
  result.out_.open(file, append ? std::ios::app : std::ios::trunc);
  if (result.size_ == 0)
    result.out_ << prefix.header << columns << '\n';
  if (auto problem = result.flush())
    return problem;
  return result;
}

void dataset::add(const std::string& row) {
  if (file_.empty())
    return;
  auto size = fields_.size() + row.size() + 1;
  if (size_ + size > load_limits::dataset_bytes) {
    ++discarded_;
    return;
  }
  size_ += size;
  out_ << fields_ << row << '\n';
}

caf::error dataset::flush() {
  if (file_.empty() || out_.flush())
    return caf::none;
  return fail(ec::system_failure, "cannot write " + file_);
}

std::string sample_row(char entity, const std::string& name,
                       const std::string& sample) {
  return std::string{entity} + ',' + name + ',' + sample;
}

std::string event_row(double when, const std::string& metric,
                      const std::string& target, const std::string& value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", when);
  return std::string{text} + ',' + metric + ',' + target + ',' + value;
}

std::string json_of(const workflow_spec& x) {
  boost::json::array functions, resources;
  for (auto& draft : x.components) {
    boost::json::object item;
    item["name"] = draft.name;
    if (draft.kind == component_kind::function) {
      item["class_specification"]
        = {{"id", draft.class_id},
           {"function_type", draft.function_type},
           {"version", draft.version},
           {"code", draft.code},
           {"outputs",
            boost::json::array(draft.outputs.begin(), draft.outputs.end())}};
      item["output_mapping"] = object_of(draft.output_mapping);
      item["annotations"] = object_of(draft.settings);
      functions.push_back(std::move(item));
    } else {
      item["class_type"] = draft.class_id;
      item["output_mapping"] = object_of(draft.output_mapping);
      item["configurations"] = object_of(draft.settings);
      resources.push_back(std::move(item));
    }
  }
  return boost::json::serialize(
    boost::json::object{{"functions", std::move(functions)},
                        {"resources", std::move(resources)},
                        {"annotations", object_of(x.annotations)}});
}

std::string json_of(const workflow_status& x) {
  boost::json::array mapping;
  for (auto& c : x.components)
    mapping.push_back({{"name", c.name},
                       {"function_id", to_string(c.id)},
                       {"domain_id", x.domain}});
  boost::json::object instance{
    {"workflow_id", {{"workflow_id", to_string(x.id)}}},
    {"domain_mapping", std::move(mapping)}};
  return boost::json::serialize(
    boost::json::object{{"WorkflowInstance", std::move(instance)}});
}

std::string json_of(const caf::error& x) {
  boost::json::object why{{"summary", explain(x)}, {"detail", nullptr}};
  return boost::json::serialize(
    boost::json::object{{"ResponseError", std::move(why)}});
}

} // namespace edgeless::benchmark
