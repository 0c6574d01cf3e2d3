// SPDX-License-Identifier: MIT
#include "actors/connectors/file_log.hpp"

#include "runtime/base/append_file.hpp"
#include "runtime/base/log.hpp"

#include <optional>
#include <vector>

namespace edgeless {

namespace {

class file_log : public resource {
public:
  file_log(const component_spec& spec, confined_folder_ptr folder)
    : folder_{std::move(folder)}, name_{setting(spec, "filename")},
      adds_timestamp_{spec.settings.contains("add-timestamp")},
      adds_source_{spec.settings.contains("add-source-id")} {
    // nop
  }

  caf::error open() override {
    if (name_.empty())
      return fail(ec::bad_input,
                  "file-log: configuration `filename` is missing");
    auto opened = append_file::open(folder_, name_);
    if (!opened)
      return opened.error();
    file_ = std::move(*opened);
    return caf::none;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    std::vector<std::string> lines;
    lines.reserve(batch.size());
    for (auto& x : batch)
      lines.push_back(line_of(x));
    auto done = file_->append(lines);
    outcome result{batch.size() - done.written, std::move(done.problem)};
    for (std::size_t i = 0; i < done.written && result.problem; ++i)
      result.answers[i] = "";
    return result;
  }

private:
  std::string line_of(const event& x) const {
    std::string line;
    if (adds_timestamp_)
      line += rfc3339(std::chrono::system_clock::now()) + " ";
    if (adds_source_)
      line += to_string(x.source) + " ";
    return line + x.payload + "\n";
  }

  confined_folder_ptr folder_;
  std::string name_;
  bool adds_timestamp_;
  bool adds_source_;
  std::optional<append_file> file_;
};

} // namespace

provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_context context,
                                                confined_folder_ptr folder) {
  return resource_provider(
    self, std::move(context),
    [folder = std::move(folder)](const component_spec& spec) {
      return std::make_unique<file_log>(spec, folder);
    });
}

} // namespace edgeless
