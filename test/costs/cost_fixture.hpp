// SPDX-License-Identifier: MIT
#pragma once

#include "test/costs/allocation_counter.hpp"
#include "test/fixtures/actor_fixture.hpp"

#include "actors/instance/function_instance.hpp"
#include "actors/net/egress.hpp"
#include "actors/net/ingress.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <doctest/doctest.h>

namespace edgeless::test {

/// What a guest does with a cast whose payload begins with a number. All of
/// them answer calls with their payload.
enum class guest_task {
  idle,
  burst,     ///< casts this many events to "out"
  countdown, ///< casts the number less one to "out", unless it is zero
  calls,     ///< calls "out" this many times, one after the other
};

/// A payload of 16 bytes that begins with the number.
std::string numbered_payload(std::uint32_t n);

/// A guest that allocates nothing itself, except for answers to calls, and
/// counts its requests to its host.
class lean_guest : public guest {
public:
  lean_guest(guest_host& host, guest_task task, std::uint64_t& requests)
    : host_{host}, task_{task}, requests_{requests} {
    // nop
  }

  progress run() noexcept override;
  void answer(call_result x) noexcept override;
  std::string fault() const override;

private:
  void handle(const guest_event& x);
  void cast(std::uint32_t n);

  guest_host& host_;
  guest_task task_;
  std::uint64_t& requests_;
  std::uint32_t calls_left_ = 0;
};

struct lean_class : guest_class {
  lean_class(guest_task task, std::uint64_t& requests)
    : task{task}, requests{requests} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits&) override {
    return std::unique_ptr<guest>{new lean_guest{host, task, requests}};
  }

  guest_task task;
  std::uint64_t& requests;
};

/// What a number of events cost.
struct cost {
  std::uint64_t allocations = 0;
  std::uint64_t messages = 0; ///< that actors have handled
  std::uint64_t requests = 0; ///< of guests to their hosts
  std::uint64_t dropped = 0;  ///< events

  friend cost operator-(cost x, const cost& y) {
    x.allocations -= y.allocations;
    x.messages -= y.messages;
    x.requests -= y.requests;
    x.dropped -= y.dropped;
    return x;
  }
};

/// Two nodes on a deterministic scheduler: real FUNCTION INSTANCES, EGRESS and
/// INGRESS actors. Batches between the nodes are serialized and deserialized,
/// as on a connection.
class cost_fixture : public actor_fixture {
public:
  struct node {
    instance_registry_ptr registry;
    egress_actor egress;
    ingress_actor ingress;
    std::string url;
  };

  cost_fixture();

  /// Starts an instance with this task: a lean guest, or one of `code`.
  endpoint add(node& host, guest_task task, const endpoint& out = {});
  /// Patches the output "out" of an instance.
  void connect(const endpoint& from, const endpoint& to);

  /// Casts the number to an instance, runs until nothing is left to do, and
  /// returns what that cost.
  cost cost_of_cast(const endpoint& target, std::uint32_t n);

private:
  node make_node(const std::string& url);
  node& node_of(const endpoint& x);
  caf::strong_actor_ptr connection_to(const ingress_actor& remote);
  cost total() const;
  void run();

  std::shared_ptr<scripted_transport> net_;
  std::uint64_t messages_ = 0;
  std::uint64_t requests_ = 0;

public:
  node here, there;
  guest_class_ptr code; ///< reads its task from the first letter of its state
};

} // namespace edgeless::test
