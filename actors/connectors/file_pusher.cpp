// SPDX-License-Identifier: MIT
#include "actors/connectors/file_pusher.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/log.hpp"
#include "runtime/http/base64.hpp"
#include "runtime/http/message.hpp"
#include "runtime/placement/annotations.hpp"

#include "messages/connector_limits.hpp"

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

class file_pusher_resource : public resource {
public:
  file_pusher_resource(const component_spec& spec, std::filesystem::path folder,
                       resource_counters_ptr counters)
    : name_{spec.name}, folder_{std::move(folder)}, period_text_{setting(
                                                      spec, "period-ms")},
      encodes_{equal_ignoring_case(setting(spec, "encode-base64"), "true")},
      counters_{std::move(counters)} {
    // nop
  }

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  caf::error open() override {
    if (period_text_.empty())
      return caf::none;
    auto number = parse_number(period_text_).value_or(0);
    period_ = std::chrono::milliseconds{
      std::min<std::uint64_t>(number, limits::push_period_max / 1ms + 1)};
    if (period_ < limits::push_period_min || period_ > limits::push_period_max)
      return fail(ec::bad_input, "file-pusher: configuration `period-ms`: \""
                                   + period_text_
                                   + "\" is no number from 1 to 86400000");
    return caf::none;
  }

  void begin(const std::string&, bool,
             caf::actor_clock::time_point now) override {
    due_ = now;
  }

  std::optional<caf::actor_clock::time_point> due() const override {
    return due_;
  }

  void on_time(caf::actor_clock::time_point now) override {
    push();
    // Periods that passed meanwhile are left out.
    due_ = std::max(*due_ + period_, now);
  }

  /// It has no inputs: what arrives is dropped.
  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    return {batch.size(),
            caf::error{fail(ec::bad_input, "file-pusher handles no events")}};
  }

private:
  /// An empty folder gives empty events, as in EDGELESS.
  void push() {
    if (next_ >= files_.size())
      list();
    std::string content;
    if (!files_.empty()) {
      auto read = read_file(files_[next_++], max_bytes());
      if (!read) {
        ++counters_->files_skipped;
        return log_warn("file-pusher", "file skipped: name=", name_,
                        " reason=", read.error());
      }
      content = encodes_ ? to_base64(*read) : std::move(*read);
    }
    auto is_sent = out_->cast("out", std::move(content));
    ++(is_sent ? counters_->files_pushed : counters_->casts_refused);
  }

  void list() {
    files_.clear();
    next_ = 0;
    std::error_code problem;
    for (std::filesystem::directory_iterator i{folder_, problem}, end;
         !problem && i != end && files_.size() < limits::pushed_files;
         i.increment(problem))
      if (i->is_regular_file(problem))
        files_.push_back(i->path());
    if (problem)
      log_warn("file-pusher", "folder cannot be read: name=", name_,
               " folder=", folder_.string(), " reason=", problem.message());
    std::ranges::sort(files_);
  }

  std::size_t max_bytes() const {
    return encodes_ ? limits::payload / 4 * 3 : limits::payload;
  }

  std::string name_;
  std::filesystem::path folder_;
  std::string period_text_;
  caf::timespan period_ = 1s;
  bool encodes_;
  resource_counters_ptr counters_;
  outlet_ptr out_;
  std::vector<std::filesystem::path> files_; ///< of this round
  std::size_t next_ = 0;
  std::optional<caf::actor_clock::time_point> due_;
};

} // namespace

resource_class file_pusher(std::filesystem::path folder,
                           resource_counters_ptr counters) {
  return {[folder = std::move(folder),
           counters = std::move(counters)](const component_spec& spec) {
            return std::make_unique<file_pusher_resource>(spec, folder,
                                                          counters);
          },
          true};
}

} // namespace edgeless
