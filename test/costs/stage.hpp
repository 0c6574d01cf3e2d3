// SPDX-License-Identifier: MIT
#pragma once

#include "test/costs/counts.hpp"
#include "test/fixtures/actor_fixture.hpp"

#include "actors/instance/function_instance.hpp"
#include "actors/net/egress.hpp"
#include "actors/net/ingress.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <doctest/doctest.h>

namespace edgeless::test {

/// What a guest does with a cast, whose first bytes are a number. Any of them
/// answers calls.
enum class errand {
  nothing,
  burst,  ///< casts so often to "out"
  volley, ///< casts that number less one to "out", down to zero
  calls,  ///< calls "out" so often, one after the other
};

/// 16 bytes.
std::string numbered(std::uint32_t n);

/// A guest that costs nothing itself but for the answers to calls, and counts
/// what it asks its host for.
class lean_guest : public guest {
public:
  lean_guest(guest_host& host, errand task, std::uint64_t& asked)
    : host_{host}, task_{task}, asked_{asked} {
    // nop
  }

  progress run() noexcept override;
  void answer(call_result x) noexcept override;
  std::string fault() const override;

private:
  void handle(const guest_event& x);
  void cast(std::uint32_t n);

  guest_host& host_;
  errand task_;
  std::uint64_t& asked_;
  std::uint32_t calls_left_ = 0;
};

struct lean_class : guest_class {
  lean_class(errand task, std::uint64_t& asked) : task{task}, asked{asked} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits&) override {
    return std::unique_ptr<guest>{new lean_guest{host, task, asked}};
  }

  errand task;
  std::uint64_t& asked;
};

/// What so many events took.
struct cost {
  std::uint64_t allocations = 0;
  std::uint64_t messages = 0; ///< handled by any actor
  std::uint64_t requests = 0; ///< of guests to their hosts
  std::uint64_t lost = 0;     ///< events

  friend cost operator-(cost x, const cost& y) {
    x.allocations -= y.allocations;
    x.messages -= y.messages;
    x.requests -= y.requests;
    x.lost -= y.lost;
    return x;
  }
};

/// Two nodes: real instances, EGRESS and GATEs, in one lab. What one says to
/// the other becomes bytes and is read again, as on a wire.
class stage : public actor_fixture {
public:
  struct context {
    instance_registry_ptr registry;
    egress_actor egress;
    ingress_actor ingress;
    std::string url;
  };

  stage();

  /// An instance with this errand: a lean guest, or one of `code`.
  endpoint add(context& where, errand task, const endpoint& out = {});
  /// From now on that one's "out" leads there.
  void lead(const endpoint& from, const endpoint& to);

  /// What follows if that instance gets this number.
  cost spend(const endpoint& whom, std::uint32_t n);

private:
  context make_provider_context(const std::string& url);
  caf::strong_actor_ptr cable_to(const ingress_actor& far);
  cost so_far() const;
  void run();

  std::shared_ptr<scripted_transport> net_;
  std::uint64_t messages_ = 0;
  std::uint64_t requests_ = 0;

public:
  context here, there;
  guest_class_ptr code; ///< knows errands by the first letter of its state
};

} // namespace edgeless::test
