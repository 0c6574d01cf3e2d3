// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace edgeless {

/// Modules by the hash of their bytes, whole or on their way. Nothing is
/// believed that does not hash to its name.
class module_store {
public:
  /// At most `max_bytes` together; one more is refused.
  explicit module_store(std::size_t max_bytes) : max_bytes_{max_bytes} {
    // nop
  }

  /// Whether the whole module is here.
  bool has(const code_id& code) const;

  /// The whole module; nullptr if it is not here.
  const std::string* whole(const code_id& code) const;

  /// Takes a part in; repeated parts do no harm. Returns the offset of the
  /// next part wanted, the module's size when it is complete.
  caf::expected<std::uint64_t> add(const code_part& part);

  /// How much of a module is here.
  std::uint64_t progress(const code_id& code) const;

  /// The part of a whole module that begins at `offset`.
  caf::expected<code_part> part(const code_id& code,
                                std::uint64_t offset) const;

  /// Forgets the modules that nobody needs.
  void keep(const std::function<bool(const code_id&)>& needed);

private:
  struct item {
    std::uint64_t size = 0;
    std::string bytes;
    bool whole = false;
  };

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::map<code_id, item> items_;
};

} // namespace edgeless
