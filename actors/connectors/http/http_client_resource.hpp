// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/http/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// A resource that makes an HTTP request for each event, and finishes the event
/// when the response has come. Reads the configuration `allow`.
class http_client_resource : public resource {
public:
  http_client_resource(const component_spec& spec,
                       std::shared_ptr<http_client> client);

  void set_outlet(outlet_ptr x) override {
    out_ = std::move(x);
  }

  std::size_t capacity() const override {
    return limits::deferred_events;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override;

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

  void start(exchange x, std::uint64_t ticket);

  std::shared_ptr<http_client> client_;
  std::vector<std::string> allow_;
  outlet_ptr out_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace edgeless
