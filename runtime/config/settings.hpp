// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/log_filter.hpp"
#include "runtime/config/resource_settings.hpp"
#include "runtime/placement/placement.hpp"
#include "runtime/redis/mirror_schema.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/ids.hpp"
#include "messages/limits.hpp"
#include "messages/node.hpp"

#include <caf/expected.hpp>

#include <boost/describe.hpp>

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
/// explain each key. `notices` has a sentence for each key that asks for what
/// this version does not do: see foreign_keys.hpp.
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
  std::vector<std::string> notices;
};

/// The CSV files that EDGELESS' proxy writes, for measurements.
struct dataset_settings {
  /// The common beginning of their paths; empty: none are written.
  std::string dataset_path;
  /// Continues existing files instead of replacing them.
  bool append = true;
  /// Values, separated by commas, in front of each line.
  std::string additional_fields;
  /// The names of these columns, as many as there are values.
  std::string additional_header;

  friend bool operator==(const dataset_settings&, const dataset_settings&)
    = default;
};

struct orchestrator_settings {
  struct general_section {
    std::string domain_id;
    std::string orchestrator_url;
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
  struct proxy_section {
    /// The Redis server that the domain is mirrored to; empty: none.
    std::string redis_url;
    /// The version of EDGELESS whose keys and types are written.
    mirror_schema schema = mirror_schema::v1_0;
    /// Performance samples kept there of each instance.
    std::uint32_t samples = limits::samples;
    dataset_settings dataset;
  } proxy;
  /// The Redis server that metrics are written to; empty: none.
  std::string collector_redis_url;
  tls_settings tls;
  std::vector<std::string> notices;
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
  std::optional<std::uint32_t> disk_tot_space; ///< MiB
  std::optional<std::uint32_t> num_gpus;
  std::optional<std::string> model_name_gpu;
  std::optional<std::uint32_t> mem_size_gpu; ///< MiB
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
    /// What each function may log per second.
    std::uint32_t log_lines_per_second = limits::log_lines_per_second;
    std::uint32_t log_kib_per_second = limits::log_bytes_per_second >> 10;
  } telemetry;
  struct wasm_section {
    bool enabled = false;
    /// The memory of all guests together in MiB; 0: that of the machine.
    std::uint32_t memory_mib = 0;
    /// isolation::process applies to all guests, whatever they prefer.
    edgeless::isolation isolation = edgeless::isolation::shared;
    /// When functions without an event are hibernated; 0: never.
    std::uint32_t hibernate_after_ms
      = std::chrono::milliseconds{limits::hibernate_after}.count();
  } wasm_runtime;
  /// A resource provider with an empty name is not created.
  struct resources_section {
    std::string file_log_provider;
    /// The only folder in which file-log writes.
    std::string file_log_directory = ".";
    std::string redis_provider;
    /// Where clients reach all http-ingress resources of this node.
    std::string http_ingress_url;
    std::string http_ingress_provider;
    /// PEM files for https; empty: those of [tls].
    std::string http_ingress_certificate;
    std::string http_ingress_key;
    /// Which requests are logged: none, errors or all.
    std::string http_access_log = "none";
    std::string http_egress_provider;
    std::string http_poster_provider;
    /// Hosts that http-egress and http-poster may reach although they are
    /// loopback, link-local or private; see http_allow_list.
    std::vector<std::string> http_allow;
    /// A PEM file of authorities, beside those of the system, for servers of
    /// http-egress and http-poster.
    std::string http_ca;
    std::string mqtt_ingress_provider;
    std::string mqtt_egress_provider;
    /// PEM files for brokers behind mqtts.
    std::string mqtt_ca;
    std::string mqtt_certificate;
    std::string mqtt_key;
    /// Where messages wait for brokers that are away; empty if neither
    /// XDG_STATE_HOME nor HOME is set.
    std::filesystem::path store_directory;
    /// The most that one resource stores there, in MiB.
    std::uint32_t store_mib = limits::store_mib;
    std::string kafka_ingress_provider;
    std::string kafka_egress_provider;
    /// Properties of librdkafka, such as "security.protocol=SSL".
    std::vector<std::string> kafka_properties;
    std::string dda_provider;
    /// Of the sidecar, for workflows that name none.
    std::string dda_url;
    std::string cron_provider;
    file_pusher_settings file_pusher_provider;
    std::string sqlx_provider;
    /// The only folder with the files of SQLite databases.
    std::string sqlx_directory = ".";
    ollama_settings ollama_provider;
    std::vector<serverless_settings> serverless_provider;
  } resources;
  user_capabilities user_node_capabilities;
  tls_settings tls;
  std::vector<std::string> notices;
};

struct cli_settings {
  std::string controller_url;
  /// Where functions are kept for others. With an API key, or with a user and a
  /// password; "": none.
  struct repository_section {
    web_url url;
    std::string basic_auth_user;
    std::string basic_auth_pass;
    std::string api_key;
  } function_repository;
  tls_settings tls;
  std::vector<std::string> notices;
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

// -- the keys of each section -------------------------------------------------

BOOST_DESCRIBE_STRUCT(tls_settings, (), (ca, certificate, key, insecure))
BOOST_DESCRIBE_STRUCT(domain_address, (), (domain_id, orchestrator_url))
BOOST_DESCRIBE_STRUCT(controller_settings, (),
                      (controller_url, persistence_filename, tls))
BOOST_DESCRIBE_STRUCT(orchestrator_settings::general_section, (),
                      (domain_id, orchestrator_url, agent_url,
                       agent_url_announced, invocation_url,
                       invocation_url_announced))
BOOST_DESCRIBE_STRUCT(orchestrator_settings::baseline_section, (),
                      (orchestration_strategy, keep_alive_interval))
BOOST_DESCRIBE_STRUCT(dataset_settings, (),
                      (dataset_path, append, additional_fields,
                       additional_header))
BOOST_DESCRIBE_STRUCT(orchestrator_settings, (), (general, baseline, tls))
BOOST_DESCRIBE_STRUCT(node_settings::general_section, (),
                      (node_id, agent_url, agent_url_announced, invocation_url,
                       invocation_url_announced, orchestrator_url, code_cache))
BOOST_DESCRIBE_STRUCT(node_settings::telemetry_section, (),
                      (metrics_url, log_level, performance_samples,
                       log_lines_per_second, log_kib_per_second))
BOOST_DESCRIBE_STRUCT(node_settings::wasm_section, (),
                      (enabled, memory_mib, isolation, hibernate_after_ms))
BOOST_DESCRIBE_STRUCT(
  node_settings::resources_section, (),
  (file_log_provider, file_log_directory, redis_provider, http_ingress_url,
   http_ingress_provider, http_ingress_certificate, http_ingress_key,
   http_access_log, http_egress_provider, http_poster_provider, http_allow,
   http_ca, mqtt_ingress_provider, mqtt_egress_provider, mqtt_ca,
   mqtt_certificate, mqtt_key, store_directory, store_mib,
   kafka_ingress_provider, kafka_egress_provider, kafka_properties,
   dda_provider, dda_url, cron_provider, file_pusher_provider, sqlx_provider,
   sqlx_directory, ollama_provider))
BOOST_DESCRIBE_STRUCT(user_capabilities, (),
                      (num_cpus, model_name_cpu, clock_freq_cpu, num_cores,
                       mem_size, labels, is_tee_running, has_tpm,
                       disk_tot_space, num_gpus, model_name_gpu, mem_size_gpu))
BOOST_DESCRIBE_STRUCT(node_settings, (),
                      (general, telemetry, wasm_runtime, resources,
                       user_node_capabilities, tls))
BOOST_DESCRIBE_STRUCT(cli_settings::repository_section, (),
                      (url, basic_auth_user, basic_auth_pass, api_key))
BOOST_DESCRIBE_STRUCT(cli_settings, (),
                      (controller_url, function_repository, tls))

} // namespace edgeless
