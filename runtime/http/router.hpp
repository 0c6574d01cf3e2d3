// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/message.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

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

/// Passes requests on to one of the http-ingress resources of a node that
/// match, at random. Thread-safe.
class http_router {
public:
  /// Returns the number under which it is removed.
  std::uint64_t add(http_route route, http_handler handler);
  void remove(std::uint64_t number);

  /// 404 if no route matches, 501 for a method that functions do not know.
  void handle(http_request x, http_responder respond);

private:
  struct entry {
    http_route route;
    http_handler handler;
  };

  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, entry> entries_;
  std::uint64_t picks_ = 0; ///< of several that match
};

} // namespace edgeless
