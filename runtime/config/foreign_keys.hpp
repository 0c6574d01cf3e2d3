// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The keys of EDGELESS' configuration files that this version does not act
/// on, and what a user is told about each. The tables are the only place that
/// names them: a key that gets an effect is deleted there.
namespace edgeless {

enum class foreign_kind : std::uint8_t {
  /// Of D4.2 or 1.0: accepted. If the file asks for something by it, the
  /// program says at start that it does not do that.
  unsupported,
  /// Of 1.1 and later, or with another meaning there: an error that says what
  /// to write instead.
  refused,
};

struct foreign_key {
  /// From the root of the file, such as resources.dda_provider; of a section:
  /// with all that is in it.
  std::string_view path;
  foreign_kind kind;
  std::string_view reason;
  /// The key of an unsupported section that turns it on; empty: its presence.
  std::string_view switched_on_by{};
};

using foreign_keys = std::span<const foreign_key>;

struct controller_settings;
struct orchestrator_settings;
struct node_settings;
struct cli_settings;

/// Those of a file with such settings.
foreign_keys foreign_keys_of(const controller_settings&);
foreign_keys foreign_keys_of(const orchestrator_settings&);
foreign_keys foreign_keys_of(const node_settings&);
foreign_keys foreign_keys_of(const cli_settings&);

} // namespace edgeless
