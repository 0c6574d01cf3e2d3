// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/router.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace edgeless {

/// Passes requests on to the http-ingress resources of the domain, wherever
/// they run, as calls. An http-ingress that gets one answers it as a request of
/// its own, and never passes it on: there is one hop, or two while it moves.
class http_relay : public resource_relay,
                   public std::enable_shared_from_this<http_relay> {
public:
  explicit http_relay(std::shared_ptr<http_router> router);

  // -- for the NODE -----------------------------------------------------------
  resource_ptr make() override;
  void add(const component_spec& x) override;
  void remove(const logical_id& x) override;

  /// Calls an http-ingress with the payload of a request. Any thread.
  void call(const logical_id& to, std::string payload, bool is_repeatable,
            caf::timespan timeout, outlet::reply_handler done) const;

private:
  std::shared_ptr<http_router> router_;
  mutable std::mutex mutex_; ///< of `out_`
  outlet_ptr out_;           ///< set when the instance is activated
  std::map<logical_id, std::uint64_t> numbers_; ///< in the router
};

} // namespace edgeless
