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

/// An admission list in the form in which frames are compared with it.
class acl_table {
public:
  /// Reads whom a message names as its sender; empty if it is not whole.
  using speaker = std::string (*)(frame_cursor);

  struct entry {
    std::uint64_t atom = 0; ///< of requests
    std::uint32_t max_size = 0;
    bool answered = false;
    /// Of what follows the atom, or of the whole answer.
    std::vector<value_layout> shapes;
    /// Of messages that name their sender.
    speaker names = nullptr;
  };

  /// Entries with types that have no shape admit nothing.
  explicit acl_table(const message_acl_list& list);

  /// The entry for a request with these types and this first atom.
  const entry* request(std::string_view signature, std::uint64_t atom) const;

  /// The entry for an answer with these types.
  const entry* answer(std::string_view signature) const;

private:
  using entry_map = std::map<std::string, std::vector<entry>, std::less<>>;

  entry_map requests_;
  entry_map answers_;
};

using acl_table_ptr = std::shared_ptr<const acl_table>;

} // namespace edgeless
