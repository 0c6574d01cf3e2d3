// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/transport.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The admitted messages of a connection, indexed by their type signatures.
class acl_table {
public:
  /// Reads the name of the sender from a message; empty if it is incomplete.
  using name_reader = std::string (*)(frame_cursor);

  struct entry {
    std::uint64_t atom = 0; ///< of requests
    std::uint32_t max_size = 0;
    bool has_response = false;
    /// Of the values after the atom, or of all values of a response.
    std::vector<value_layout> layouts;
    /// Set if the message names its sender.
    name_reader read_sender = nullptr;
  };

  /// Entries with types that have no layout are ignored.
  explicit acl_table(const message_acl_list& list);

  /// The entry of a request with these types and this first atom, or nullptr.
  const entry* request(std::string_view signature, std::uint64_t atom) const;

  /// The entry of a response with these types, or nullptr.
  const entry* response(std::string_view signature) const;

private:
  using entry_map = std::map<std::string, std::vector<entry>, std::less<>>;

  entry_map requests_;
  entry_map responses_;
};

using acl_table_ptr = std::shared_ptr<const acl_table>;

} // namespace edgeless
