// SPDX-License-Identifier: MIT
#pragma once

#include "actors/controller/controller_self.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/net/transport.hpp"

#include "messages/ids.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// The domains of a cluster and the connections to their ORCHESTRATORs, which
/// are dialled again and again. Part of the CONTROLLER.
class domain_connections {
public:
  struct domain {
    std::string url;
    orchestrator_actor handle; ///< null while it is not attached
    domain_description last;
    std::uint32_t attempts = 0; ///< that failed in a row
    caf::actor_clock::time_point gone_since;
  };

  /// `on_attached` is called whenever a domain is attached.
  domain_connections(controller_ptr self, std::shared_ptr<transport> net,
                     random_source random,
                     std::function<void(const std::string&)> on_attached)
    : self_{self}, net_{std::move(net)}, random_{std::move(random)},
      on_attached_{std::move(on_attached)} {
    // nop
  }

  void add(const domain_address& x);

  void dial(const std::string& id);
  void on_dialled(const std::string& url, const caf::strong_actor_ptr& found,
                  const std::string& reason);
  void on_down(const caf::down_msg& x);

  /// What the domains offer; of those that do not answer, what they did last.
  caf::result<std::vector<domain_description>> describe();

  const std::map<std::string, domain>& all() const {
    return all_;
  }

  /// The orchestrator of a domain; null while it cannot be reached.
  orchestrator_actor attached(const std::string& id) const;

private:
  void attach(const std::string& id, const orchestrator_actor& found);
  void on_unreachable(const std::string& id, const std::string& reason);

  controller_ptr self_;
  std::shared_ptr<transport> net_;
  random_source random_;
  std::function<void(const std::string&)> on_attached_;
  std::map<std::string, domain> all_;
  log_throttle throttle_;
};

} // namespace edgeless
