// SPDX-License-Identifier: MIT
#include "actors/resources/file_log.hpp"

#include "runtime/base/append_file.hpp"
#include "runtime/base/log.hpp"

#include <optional>

namespace edgeless {

namespace {

class file_log : public resource {
public:
  explicit file_log(const component_spec& spec) : settings_{spec.settings} {
    // nop
  }

  caf::error open() override {
    auto path = settings_.find("filename");
    if (path == settings_.end() || path->second.empty())
      return fail(ec::bad_input,
                  "file-log: configuration `filename` is missing");
    auto opened = append_file::open(path->second);
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
    if (settings_.contains("add-timestamp"))
      line += rfc3339(std::chrono::system_clock::now()) + " ";
    if (settings_.contains("add-source-id"))
      line += to_string(x.source) + " ";
    return line + x.payload + "\n";
  }

  std::map<std::string, std::string> settings_;
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
