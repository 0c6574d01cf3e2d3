// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/stream.hpp"

#include "runtime/base/sha256.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace edgeless::benchmark {

namespace {

class sink_guest : public guest {
public:
  sink_guest(guest_host& host, cast_sink out)
    : host_{host}, out_{std::move(out)} {
    // nop
  }

  progress run() noexcept override {
    while (auto* x = host_.next()) {
      if (x->kind == hook::call)
        host_.done({});
      if (x->kind == hook::cast)
        out_(*x);
    }
    return progress::idle;
  }

  void answer(call_result) noexcept override {
    // nop
  }

  std::string fault() const override {
    return {};
  }

private:
  guest_host& host_;
  cast_sink out_;
};

struct sink_class : guest_class {
  explicit sink_class(cast_sink out) : out{std::move(out)} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits&) override {
    return std::unique_ptr<guest>{std::make_unique<sink_guest>(host, out)};
  }

  cast_sink out;
};

class sink_engine : public guest_engine {
public:
  sink_engine(std::shared_ptr<guest_engine> others, const std::string& module,
              cast_sink out)
    : others_{std::move(others)},
      sink_class_{std::make_shared<sink_class>(std::move(out))}, code_{sha256(
                                                                   module)} {
    // nop
  }

  guest_class_ptr ready(const code_id& code) override {
    return code == code_ ? sink_class_ : others_->ready(code);
  }

  guest_class_ptr find(const code_id& code) override {
    return code == code_ ? sink_class_ : others_->find(code);
  }

  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module) override {
    if (code == code_)
      return sink_class_;
    return others_->compile(code, module);
  }

private:
  std::shared_ptr<guest_engine> others_;
  guest_class_ptr sink_class_;
  code_id code_;
};

std::string payload_of(std::uint64_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

} // namespace

void event_log::record(std::uint64_t number) {
  std::lock_guard guard{mutex_};
  entries_.push_back({number, clock::now()});
}

std::size_t event_log::size() const {
  std::lock_guard guard{mutex_};
  return entries_.size();
}

std::vector<event_log::entry> event_log::take() {
  std::vector<entry> next;
  next.reserve(1u << 20);
  std::lock_guard guard{mutex_};
  return std::exchange(entries_, std::move(next));
}

std::string event_log_module() {
  return "event log";
}

std::shared_ptr<guest_engine> with_sink(std::shared_ptr<guest_engine> others,
                                        const std::string& module,
                                        cast_sink sink) {
  return std::make_shared<sink_engine>(std::move(others), module,
                                       std::move(sink));
}

std::shared_ptr<guest_engine>
with_event_log(std::shared_ptr<guest_engine> others,
               std::shared_ptr<event_log> out) {
  return with_sink(std::move(others), event_log_module(),
                   [out = std::move(out)](const guest_event& x) {
                     std::uint64_t number;
                     if (x.payload.size() != sizeof number)
                       return;
                     std::memcpy(&number, x.payload.data(), sizeof number);
                     out->record(number);
                   });
}

// -- casting ------------------------------------------------------------------

stream::stream(node& host, const physical_id& to, double per_second)
  : host_{host}, to_{to}, thread_{[this, per_second] {
      run(std::chrono::nanoseconds{std::llround(1e9 / per_second)});
    }} {
  // nop
}

stream::~stream() {
  stop();
}

std::uint64_t stream::stop() {
  running_ = false;
  if (thread_.joinable())
    thread_.join();
  return sent_;
}

/// After a late wake-up, all events that are due are cast at once.
void stream::run(std::chrono::nanoseconds interval) {
  auto due = clock::now();
  while (running_) {
    host_.cast(to_, payload_of(sent_++));
    due += interval;
    std::this_thread::sleep_until(due);
  }
}

// -- delivery
// ------------------------------------------------------------------

delivery_stats delivery_stats_of(const std::vector<event_log::entry>& entries,
                                 std::uint64_t sent) {
  delivery_stats result;
  std::vector<bool> seen(sent);
  std::uint64_t next = 0;
  for (auto& x : entries) {
    if (x.number >= sent || seen[x.number]) {
      ++result.duplicated;
      continue;
    }
    seen[x.number] = true;
    if (x.number < next)
      ++result.out_of_order;
    next = std::max(next, x.number + 1);
  }
  result.lost = static_cast<std::uint64_t>(std::ranges::count(seen, false));
  return result;
}

double longest_gap(const std::vector<event_log::entry>& entries,
                   clock::time_point begin, clock::time_point end) {
  auto i
    = std::ranges::lower_bound(entries, begin, {}, &event_log::entry::time);
  clock::duration result{0};
  for (i += i == entries.begin() && i != entries.end();
       i != entries.end() && std::prev(i)->time < end; ++i)
    result = std::max(result, i->time - std::prev(i)->time);
  return std::chrono::duration<double>(result).count();
}

} // namespace edgeless::benchmark
