// SPDX-License-Identifier: MIT
#include "test/scripts.hpp"

#include <deque>

namespace edgeless::test {

namespace {

/// A handler's events per slice: a script that feeds itself is preempted.
constexpr int slice = 1000;

class script_guest : public guest {
public:
  script_guest(guest_host& host, const script& handler)
    : host_{host}, handler_{handler} {
    // nop
  }

  progress run() noexcept override {
    for (int i = 0; i < slice; ++i) {
      if (!step_) {
        auto* x = host_.next();
        if (x == nullptr)
          return progress::idle;
        kind_ = x->kind;
        step_ = handler_(host_, *x);
      }
      auto now = std::visit([this](auto& x) { return take(x); }, *step_);
      if (now)
        return *now;
    }
    return progress::preempted;
  }

  void answer(call_result result) noexcept override {
    auto then = std::get<call_out>(*step_).then;
    asked_ = false;
    step_ = then(std::move(result));
  }

  std::string fault() const override {
    return fault_;
  }

private:
  std::optional<progress> take(finish& x) {
    if (kind_ == hook::call)
      host_.done(std::move(x.result));
    step_.reset();
    return std::nullopt;
  }

  std::optional<progress> take(call_out& x) {
    if (asked_)
      return progress::waiting;
    auto at_once = host_.call(x.channel, x.payload);
    if (!at_once) {
      asked_ = true;
      return progress::waiting;
    }
    if (!*at_once)
      return die(explain(at_once->error()));
    auto then = x.then;
    step_ = then(std::move(**at_once));
    return std::nullopt;
  }

  std::optional<progress> take(cast_out& x) {
    if (!host_.cast(x.channel, x.payload))
      return progress::blocked;
    auto then = x.then;
    step_ = then();
    return std::nullopt;
  }

  std::optional<progress> take(trap& x) {
    return die(x.reason);
  }

  std::optional<progress> take(spin&) {
    return progress::preempted;
  }

  progress die(const std::string& reason) {
    fault_ = reason;
    return progress::dead;
  }

  guest_host& host_;
  const script& handler_;
  std::optional<step> step_;
  hook kind_ = hook::init;
  bool asked_ = false;
  std::string fault_;
};

struct script_class : guest_class {
  explicit script_class(const script& handler) : handler{handler} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits&) override {
    return std::unique_ptr<guest>{new script_guest{host, handler}};
  }

  const script& handler;
};

} // namespace

guest_class_ptr script_engine::find(const code_id& code) {
  auto i = classes.find(code);
  return i == classes.end() ? nullptr : i->second;
}

caf::expected<guest_class_ptr>
script_engine::compile(const code_id& code, const std::string& module) {
  ++compiled;
  auto i = book.find(module);
  if (i == book.end())
    return fail(ec::bad_module, "not a script: " + module);
  auto made = std::make_shared<script_class>(i->second);
  classes[code] = made;
  return guest_class_ptr{made};
}

} // namespace edgeless::test
