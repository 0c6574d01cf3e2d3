// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/log_filter.hpp"
#include "runtime/placement/placement.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"
#include "messages/node.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The content of the TOML files. Members have the names of the keys, and their
/// initial values are the defaults of absent keys. `*_announced` is never
/// empty: the default is the URL without the suffix. The files under conf/
/// explain each key.
namespace edgeless {

/// Files in PEM format. With all three, connections are encrypted and mutually
/// authenticated. Paths are relative to the folder of the configuration file.
struct tls_settings {
  std::string ca;
  std::string certificate;
  std::string key;
  /// Allows plaintext connections beyond this machine.
  bool insecure = false;
};

/// A domain of a controller and its orchestrator.
struct domain_address {
  std::string domain_id;
  std::string orchestrator_url;

  friend bool operator==(const domain_address&, const domain_address&)
    = default;
};

struct controller_settings {
  std::string controller_url;
  std::vector<domain_address> orchestrators;
  /// The database of the workflows; empty: none.
  std::string persistence_filename = "controller.save";
  /// Empty: no metrics are served.
  std::string metrics_url;
  tls_settings tls;
};

struct orchestrator_settings {
  struct general_section {
    std::string domain_id;
    std::string orchestrator_url;
    std::string orchestrator_url_announced;
    /// The URLs of the metrics-collector's node.
    std::string agent_url = "http://127.0.0.1:7121";
    std::string agent_url_announced;
    std::string invocation_url = "http://127.0.0.1:7102";
    std::string invocation_url_announced;
  } general;
  struct baseline_section {
    placement_strategy orchestration_strategy = placement_strategy::random;
    /// Zero: nodes are not polled.
    std::chrono::milliseconds keep_alive_interval{2000};
  } baseline;
  /// Empty: no metrics are served.
  std::string metrics_url;
  /// The Redis server that the domain is mirrored to; empty: none.
  std::string proxy_redis_url;
  /// Performance samples kept there of each instance.
  std::uint32_t proxy_samples = limits::samples;
  /// The Redis server that metrics are written to; empty: none.
  std::string collector_redis_url;
  tls_settings tls;
};

/// Configured capabilities, which replace the detected ones.
struct user_capabilities {
  std::optional<std::uint32_t> num_cpus;
  std::optional<std::string> model_name_cpu;
  std::optional<double> clock_freq_cpu; ///< MHz
  std::optional<std::uint32_t> num_cores;
  std::optional<std::uint32_t> mem_size; ///< MiB
  std::optional<std::vector<std::string>> labels;
  std::optional<bool> is_tee_running;
  std::optional<bool> has_tpm;
};

struct node_settings {
  struct general_section {
    edgeless::node_id node_id;
    std::string agent_url;
    std::string agent_url_announced;
    std::string invocation_url;
    std::string invocation_url_announced;
    std::string orchestrator_url;
    /// Directory of compiled modules, for this node only; empty if neither
    /// XDG_CACHE_HOME nor HOME is set.
    std::filesystem::path code_cache;
  } general;
  struct telemetry_section {
    /// Empty: no metrics are served.
    std::string metrics_url;
    /// The level up to which log lines of functions are logged.
    edgeless::log_level log_level = edgeless::log_level::off;
    bool performance_samples = false;
  } telemetry;
  struct wasm_section {
    bool enabled = false;
    /// The memory of all guests together in MiB; 0: that of the machine.
    std::uint32_t memory_mib = 0;
    /// isolation::process applies to all guests, whatever they prefer.
    edgeless::isolation isolation = edgeless::isolation::shared;
  } wasm_runtime;
  /// Accepted, without effect: there is no container run-time.
  struct container_section {
    bool enabled = false;
  } container_runtime;
  /// A resource provider with an empty name is not created.
  struct resources_section {
    std::string file_log_provider;
    std::string redis_provider;
    /// Where clients reach all http-ingress resources of this node.
    std::string http_ingress_url;
    std::string http_ingress_provider;
    std::string http_egress_provider;
    std::string http_poster_provider;
    /// Hosts that http-egress and http-poster may reach although they are
    /// loopback, link-local or private; see http_allow_list.
    std::vector<std::string> http_allow;
  } resources;
  user_capabilities user_node_capabilities;
  tls_settings tls;
};

struct cli_settings {
  std::string controller_url;
  tls_settings tls;
};

// The errors of all readers have one line per problem: `file:line: key: reason`

caf::expected<controller_settings>
load_controller_settings(const std::filesystem::path& file);
caf::expected<orchestrator_settings>
load_orchestrator_settings(const std::filesystem::path& file);
caf::expected<node_settings>
load_node_settings(const std::filesystem::path& file);
caf::expected<cli_settings>
load_cli_settings(const std::filesystem::path& file);

/// The same for the text of a file; `name` is its name in errors.
caf::expected<controller_settings>
parse_controller_settings(const std::string& name, std::string_view text);
caf::expected<orchestrator_settings>
parse_orchestrator_settings(const std::string& name, std::string_view text);
caf::expected<node_settings> parse_node_settings(const std::string& name,
                                                 std::string_view text);
caf::expected<cli_settings> parse_cli_settings(const std::string& name,
                                               std::string_view text);

} // namespace edgeless
