// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/modules/compile_process.hpp"
#include "runtime/modules/module_cache.hpp"
#include "runtime/modules/module_validation.hpp"
#include "runtime/sandbox/process_guest.hpp"
#include "runtime/wasm/engine_config.hpp"
#include "runtime/wasm/engine_core.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

namespace edgeless {

namespace {

/// Makes a class from compiled code.
using class_loader
  = std::function<caf::expected<guest_class_ptr>(std::string_view compiled)>;

/// The classes of one isolation: compiled with the same checks and loaded by
/// the same function. Any number of threads.
class class_cache {
public:
  class_cache(const engine_settings& settings, checks what,
              engine_core_ptr core, class_loader load);

  guest_class_ptr ready(const code_id& code);
  guest_class_ptr find(const code_id& code);
  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module);

private:
  guest_class_ptr look_up(const code_id& code, bool counted);
  guest_class_ptr find_in_memory(const code_id& code);
  guest_class_ptr insert(const code_id& code, guest_class_ptr made);
  caf::error find_refusal(const code_id& code);
  caf::error add_refusal(const code_id& code, caf::error reason);

  std::string compiler_;
  checks checks_;
  module_cache cache_;
  bool cache_fails_ = false; ///< protected by compiling_
  engine_core_ptr core_;
  class_loader load_;
  /// One compilation at a time, since the limits are per compile process.
  std::timed_mutex compiling_;
  std::mutex mutex_; // protects what follows
  std::map<code_id, std::weak_ptr<guest_class>> classes_;
  /// Keeps the most recent classes alive while they have no instances.
  std::deque<guest_class_ptr> recent_;
  std::map<code_id, caf::error> refused_;
  std::deque<code_id> refused_order_;
};

class_cache::class_cache(const engine_settings& settings, checks what,
                         engine_core_ptr core, class_loader load)
  : compiler_{settings.compiler.string()}, checks_{what},
    cache_{!settings.cache.empty() && !check_module_cache(settings.cache)
             ? settings.cache
             : std::filesystem::path{},
           engine_tag(what)},
    core_{std::move(core)}, load_{std::move(load)} {
  // nop
}

guest_class_ptr class_cache::ready(const code_id& code) {
  auto known = find_in_memory(code);
  core_->counts.memory_hits += known != nullptr;
  return known;
}

guest_class_ptr class_cache::find(const code_id& code) {
  return look_up(code, true);
}

guest_class_ptr class_cache::look_up(const code_id& code, bool counted) {
  auto& counts = core_->counts;
  if (auto known = find_in_memory(code)) {
    counts.memory_hits += counted;
    return known;
  }
  auto compiled = cache_.find(code);
  if (!compiled) {
    counts.misses += counted;
    return nullptr;
  }
  auto made = load_(*compiled);
  // For example compiled for another CPU, in a copied directory.
  if (!made) {
    cache_.forget(code);
    counts.misses += counted;
    return nullptr;
  }
  counts.disk_hits += counted;
  return insert(code, std::move(*made));
}

caf::expected<guest_class_ptr> class_cache::compile(const code_id& code,
                                                    const std::string& module) {
  if (auto error = find_refusal(code))
    return error;
  if (module.size() <= limits::module && sha256(module) != code)
    return fail(ec::bad_module, "the bytes are not those of module " + code);
  if (auto error = validate_module(module))
    return add_refusal(code, std::move(error));
  std::unique_lock turn{compiling_,
                        std::chrono::milliseconds{limits::compile_timeout}};
  if (!turn)
    return fail(ec::exhausted, "the compiler is busy with other modules");
  // Another thread may have compiled the module meanwhile.
  if (auto known = look_up(code, false))
    return known;
  if (auto error = find_refusal(code))
    return error;
  ++core_->counts.compilations;
  auto compiled
    = compile_in_child(compiler_, module, limits::compile_timeout, checks_);
  if (!compiled)
    return add_refusal(code, std::move(compiled.error()));
  auto made = load_(*compiled);
  if (!made)
    return made.error();
  // For example on a full disk: told once, until it works again.
  auto problem = cache_.keep(code, *compiled);
  if (problem && !cache_fails_)
    log_warn("engine",
             "modules will be compiled again after a restart: ", problem);
  cache_fails_ = static_cast<bool>(problem);
  return insert(code, std::move(*made));
}

guest_class_ptr class_cache::find_in_memory(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = classes_.find(code);
  return found == classes_.end() ? nullptr : found->second.lock();
}

/// Returns the class to use: that of another thread if it was inserted first.
guest_class_ptr class_cache::insert(const code_id& code, guest_class_ptr made) {
  std::lock_guard guard{mutex_};
  auto& slot = classes_[code];
  if (auto known = slot.lock())
    return known;
  assert(made);
  slot = made;
  recent_.push_back(made);
  if (recent_.size() > limits::ready_modules) {
    recent_.pop_front();
    std::erase_if(classes_, [](auto& x) { return x.second.expired(); });
  }
  return made;
}

caf::error class_cache::find_refusal(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = refused_.find(code);
  return found == refused_.end() ? caf::error{} : found->second;
}

caf::error class_cache::add_refusal(const code_id& code, caf::error reason) {
  ++core_->counts.refusals;
  // A failure of the system, or a busy machine, is not the module's fault.
  if (reason == ec::system_failure || reason == ec::exhausted)
    return reason;
  std::lock_guard guard{mutex_};
  if (refused_.emplace(code, reason).second)
    refused_order_.push_back(code);
  if (refused_order_.size() > limits::refused_modules) {
    refused_.erase(refused_order_.front());
    refused_order_.pop_front();
  }
  assert(refused_.size() == refused_order_.size());
  return reason;
}

/// An engine with one class cache.
class cached_engine : public guest_engine {
public:
  cached_engine(engine_core_ptr core, std::shared_ptr<class_cache> classes)
    : core_{std::move(core)}, classes_{std::move(classes)} {
    // nop
  }

  guest_class_ptr ready(const code_id& code) override {
    return classes_->ready(code);
  }

  guest_class_ptr find(const code_id& code) override {
    return classes_->find(code);
  }

  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module) override {
    return classes_->compile(code, module);
  }

  const engine_counts* counts() const override {
    return &core_->counts;
  }

  std::uint64_t memory() const override {
    return core_->memory.used();
  }

  std::uint64_t memory_total() const override {
    return core_->memory.total();
  }

private:
  engine_core_ptr core_;
  std::shared_ptr<class_cache> classes_;
};

/// The engine of guests in this process, and that of sandboxed ones.
class dual_engine final : public cached_engine {
public:
  dual_engine(const engine_core_ptr& core, std::shared_ptr<class_cache> shared,
              std::shared_ptr<class_cache> sandboxed)
    : cached_engine{core, std::move(shared)}, sandboxed_{core,
                                                         std::move(sandboxed)} {
    // nop
  }

  guest_engine& sandboxed() override {
    return sandboxed_;
  }

private:
  cached_engine sandboxed_;
};

/// Replaces an engine that could not start: every compilation fails with the
/// reason.
class failed_engine final : public guest_engine {
public:
  explicit failed_engine(caf::error reason) : reason_{std::move(reason)} {
    // nop
  }

  guest_class_ptr ready(const code_id&) override {
    return nullptr;
  }

  guest_class_ptr find(const code_id&) override {
    return nullptr;
  }

  caf::expected<guest_class_ptr> compile(const code_id&,
                                         const std::string&) override {
    return reason_;
  }

private:
  caf::error reason_;
};

} // namespace

caf::error check_module_cache(const std::filesystem::path& directory) {
  return module_cache::prepare(directory);
}

std::unique_ptr<guest_engine> make_wasm_engine(engine_settings settings) {
  auto made = engine_core::make(
    settings.checks_of_shared,
    std::max(settings.time_slice, std::chrono::milliseconds{1}),
    settings.memory);
  if (!made) {
    log_error("engine", "no function can run: ", made.error());
    return std::make_unique<failed_engine>(std::move(made.error()));
  }
  auto core = std::move(*made);
  auto pool
    = std::make_shared<sandbox_pool>(core, settings.guest_program.string());
  auto sandboxed = std::make_shared<class_cache>(
    settings, checks::none, core, [pool](std::string_view compiled) {
      return make_process_class(pool, compiled);
    });
  if (settings.where == isolation::process)
    return std::make_unique<cached_engine>(core, std::move(sandboxed));
  auto shared = std::make_shared<class_cache>(
    settings, settings.checks_of_shared, core,
    [core](std::string_view compiled) { return load_class(core, compiled); });
  return std::make_unique<dual_engine>(core, std::move(shared),
                                       std::move(sandboxed));
}

} // namespace edgeless
