// SPDX-License-Identifier: MIT
#include "runtime/wasm_engine.hpp"

#include "runtime/compile_child.hpp"
#include "runtime/module_check.hpp"
#include "runtime/sha256.hpp"
#include "runtime/wasm_cache.hpp"
#include "runtime/wasm_config.hpp"
#include "runtime/wasm_core.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

namespace edgeless {

namespace {

class wasm_engine final : public guest_engine {
public:
  explicit wasm_engine(wasm_engine_settings settings);

  guest_class_ptr find(const code_id& code) override;
  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module) override;

  const engine_counts* counts() const override {
    return core_ ? &(*core_)->counts : nullptr;
  }

  std::uint64_t memory() const override {
    return core_ ? (*core_)->memory.used() : 0;
  }

  std::uint64_t memory_total() const override {
    return settings_.memory;
  }

private:
  guest_class_ptr look_up(const code_id& code, bool counted);
  guest_class_ptr remembered(const code_id& code);
  guest_class_ptr remember(const code_id& code, guest_class_ptr made);
  caf::error refusal(const code_id& code);
  caf::error refuse(const code_id& code, caf::error why);

  wasm_engine_settings settings_;
  wasm_cache cache_;
  caf::expected<wasm_core_ptr> core_;
  /// One compilation at a time: the limits of the child are per child.
  std::timed_mutex compiling_;
  std::mutex mutex_; // protects what follows
  std::map<code_id, std::weak_ptr<guest_class>> classes_;
  /// Keeps the latest alive although nothing runs them.
  std::deque<guest_class_ptr> ready_;
  std::map<code_id, caf::error> refused_;
  std::deque<code_id> refused_order_;
};

wasm_engine::wasm_engine(wasm_engine_settings settings)
  : settings_{std::move(settings)}, cache_{!settings_.cache.empty()
                                               && !check_wasm_cache(
                                                 settings_.cache)
                                             ? settings_.cache
                                             : std::filesystem::path{},
                                           engine_tag()},
    core_{wasm_core::make(
      std::max(settings_.time_slice, std::chrono::milliseconds{1}),
      settings_.memory)} {
  // nop
}

guest_class_ptr wasm_engine::find(const code_id& code) {
  return look_up(code, true);
}

guest_class_ptr wasm_engine::look_up(const code_id& code, bool counted) {
  if (!core_)
    return nullptr;
  auto& counts = (*core_)->counts;
  if (auto known = remembered(code)) {
    counts.memory_hits += counted;
    return known;
  }
  auto compiled = cache_.find(code);
  if (!compiled) {
    counts.misses += counted;
    return nullptr;
  }
  auto made = load_class(*core_, *compiled);
  // Such as: compiled for another processor, by a copied directory.
  if (!made) {
    cache_.forget(code);
    counts.misses += counted;
    return nullptr;
  }
  counts.disk_hits += counted;
  return remember(code, std::move(*made));
}

caf::expected<guest_class_ptr> wasm_engine::compile(const code_id& code,
                                                    const std::string& module) {
  if (!core_)
    return core_.error();
  if (auto error = refusal(code))
    return error;
  if (module.size() <= limits::module && sha256(module) != code)
    return fail(ec::bad_module, "these bytes are not the module " + code);
  if (auto error = check_module(module))
    return refuse(code, std::move(error));
  std::unique_lock turn{compiling_, std::chrono::milliseconds{limits::compile}};
  if (!turn)
    return fail(ec::exhausted, "other modules are being compiled");
  // Somebody else may have been faster.
  if (auto known = look_up(code, false))
    return known;
  if (auto error = refusal(code))
    return error;
  ++(*core_)->counts.compilations;
  auto compiled
    = compile_in_child(settings_.compiler.string(), module, limits::compile);
  if (!compiled)
    return refuse(code, std::move(compiled.error()));
  auto made = load_class(*core_, *compiled);
  if (!made)
    return made.error();
  // A full disk costs the next life a compilation, and nothing now.
  static_cast<void>(cache_.keep(code, *compiled));
  return remember(code, std::move(*made));
}

guest_class_ptr wasm_engine::remembered(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = classes_.find(code);
  return found == classes_.end() ? nullptr : found->second.lock();
}

/// Returns the class to use: another thread's, if it was faster.
guest_class_ptr wasm_engine::remember(const code_id& code,
                                      guest_class_ptr made) {
  std::lock_guard guard{mutex_};
  auto& slot = classes_[code];
  if (auto known = slot.lock())
    return known;
  slot = made;
  ready_.push_back(made);
  if (ready_.size() > limits::ready_modules) {
    ready_.pop_front();
    std::erase_if(classes_, [](auto& x) { return x.second.expired(); });
  }
  return made;
}

caf::error wasm_engine::refusal(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = refused_.find(code);
  return found == refused_.end() ? caf::error{} : found->second;
}

caf::error wasm_engine::refuse(const code_id& code, caf::error why) {
  ++(*core_)->counts.refusals;
  // What the system could not do says nothing about the module.
  if (why == ec::system_failure)
    return why;
  std::lock_guard guard{mutex_};
  if (refused_.emplace(code, why).second)
    refused_order_.push_back(code);
  if (refused_order_.size() > limits::refused_modules) {
    refused_.erase(refused_order_.front());
    refused_order_.pop_front();
  }
  return why;
}

} // namespace

caf::error check_wasm_cache(const std::filesystem::path& directory) {
  return wasm_cache::prepare(directory);
}

std::unique_ptr<guest_engine> make_wasm_engine(wasm_engine_settings settings) {
  return std::make_unique<wasm_engine>(std::move(settings));
}

} // namespace edgeless
