// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"
#include "runtime/http/statistics.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// The requests that one http-ingress takes: all of these must match, and what
/// is empty matches all.
struct http_route {
  std::string host;              ///< with or without its port
  std::set<std::string> methods; ///< such as GET
  std::string workflow;          ///< wf_id of the query
};

/// The route of a component's configuration: `host`, `method` or the older
/// `methods`, and `wf_id`. The error names what is wrong.
caf::expected<http_route>
http_route_of(const std::map<std::string, std::string>& configuration,
              const std::string& workflow);

/// Whether an http-ingress takes requests on this node, or is reached through a
/// relay, wherever it runs.
enum class http_reach : std::uint8_t { direct, relayed };

/// Passes requests on to one of the http-ingress resources that match, at
/// random among those of this node, or else of the others. Thread-safe.
class http_router {
public:
  http_router();

  /// Returns the number under which it is removed. `workflow`: the id of its
  /// workflow.
  std::uint64_t add(http_route route, http_handler handler,
                    const std::string& workflow = {},
                    http_reach reach = http_reach::direct);
  void remove(std::uint64_t number);

  /// 404 if no route matches, 501 for a method that functions do not know. Each
  /// request has a header x-request-id from here on, and so has its response.
  void handle(http_request x, http_responder respond);

  /// The metrics of each workflow that has a route.
  void add_metrics(metrics_page& page) const;

private:
  struct entry {
    http_route route;
    http_reach reach = http_reach::direct;
    http_handler handler;
    std::string workflow;
    std::shared_ptr<http_workflow_statistics> counts;
  };

  using entry_ptr = std::shared_ptr<const entry>;

  std::string make_request_id();
  std::string set_request_id(http_request& x);
  std::vector<entry_ptr> find(const http_request& x) const;
  std::string allowed_for(const http_request& x) const;

  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, entry_ptr> entries_;
  std::mt19937_64 random_;
};

} // namespace edgeless
