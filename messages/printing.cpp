// SPDX-License-Identifier: MIT
#include "messages/intent.hpp"
#include "messages/workflow.hpp"

#include <algorithm>
#include <iterator>

namespace edgeless {

namespace {

/// Mixes bytes into a 64-bit hash (FNV-1a): stable across processes.
class mixer {
public:
  void add(std::string_view bytes) {
    for (unsigned char c : bytes)
      step(c);
    step(0xFF); // "ab","c" differs from "a","bc"
  }

  template <class Tag>
  void add(const id<Tag>& x) {
    auto bytes = to_bytes(x);
    add(std::string_view{bytes.data(), bytes.size()});
  }

  std::uint64_t value() const {
    return hash_;
  }

private:
  void step(unsigned char c) {
    hash_ = (hash_ ^ c) * 0x100000001B3ULL;
  }

  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

template <std::size_t N>
std::string name_of(const std::string_view (&names)[N], std::size_t index) {
  return std::string{index < N ? names[index] : "unknown"};
}

} // namespace

std::string to_string(const instance_id& x) {
  return "InstanceId(node_id: " + to_string(x.node)
         + ", function_id: " + to_string(x.instance) + ")";
}

std::string to_string(intent_kind kind) {
  static constexpr std::string_view names[]
    = {"migrate", "cordon", "uncordon", "drain"};
  return name_of(names, static_cast<std::size_t>(kind));
}

std::string to_string(drop_reason reason) {
  static constexpr std::string_view names[] = {
    "inbox_full",       "unmapped",         "nowhere",         "egress_full",
    "peer_lost",        "unknown_instance", "unknown_node",    "fenced",
    "stopped",          "crashed",          "self_channel",    "too_large",
    "late_answer",      "too_many_delayed", "resource_failed", "evicted",
    "blocked_too_long", "duplicate",        "poison",          "out_of_order",
  };
  static_assert(std::size(names) == drop_reasons);
  return name_of(names, static_cast<std::size_t>(reason));
}

std::string to_string(component_phase phase) {
  static constexpr std::string_view names[]
    = {"pending", "starting", "running"};
  return name_of(names, static_cast<std::size_t>(phase));
}

std::uint64_t digest(const physical_id& instance) {
  mixer m;
  m.add(instance);
  return m.value();
}

std::uint64_t digest(const inventory& records) {
  std::uint64_t sum = 0; // addition: the order does not matter
  for (auto& record : records)
    sum += digest(record.instance);
  return sum;
}

std::uint64_t fingerprint(const component_spec& spec) {
  mixer m;
  m.add(spec.id);
  m.add(spec.class_id);
  m.add(spec.function_type);
  m.add(spec.code);
  for (auto& [key, value] : spec.settings) {
    m.add(key);
    m.add(value);
  }
  return m.value();
}

std::uint64_t fingerprint_of_state(std::string_view state) {
  if (state.empty())
    return 0;
  mixer m;
  m.add(state);
  return std::max<std::uint64_t>(m.value(), 1);
}

} // namespace edgeless
