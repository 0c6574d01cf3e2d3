// SPDX-License-Identifier: MIT
#include "tools/process.hpp"

#include "tools/connectors.hpp"

#include "actors/controller/controller.hpp"
#include "actors/liveness.hpp"
#include "actors/node/node.hpp"
#include "actors/node/node_metrics.hpp"
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"
#include "runtime/config/plaintext_policy.hpp"
#include "runtime/http/metrics_endpoint.hpp"
#include "runtime/metrics/domain_metrics.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/basp/caf_system.hpp"
#include "runtime/placement/capability_detection.hpp"
#include "runtime/placement/health.hpp"
#include "runtime/placement/memory_limits.hpp"
#include "runtime/redis/client.hpp"
#include "runtime/wasm/engine.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <future>
#include <optional>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

/// The common parts: an actor system, a transport, a root actor with its
/// listener, and a metrics server.
class actor_process : public process {
public:
  explicit actor_process(std::shared_ptr<tls_context> tls) : system_{config_} {
    disable_remote_spawn(system_);
    transport_settings settings;
    settings.tls = std::move(tls);
    settings.statistics = statistics_;
    net_ = make_basp_transport(system_, std::move(settings));
  }

  ~actor_process() override {
    listener_.reset();
    // The metrics server waits for slow scrapes, meanwhile the actors end.
    auto closing = std::async(std::launch::async,
                              [x = std::move(metrics_)]() mutable { x = {}; });
    auto companion = std::async(
      std::launch::async, [x = std::move(companion_)]() mutable { x = {}; });
    if (root_) {
      caf::scoped_actor self{system_};
      self->monitor(root_);
      self->send(root_, atom::stop_v);
      self->receive([](const caf::down_msg&) {},
                    caf::after(limits::shutdown + 200ms) >> [] {});
      caf::anon_send_exit(root_, caf::exit_reason::kill);
    }
    root_ = nullptr;
    closing.wait(); // what it serves refers to alive_
    alive_.reset();
    connectors_ = {};
    net_.reset();
  }

protected:
  template <class F, class Options>
  void spawn_root(const char* name, F actor, Options options) {
    root_ = caf::actor_cast<caf::actor>(
      system_.spawn<caf::detached>(actor, std::move(options)));
    std::vector<liveness::subject> vital{
      {name, root_}, {"the network thread", network_actor_of(system_)}};
    alive_ = std::make_unique<liveness>(system_, vital);
  }

  caf::error listen(const std::string& where, peer_role self,
                    const std::vector<peer_role>& peers) {
    auto parsed = parse_url(where);
    if (!parsed)
      return parsed.error();
    auto opened = net_->listen(
      *parsed, caf::actor_cast<caf::strong_actor_ptr>(root_), self, peers);
    if (!opened)
      return opened.error();
    listener_ = std::move(*opened);
    return caf::none;
  }

  /// Nowhere if `where` is empty. What cannot be served is only logged.
  void serve(const std::string& component, const std::string& where,
             std::function<void(metrics_page&)> add_own,
             health_check is_ready = {}) {
    if (where.empty())
      return;
    auto parsed = parse_url(where);
    if (!parsed)
      return log_error(component, parsed.error());
    auto served = serve_metrics(
      *parsed,
      [this, add_own](metrics_page& page) {
        add_own(page);
        add_metrics(page, *statistics_);
        add_process_metrics(page, system_.registry().running());
      },
      [this]() -> std::string {
        return is_launched_ ? alive_->problem(system_.clock().now()) : "";
      },
      [this, is_ready]() -> std::string {
        if (!is_launched_)
          return "it starts";
        return is_ready ? is_ready() : "";
      });
    if (served)
      metrics_ = std::move(*served);
    else
      log_error(component, served.error());
  }

  system_config config_;
  caf::actor_system system_;
  std::shared_ptr<transport_statistics> statistics_
    = std::make_shared<transport_statistics>();
  std::shared_ptr<transport> net_;
  caf::actor root_;
  std::unique_ptr<liveness> alive_;
  std::unique_ptr<listener> listener_;
  std::unique_ptr<http_server> metrics_;
  connectors connectors_;
  /// Whether alive_ is set, and the program listens for its peers.
  std::atomic<bool> is_launched_{false};
  /// Ends together with this one.
  std::unique_ptr<process> companion_;
};

struct controller_process : actor_process {
  using actor_process::actor_process;

  caf::error launch(const controller_settings& settings) {
    controller_options options;
    options.domains = settings.orchestrators;
    options.net = net_;
    options.random = os_random();
    if (auto& file = settings.persistence_filename; !file.empty()) {
      auto opened = open_workflow_store(file);
      if (!opened)
        return opened.error();
      options.store = std::move(*opened);
      auto known = options.store->load();
      if (!known)
        return known.error();
      options.known = std::move(*known);
    }
    serve(
      "controller", settings.metrics_url,
      [counts = options.counts](metrics_page& x) { add_metrics(x, *counts); },
      [counts = options.counts] {
        return counts->attached > 0 ? std::string{} : "no domain is attached";
      });
    spawn_root("the CONTROLLER", controller, std::move(options));
    auto problem = listen(settings.controller_url, peer_role::controller,
                          {peer_role::client});
    is_launched_ = !problem;
    return problem;
  }
};

redis_opener redis_at(const std::string& redis_url) {
  return [redis_url] {
    return open_redis(redis_url);
  };
}

/// The options of a node, from the [general] section of its settings.
template <class General>
caf::expected<node_options> make_node_options(const General& general,
                                              const node_id& id,
                                              std::shared_ptr<transport> net) {
  auto ingress_url = parse_url(general.invocation_url);
  if (!ingress_url)
    return ingress_url.error();
  node_options result;
  result.description.id = id;
  result.description.agent_url = general.agent_url_announced;
  result.description.invocation_url = general.invocation_url_announced;
  result.orchestrator_url = general.orchestrator_url;
  result.ingress_url = *ingress_url;
  result.net = std::move(net);
  result.health = [probe = std::make_shared<health_probe>()] {
    return probe->sample();
  };
  result.random = os_random();
  return result;
}

/// The node of the metrics-collector, in the program of the orchestrator;
/// without a run-time, no function is placed on it.
struct collector_process : actor_process {
  using actor_process::actor_process;

  /// `id` is the node id in the certificate of the orchestrator; nil without
  /// TLS.
  caf::error launch(const orchestrator_settings& settings, const node_id& id) {
    auto made = make_node_options(settings.general,
                                  id ? id : draw<node_id>(os_random()), net_);
    if (!made)
      return made.error();
    auto options = std::move(*made);
    options.description.providers.push_back(
      {"metrics-collector", "metrics-collector", {}});
    options.telemetry_level = std::nullopt;
    options.metrics = redis_at(settings.collector_redis_url);
    spawn_root("the NODE", node, std::move(options));
    return caf::none;
  }
};

struct orchestrator_process : actor_process {
  explicit orchestrator_process(std::shared_ptr<tls_context> tls)
    : actor_process{tls}, tls_{std::move(tls)} {
    // nop
  }

  caf::error launch(const orchestrator_settings& settings) {
    orchestrator_options options;
    options.domain_id = settings.general.domain_id;
    options.keep_alive_interval = settings.baseline.keep_alive_interval;
    options.strategy = settings.baseline.orchestration_strategy;
    options.random = os_random();
    options.net = net_;
    serve(
      "orchestrator", settings.metrics_url,
      [counts = options.counts](metrics_page& x) { add_metrics(x, *counts); });
    if (auto& url = settings.proxy.redis_url; !url.empty())
      options.mirror = redis_at(url);
    options.url = settings.general.orchestrator_url;
    options.schema = settings.proxy.schema;
    options.dataset = settings.proxy.dataset;
    options.mirrored_samples = settings.proxy.samples;
    spawn_root("the ORCHESTRATOR", orchestrator, std::move(options));
    if (auto problem
        = listen(settings.general.orchestrator_url, peer_role::orchestrator,
                 {peer_role::node, peer_role::controller}))
      return problem;
    is_launched_ = true;
    if (settings.collector_redis_url.empty())
      return caf::none;
    node_id id;
    if (tls_) {
      auto name = tls_->own_name(peer_role::node);
      if (!name)
        return fail(ec::bad_input,
                    settings.tls.certificate
                      + ": the certificate names no node id, which the "
                        "metrics-collector needs; edgeless_cli certificate "
                        "issue adds one");
      id = parse_id<node_id>(*name).value_or(node_id{});
    }
    auto collector = std::make_unique<collector_process>(tls_);
    auto problem = collector->launch(settings, id);
    companion_ = std::move(collector);
    return problem;
  }

private:
  std::shared_ptr<tls_context> tls_;
};

struct node_process : actor_process {
  using actor_process::actor_process;

  static engine_settings engine_settings_of(const node_settings& settings) {
    engine_settings result;
    result.cache = settings.general.code_cache;
    auto most = memory_for_guests(usable_memory());
    result.memory = std::uint64_t{settings.wasm_runtime.memory_mib} << 20;
    if (result.memory == 0)
      result.memory = most;
    else if (result.memory > most)
      log_warn("node",
               "wasm_runtime.memory_mib exceeds what this machine or "
               "container has for functions: mib=",
               settings.wasm_runtime.memory_mib, " has=", most >> 20);
    result.where = settings.wasm_runtime.isolation;
    return result;
  }

  /// The node runs without a cache, too.
  static void check_code_cache(const std::filesystem::path& directory) {
    if (directory.empty())
      log_warn("config", "there is no general.code_cache, and neither "
                         "XDG_CACHE_HOME nor HOME is set: each restart "
                         "compiles all modules again");
    else if (auto problem = check_module_cache(directory))
      log_warn("config", "general.code_cache is not used: ", problem,
               "; each restart compiles all modules again; set it to a "
               "directory that belongs to the user of the node");
  }

  caf::error launch(const node_settings& settings) {
    auto& general = settings.general;
    auto made = make_node_options(general, general.node_id, net_);
    if (!made)
      return made.error();
    auto& options = *made;
    options.description.capabilities = announced_capabilities(settings);
    options.redis_at = open_workflow_redis;
    options.telemetry_level = settings.telemetry.log_level == log_level::off
                                ? std::nullopt
                                : std::optional{settings.telemetry.log_level};
    if (settings.wasm_runtime.enabled) {
      check_code_cache(general.code_cache);
      options.engine = make_wasm_engine(engine_settings_of(settings));
    }
    options.registry = std::make_shared<instance_registry>(general.node_id);
    options.registry->samples_wanted = settings.telemetry.performance_samples;
    options.registry->logging
      = {settings.telemetry.log_lines_per_second,
         std::uint64_t{settings.telemetry.log_kib_per_second} << 10};
    options.registry->hibernate_after
      = std::chrono::milliseconds{settings.wasm_runtime.hibernate_after_ms};
    options.registry->histograms_wanted
      = !settings.telemetry.metrics_url.empty();
    auto offered = offer_connectors(settings, options);
    if (!offered)
      return offered.error();
    connectors_ = std::move(*offered);
    serve(
      "node", settings.telemetry.metrics_url,
      [registry = options.registry, engine = options.engine,
       add_resources = resource_metrics(connectors_)](metrics_page& x) {
        add_metrics(x, *registry, engine.get());
        add_resources(x);
      },
      [registry = options.registry,
       server = connectors_.ingress]() -> std::string {
        if (!registry->counters.is_listening)
          return "it does not listen for other nodes";
        if (!registry->counters.is_joined)
          return "it has not joined its domain";
        return server ? server->problem() : std::string{};
      });
    spawn_root("the NODE", node, std::move(options));
    is_launched_ = true;
    return caf::none;
  }
};

/// The identity that the certificate of a program has to name.
tls_identity identity_of(const controller_settings&) {
  return {peer_role::controller, ""};
}

tls_identity identity_of(const orchestrator_settings& x) {
  return {peer_role::orchestrator, x.general.domain_id};
}

tls_identity identity_of(const node_settings& x) {
  return {peer_role::node, to_string(x.general.node_id)};
}

template <class Process, class Settings>
caf::expected<process_ptr> launch_as(const Settings& settings) {
  auto all = addresses_of(settings);
  if (auto problem = check_plaintext_policy(settings.tls, all))
    return problem;
  auto tls = open_tls_context(settings.tls, identity_of(settings));
  if (!tls)
    return tls.error();
  if (auto open = plaintext_addresses(settings.tls, all); !open.empty())
    log_warn("transport", "peers of ", open,
             " are not authenticated: [tls] insecure = true");
  for (auto& notice : settings.notices)
    log_warn("config", notice);
  auto result = std::make_unique<Process>(std::move(*tls));
  if (auto problem = result->launch(settings))
    return problem;
  return process_ptr{std::move(result)};
}

} // namespace

caf::expected<process_ptr> launch(const controller_settings& settings) {
  return launch_as<controller_process>(settings);
}

caf::expected<process_ptr> launch(const orchestrator_settings& settings) {
  return launch_as<orchestrator_process>(settings);
}

caf::expected<process_ptr> launch(const node_settings& settings) {
  return launch_as<node_process>(settings);
}

} // namespace edgeless
