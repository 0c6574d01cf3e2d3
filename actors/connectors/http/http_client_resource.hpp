// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/deferring_resource.hpp"

#include "runtime/http/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// A resource that makes an HTTP request for each event, and finishes the event
/// when the response has come. Reads the configuration `allow`.
class http_client_resource : public deferring_resource {
public:
  http_client_resource(const component_spec& spec,
                       std::shared_ptr<http_client> client);

protected:
  struct exchange {
    http_client_request request;
    /// Makes the answer to the event of the response. Called on the thread of
    /// the client, also when the resource has ended.
    std::function<caf::expected<std::string>(const http_response&)> answer_of;
  };

private:
  /// The request for an event, or why there is none.
  virtual caf::expected<exchange> exchange_for(const event& x) const = 0;

  caf::error start(const event& x, std::uint64_t ticket) override;

  std::shared_ptr<http_client> client_;
  std::vector<std::string> allow_;
};

} // namespace edgeless
