// SPDX-License-Identifier: MIT
#include "runtime/sha256.hpp"
#include "runtime/wasm_engine.hpp"

#include "messages/errors.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <vector>

#include "tools/benchmark/parts.hpp"

namespace edgeless::benchmark {

namespace {

constexpr unsigned char fast_bytes[] = {
#include "benchmark/vector_mul.wasm.inc"
};
constexpr unsigned char naive_bytes[] = {
#include "benchmark/vector_mul_naive.wasm.inc"
};

template <std::size_t Size>
std::string bytes_of(const unsigned char (&bytes)[Size]) {
  return {reinterpret_cast<const char*>(bytes), Size};
}

/// Gives a guest the same event again and again, and has time.
struct patient_host : guest_host {
  guest_event current{hook::init, {}, {}, {}};
  int left = 1;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;

  const guest_event* next() noexcept override {
    return left-- > 0 ? &current : nullptr;
  }
  void done(call_result) noexcept override {
    // nop
  }
  bool cast(std::string_view, std::string_view) noexcept override {
    return true;
  }
  void cast(const instance_id&, std::string_view) noexcept override {
    // nop
  }
  std::optional<caf::expected<call_result>>
  call(std::string_view, std::string_view) noexcept override {
    return call_result{event_kind::error, {}};
  }
  std::optional<caf::expected<call_result>>
  call(const instance_id&, std::string_view) noexcept override {
    return call_result{event_kind::error, {}};
  }
  caf::error delayed_cast(std::chrono::milliseconds, std::string_view,
                          std::string_view) noexcept override {
    return caf::none;
  }
  void log(std::uint32_t, std::string_view,
           std::string_view) noexcept override {
    // nop
  }
  instance_id self() const noexcept override {
    return {};
  }
  caf::error sync(std::string_view) noexcept override {
    return caf::none;
  }
  void wake() noexcept override {
    std::lock_guard guard{mutex};
    woken = true;
    changed.notify_all();
  }
};

/// One guest and whoever runs it.
class runner {
public:
  runner(guest_engine& engine, const std::string& module, std::string init) {
    auto id = sha256(module);
    auto code = engine.find(id);
    if (!code)
      if (auto made = engine.compile(id, module))
        code = *made;
    host_.current.payload = std::move(init);
    if (code)
      if (auto made = code->instantiate(host_, {}))
        guest_ = std::move(*made);
    good_ = guest_ && settle();
  }

  /// The seconds per event of so many; nothing if it does not run.
  std::optional<double> handle(int count, const std::string& payload) {
    if (!good_)
      return std::nullopt;
    host_.current = {hook::cast, {}, payload, {}};
    host_.left = count;
    auto taken = seconds_of([&] { good_ = settle(); });
    return good_ ? std::optional{taken / count} : std::nullopt;
  }

  std::string fault() const {
    return guest_ ? guest_->fault() : "the guest cannot be made";
  }

private:
  bool settle() {
    for (;;) {
      switch (guest_->run()) {
      case progress::idle:
        return true;
      case progress::preempted:
        break;
      case progress::working: {
        std::unique_lock lock{host_.mutex};
        host_.changed.wait(lock, [this] { return host_.woken; });
        host_.woken = false;
        break;
      }
      default:
        return false;
      }
    }
  }

  patient_host host_;
  std::unique_ptr<guest> guest_;
  bool good_ = false;
};

/// An event of vector_mul: an id and so many numbers.
std::string numbers_event(int size) {
  std::mt19937 chance{42};
  std::string result = "1";
  for (int i = 0; i < size; ++i)
    result += "," + std::to_string(chance() % 1'000'000 * 1e-6f);
  return result;
}

/// All of them in turn, so that the same moment is the same for all; the first
/// is the floor of the others.
rows interleaved(const plan& how, std::vector<row> lines,
                 std::vector<std::unique_ptr<runner>> runners, int count,
                 const std::string& payload) {
  for (std::size_t i = 0; i < how.repeats(60) + 3; ++i)
    for (std::size_t k = 0; k < runners.size(); ++k) {
      auto taken = runners[k]->handle(count, payload);
      if (!taken)
        lines[k].failure = runners[k]->fault();
      else if (i >= 3)
        lines[k].samples.push_back(*taken);
    }
  for (std::size_t k = 1; k < lines.size(); ++k)
    lines[k].floor = {lines[0].what, median(lines[0].samples)};
  lines.erase(lines.begin());
  return lines;
}

} // namespace

rows compute(const plan& how) {
  wasm_engine_settings settings;
  settings.cache = how.scratch / "code";
  auto engine = make_wasm_engine(settings);
  settings.asked = checks::none;
  auto bare = make_wasm_engine(settings);
  auto fast = bytes_of(fast_bytes), naive = bytes_of(naive_bytes);
  auto make = [](guest_engine& where, const std::string& module, int size) {
    return std::make_unique<runner>(
      where, module, "seed=1,input_size=" + std::to_string(size));
  };
  rows result;
  auto add = [&](rows more) {
    for (auto& x : more)
      result.push_back(std::move(x));
  };
  constexpr int size = 3000;
  {
    std::vector<std::unique_ptr<runner>> all;
    all.push_back(make(*bare, fast, size));
    all.push_back(make(engine->apart(), fast, size));
    all.push_back(make(*engine, fast, size));
    add(interleaved(
      how,
      {{"the engine alone, without any check", unit::seconds},
       {"vector_mul of 3000, in a process of its own (aim: 1.05x)",
        unit::seconds},
       {"vector_mul of 3000, in the process of the node", unit::seconds}},
      std::move(all), 4, numbers_event(size)));
  }
  {
    std::vector<std::unique_ptr<runner>> all;
    all.push_back(make(*bare, fast, 1));
    all.push_back(make(engine->apart(), fast, 1));
    add(interleaved(
      how,
      {{"the engine alone, without any check", unit::seconds},
       {"a small event for a process of its own (aim: 30 us)", unit::seconds}},
      std::move(all), 1000, "1,0.5"));
  }
  {
    std::vector<std::unique_ptr<runner>> all;
    all.push_back(make(*engine, naive, size));
    all.push_back(make(*engine, fast, size));
    add(interleaved(
      how,
      {{"the same source, without optimisation and SIMD", unit::seconds},
       {"vector_mul of 3000, as `function build` makes it", unit::seconds}},
      std::move(all), 4, numbers_event(size)));
  }
  return result;
}

} // namespace edgeless::benchmark
