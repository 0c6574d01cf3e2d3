// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

/// All keys in Redis that this project reads or writes, with the type of their
/// value. They are those of EDGELESS, whose tools read them, too.
namespace edgeless::keys {

/// Keys that consist of a prefix and an id.
struct family {
  std::string_view prefix;

  std::string operator()(std::string_view id) const {
    return std::string{prefix}.append(id);
  }

  template <class Tag>
  std::string operator()(const id<Tag>& x) const {
    return (*this)(to_string(x));
  }

  constexpr bool contains(std::string_view key) const {
    return key.starts_with(prefix);
  }

  /// The id in a key of this family.
  constexpr std::string_view id_of(std::string_view key) const {
    assert(contains(key));
    return key.substr(prefix.size());
  }
};

// -- the mirror of a domain ---------------------------------------------------

/// JSON by node id. EDGELESS' tools read the first key, its documentation names
/// the second one: both are written.
inline constexpr family node_capabilities{"node:capabilities:"};
inline constexpr family documented_capabilities{"nodes:capabilities:"};
/// JSON by node id.
inline constexpr family node_health{"node:health:"};
/// JSON by provider id.
inline constexpr family provider{"provider:"};
/// JSON by logical id: the component and its instances.
inline constexpr family instance{"instance:"};
/// JSON by logical id: the outputs of a component.
inline constexpr family dependency{"dependency:"};
/// Samples of all kinds: `performance:METRIC:PID`, lists of `VALUE,TIMESTAMP`,
/// or of later versions of EDGELESS `performance:PID:METRIC`, sorted sets of
/// `TIMESTAMP:VALUE`.
inline constexpr family performance{"performance:"};
/// The metric of execution times, in seconds.
inline constexpr std::string_view execution_time = "function_execution_time";
/// Of later versions of EDGELESS: facts about the domain.
inline constexpr family domain_info{"domain_info:"};
inline constexpr std::string_view domain_id = "domain_id";
/// Of later versions of EDGELESS, instead of an id: the time of the last change
/// of a key of the family.
inline constexpr std::string_view last_update = "last_update";

inline constexpr family mirror[] = {node_capabilities, documented_capabilities,
                                    node_health,       provider,
                                    instance,          dependency,
                                    performance,       domain_info};

template <class Tag>
std::string samples(std::string_view metric, const id<Tag>& instance) {
  return performance(metric).append(":").append(to_string(instance));
}

template <class Tag>
std::string later_samples(const id<Tag>& instance, std::string_view metric) {
  return performance(to_string(instance)).append(":").append(metric);
}

// -- ownership ----------------------------------------------------------------

/// JSON, see database_lease: the orchestrator that owns the database. No tool
/// of EDGELESS looks for keys with this prefix.
inline constexpr std::string_view owner = "edgeless:owner";
/// JSON: the last orchestrator that wanted the database and did not get it.
inline constexpr std::string_view contender = "edgeless:contender";

// -- intents ------------------------------------------------------------------

/// A list: the queue of the keys of intents.
inline constexpr std::string_view intents = "intents";
/// A string by VERB:ID, see parse_intent().
inline constexpr family intent{"intent:"};
inline constexpr family drain_intent{"intent:drain:"};
/// JSON by ID, see intent_result().
inline constexpr family intent_result{"intent:result:"};

// -- the metrics-collector ----------------------------------------------------

/// By the name of a workflow, or the id of a function: a transaction.
inline constexpr family workflow{"workflow:"};
inline constexpr family function{"function:"};

/// A list of `MILLISECONDS,TIMESTAMP` of a transaction, newest first.
inline std::string samples(const std::string& transaction) {
  return transaction + ":samples";
}

/// The smoothed average of a transaction in milliseconds.
inline std::string average(const std::string& transaction) {
  return transaction + ":average";
}

// -- all of them --------------------------------------------------------------

/// Whether an earlier run of this project may have written `key`, apart from
/// the owner of the database.
inline bool is_own(std::string_view key) {
  auto contains = [key](const family& x) {
    return x.contains(key);
  };
  return key == intents || intent.contains(key) || workflow.contains(key)
         || function.contains(key) || std::ranges::any_of(mirror, contains);
}

} // namespace edgeless::keys
