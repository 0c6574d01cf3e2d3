// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/workflow_store.hpp"

#include "messages/errors.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace edgeless::test {

/// A workflow_store without a disk, which outlives the controllers that use
/// it. The disk is full at its n-th write, if `fail_at` says so.
struct memory_store : workflow_store {
  caf::expected<std::vector<stored_workflow>> load() override {
    return all;
  }

  caf::expected<std::string> module(const code_id& code) override {
    auto i = modules.find(code);
    if (i == modules.end())
      return fail(ec::unknown_code, "no such module");
    return i->second;
  }

  caf::error keep(const code_id& code, const std::string& module) override {
    return write([&] { modules.emplace(code, module); });
  }

  caf::error save(const stored_workflow& x) override {
    return write([&] { all.push_back(x); });
  }

  caf::error settle(const workflow_id& id, const std::string& domain) override {
    return write([&] {
      for (auto& x : all)
        if (x.id == id)
          x.domain = domain;
    });
  }

  caf::error remove(const workflow_id& id) override {
    return write([&] {
      std::erase_if(all, [&](auto& x) { return x.id == id; });
      tombstones.insert(id);
    });
  }

  bool removed(const workflow_id& id) override {
    return tombstones.contains(id);
  }

  std::vector<stored_workflow> all;
  std::map<code_id, std::string> modules;
  std::set<workflow_id> tombstones;
  int writes = 0;
  int fail_at = 0; ///< 0: never

private:
  template <class F>
  caf::error write(F change) {
    if (++writes == fail_at)
      return fail(ec::system_failure, "the disk is full");
    change();
    return caf::none;
  }
};

} // namespace edgeless::test
