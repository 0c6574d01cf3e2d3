// SPDX-License-Identifier: MIT
#pragma once

#include "tools/cli/client.hpp"

#include "runtime/config/workflow_file.hpp"

#include "messages/interfaces.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>

namespace edgeless::benchmark {

/// A client of the controller, with the messages of edgeless_cli. Dials the
/// controller again after a request has failed.
class load_controller {
public:
  explicit load_controller(std::shared_ptr<tls_context> tls)
    : peer_{std::move(tls)} {
    // nop
  }

  caf::error dial(const std::string& url);

  /// The same, and waits until its first domain has this many nodes.
  caf::error wait_for_nodes(const std::string& url, std::size_t count);

  /// Starts a workflow under this id; a module is uploaded once.
  caf::expected<workflow_status> start(const workflow_id& id,
                                       const workflow_file& x);
  caf::error stop(const workflow_id& id);
  caf::expected<workflow_status> inspect(const workflow_id& id);

private:
  /// Connects if necessary; after an error it connects again the next time.
  template <class Result, class... Ts>
  caf::expected<Result> ask(Ts&&... xs) {
    if (auto problem = connect())
      return problem;
    auto result = peer_.ask<Result>(controller_, std::forward<Ts>(xs)...);
    is_connected_ = static_cast<bool>(result);
    return result;
  }

  caf::error upload(const module_file& x);
  caf::error connect();

  client peer_;
  std::string url_;
  controller_actor controller_;
  bool is_connected_ = false;
  std::set<code_id> uploaded_;
};

} // namespace edgeless::benchmark
