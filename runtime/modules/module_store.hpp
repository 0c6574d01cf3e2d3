// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace edgeless {

/// Modules by the SHA-256 of their bytes, complete or in transfer. A module
/// that does not hash to its id is dropped. Not synchronised.
class module_store {
public:
  /// All modules together may have `max_bytes` bytes, with overhead.
  explicit module_store(std::size_t max_bytes) : max_bytes_{max_bytes} {
    // nop
  }

  /// Whether the complete module is here.
  bool has(const code_id& code) const;

  /// The complete module; nullptr if it is not here. Valid until keep().
  const std::string* whole(const code_id& code) const;

  /// Appends a part if it is the next one; ignores it otherwise. Returns the
  /// offset of the next part wanted, or the module's size when it is complete.
  /// Errors: ec::bad_input (bounds, hash), ec::exhausted.
  caf::expected<std::uint64_t> add(const code_part& part);

  /// How many bytes of a module are here.
  std::uint64_t progress(const code_id& code) const;

  /// Up to limits::part bytes of a complete module from `offset` on. Errors:
  /// ec::unknown_code, ec::bad_input.
  caf::expected<code_part> part(const code_id& code,
                                std::uint64_t offset) const;

  /// Drops all modules but those that are `needed`.
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
