// SPDX-License-Identifier: MIT
#include "runtime/wasm/engine.hpp"

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
#include <deque>
#include <functional>
#include <map>
#include <mutex>

namespace edgeless {

namespace {

using class_loader
  = std::function<caf::expected<guest_class_ptr>(std::string_view compiled)>;

/// Classes of one kind: compiled with the same checks, loaded the same way.
class class_cache {
public:
  class_cache(const engine_settings& settings, checks what,
              engine_core_ptr core, class_loader load);

  guest_class_ptr find(const code_id& code);
  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module);

private:
  guest_class_ptr look_up(const code_id& code, bool counted);
  guest_class_ptr remembered(const code_id& code);
  guest_class_ptr remember(const code_id& code, guest_class_ptr made);
  caf::error refusal(const code_id& code);
  caf::error refuse(const code_id& code, caf::error why);

  std::string compiler_;
  checks checks_;
  module_cache cache_;
  engine_core_ptr core_;
  class_loader load_;
  /// One compilation at a time: the limits of the child are per child.
  std::timed_mutex compiling_;
  std::mutex mutex_; // protects what follows
  std::map<code_id, std::weak_ptr<guest_class>> classes_;
  /// Keeps the latest alive although nothing runs them.
  std::deque<guest_class_ptr> ready_;
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

guest_class_ptr class_cache::find(const code_id& code) {
  return look_up(code, true);
}

guest_class_ptr class_cache::look_up(const code_id& code, bool counted) {
  auto& counts = core_->counts;
  if (auto known = remembered(code)) {
    counts.memory_hits += counted;
    return known;
  }
  auto compiled = cache_.find(code);
  if (!compiled) {
    counts.misses += counted;
    return nullptr;
  }
  auto made = load_(*compiled);
  // Such as: compiled for another processor, by a copied directory.
  if (!made) {
    cache_.forget(code);
    counts.misses += counted;
    return nullptr;
  }
  counts.disk_hits += counted;
  return remember(code, std::move(*made));
}

caf::expected<guest_class_ptr> class_cache::compile(const code_id& code,
                                                    const std::string& module) {
  if (auto error = refusal(code))
    return error;
  if (module.size() <= limits::module && sha256(module) != code)
    return fail(ec::bad_module, "these bytes are not the module " + code);
  if (auto error = validate_module(module))
    return refuse(code, std::move(error));
  std::unique_lock turn{compiling_, std::chrono::milliseconds{limits::compile}};
  if (!turn)
    return fail(ec::exhausted, "other modules are being compiled");
  // Somebody else may have been faster.
  if (auto known = look_up(code, false))
    return known;
  if (auto error = refusal(code))
    return error;
  ++core_->counts.compilations;
  auto compiled = compile_in_child(compiler_, module, limits::compile, checks_);
  if (!compiled)
    return refuse(code, std::move(compiled.error()));
  auto made = load_(*compiled);
  if (!made)
    return made.error();
  // A full disk costs the next life a compilation, and nothing now.
  static_cast<void>(cache_.keep(code, *compiled));
  return remember(code, std::move(*made));
}

guest_class_ptr class_cache::remembered(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = classes_.find(code);
  return found == classes_.end() ? nullptr : found->second.lock();
}

/// Returns the class to use: another thread's, if it was faster.
guest_class_ptr class_cache::remember(const code_id& code,
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

caf::error class_cache::refusal(const code_id& code) {
  std::lock_guard guard{mutex_};
  auto found = refused_.find(code);
  return found == refused_.end() ? caf::error{} : found->second;
}

caf::error class_cache::refuse(const code_id& code, caf::error why) {
  ++core_->counts.refusals;
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

/// The door to one of two shelves.
class shelf_engine : public guest_engine {
public:
  shelf_engine(engine_core_ptr core, std::shared_ptr<class_cache> shelf)
    : core_{std::move(core)}, shelf_{std::move(shelf)} {
    // nop
  }

  guest_class_ptr find(const code_id& code) override {
    return shelf_->find(code);
  }

  caf::expected<guest_class_ptr> compile(const code_id& code,
                                         const std::string& module) override {
    return shelf_->compile(code, module);
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
  std::shared_ptr<class_cache> shelf_;
};

class two_engines final : public shelf_engine {
public:
  two_engines(const engine_core_ptr& core, std::shared_ptr<class_cache> here,
              std::shared_ptr<class_cache> apart)
    : shelf_engine{core, std::move(here)}, apart_{core, std::move(apart)} {
    // nop
  }

  guest_engine& apart() override {
    return apart_;
  }

private:
  shelf_engine apart_;
};

/// Stands for an engine that could not start, and says why.
class no_engine final : public guest_engine {
public:
  explicit no_engine(caf::error why) : why_{std::move(why)} {
    // nop
  }

  guest_class_ptr find(const code_id&) override {
    return nullptr;
  }

  caf::expected<guest_class_ptr> compile(const code_id&,
                                         const std::string&) override {
    return why_;
  }

private:
  caf::error why_;
};

} // namespace

caf::error check_module_cache(const std::filesystem::path& directory) {
  return module_cache::prepare(directory);
}

std::unique_ptr<guest_engine> make_wasm_engine(engine_settings settings) {
  auto made = engine_core::make(
    settings.asked, std::max(settings.time_slice, std::chrono::milliseconds{1}),
    settings.memory);
  if (!made)
    return std::make_unique<no_engine>(std::move(made.error()));
  auto core = std::move(*made);
  auto context
    = std::make_shared<sandbox_pool>(core, settings.guest_program.string());
  auto apart = std::make_shared<class_cache>(
    settings, checks::none, core, [context](std::string_view compiled) {
      return make_process_class(context, compiled);
    });
  if (settings.where == isolation::process)
    return std::make_unique<shelf_engine>(core, std::move(apart));
  auto here = std::make_shared<class_cache>(
    settings, settings.asked, core,
    [core](std::string_view compiled) { return load_class(core, compiled); });
  return std::make_unique<two_engines>(core, std::move(here), std::move(apart));
}

} // namespace edgeless
