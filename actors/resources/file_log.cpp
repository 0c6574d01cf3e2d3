// SPDX-License-Identifier: MIT
#include "actors/resources/file_log.hpp"

#include "runtime/base/append_file.hpp"
#include "runtime/base/log.hpp"

#include <optional>

namespace edgeless {

namespace {

class file_log : public resource {
public:
  explicit file_log(const component_spec& spec)
    : path_{setting(spec, "filename")}, adds_timestamp_{spec.settings.contains(
                                          "add-timestamp")},
      adds_source_{spec.settings.contains("add-source-id")} {
    // nop
  }

  caf::error open() override {
    if (path_.empty())
      return fail(ec::bad_input,
                  "file-log: configuration `filename` is missing");
    auto opened = append_file::open(path_);
    if (!opened)
      return opened.error();
    file_ = std::move(*opened);
    return caf::none;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    std::string lines;
    for (auto& x : batch)
      lines += line_of(x);
    if (auto problem = file_->append(lines))
      return {batch.size(), problem};
    return {};
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

  std::string path_;
  bool adds_timestamp_;
  bool adds_source_;
  std::optional<append_file> file_;
};

} // namespace

provider_actor::behavior_type file_log_provider(provider_actor::pointer self,
                                                resource_context context) {
  return resource_provider(self, std::move(context),
                           [](const component_spec& spec) {
                             return std::make_unique<file_log>(spec);
                           });
}

} // namespace edgeless
