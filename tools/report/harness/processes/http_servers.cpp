// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/http_servers.hpp"

#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/plan.hpp"

#include "runtime/base/files.hpp"

#include "messages/errors.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

/// Debian's nginx is in a folder that PATH of most users lacks.
std::string path_of(const std::string& program) {
  std::string folders = "/usr/sbin";
  if (auto* path = std::getenv("PATH"))
    folders += std::string{":"} + path;
  std::istringstream in{folders};
  for (std::string folder; std::getline(in, folder, ':');)
    if (auto file = fs::path{folder} / program;
        ::access(file.c_str(), X_OK) == 0)
      return file;
  return {};
}

std::uint16_t free_port() {
  return parse_url(free_url())->port;
}

std::string nginx_configuration(const fs::path& folder, std::uint16_t port) {
  auto at = folder.string();
  std::string temporary;
  for (auto name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += std::string{name} + "_temp_path " + at + "/" + name + ";\n";
  return "daemon off;\nmaster_process off;\npid " + at
         + "/pid;\nerror_log stderr;\nevents { worker_connections 4096; }\n"
           "http {\naccess_log off;\nkeepalive_requests 100000000;\n"
         + temporary + "server {\nlisten 127.0.0.1:" + std::to_string(port)
         + " backlog=4096;\nroot " + at
         + "/www;\nlocation /status { stub_status; }\n}\n}\n";
}

} // namespace

bool has_http_programs() {
  return !path_of("nginx").empty() && !path_of("wrk").empty();
}

std::string http_get(std::uint16_t port, const std::string& path) {
  auto peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback_at(port);
  std::string result;
  if (::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address)
      == 0) {
    auto request
      = "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    ::send(peer, request.data(), request.size(), MSG_NOSIGNAL);
    char bytes[4096];
    for (ssize_t n = 0; (n = ::recv(peer, bytes, sizeof bytes, 0)) > 0;)
      result.append(bytes, static_cast<std::size_t>(n));
  }
  ::close(peer);
  auto body = result.find("\r\n\r\n");
  auto is_ok = result.starts_with("HTTP/1.1 200") && body != std::string::npos;
  return is_ok ? result.substr(body + 4) : std::string{};
}

// -- nginx and wrk ------------------------------------------------------------

caf::expected<std::unique_ptr<nginx_child>>
nginx_child::spawn(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder / "www", problem);
  std::ofstream{folder / "www" / "hello"} << "World";
  auto result = std::make_unique<nginx_child>();
  result->port_ = free_port();
  auto file = folder / "nginx.conf";
  std::ofstream{file} << nginx_configuration(folder, result->port_);
  auto process = child::spawn_program(
    folder, {path_of("nginx"), "-p", folder.string(), "-c", file.string()});
  if (!process)
    return process.error();
  result->process_ = std::move(*process);
  if (!wait_until(5s,
                  [&] { return http_get(result->port_, "/hello") == "World"; }))
    return fail(ec::unreachable, "nginx does not answer within 5 s");
  return result;
}

std::uint64_t nginx_child::requests() const {
  // "Active connections: 1 \nserver accepts handled requests\n 1 1 1 \n..."
  std::istringstream in{http_get(port_, "/status")};
  std::string line;
  std::getline(in, line);
  std::getline(in, line);
  std::uint64_t accepts = 0, handled = 0, requests = 0;
  in >> accepts >> handled >> requests;
  return requests;
}

caf::expected<double> wrk(const fs::path& folder, std::uint16_t port,
                          std::size_t connections,
                          std::chrono::seconds duration) {
  auto log = folder / "wrk.log";
  std::error_code ignored;
  fs::remove(log, ignored);
  auto process = child::spawn_program(
    folder, {path_of("wrk"), "-t1", "-c" + std::to_string(connections),
             "-d" + std::to_string(duration.count()) + "s",
             "http://127.0.0.1:" + std::to_string(port) + "/hello"});
  if (!process)
    return process.error();
  wait_until(duration + 20s, [&] { return !(*process)->is_running(); });
  auto read = read_file(log, 64u << 10);
  auto said = read ? *read : std::string{};
  constexpr std::string_view label = "Requests/sec:";
  auto at = said.find(label);
  if (at == std::string::npos || said.find("Non-2xx") != std::string::npos
      || said.find("Socket errors") != std::string::npos)
    return fail(ec::unreachable, "wrk: " + said);
  return std::strtod(said.c_str() + at + label.size(), nullptr);
}

// -- the node -----------------------------------------------------------------

caf::expected<std::unique_ptr<http_domain>>
http_domain::make(const fs::path& folder) {
  auto result = std::make_unique<http_domain>();
  if (auto problem = result->open(folder))
    return problem;
  return result;
}

caf::error http_domain::open(const fs::path& folder) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  if (auto problem
      = domain_.open({}, {http_processor_module(), http_caller_module()}))
    return problem;
  port_ = free_port();
  auto url = free_url();
  auto text = [](const std::string& x) {
    return '"' + x + "\"\n";
  };
  auto file = folder / "node.toml";
  std::ofstream{file}
    << "[general]\nnode_id = " << text(to_string(draw<node_id>(os_random())))
    << "agent_url = " << text(url) << "agent_url_announced = \"\"\n"
    << "invocation_url = " << text(url)
    << "invocation_url_announced = \"\"\norchestrator_url = "
    << text(domain_.url()) << "code_cache = " << text(folder / "code")
    << "[telemetry]\nmetrics_url = \"\"\nperformance_samples = false\n"
       "[wasm_runtime]\nenabled = true\n[resources]\nhttp_ingress_url = "
    << text("http://127.0.0.1:" + std::to_string(port_))
    << "http_ingress_provider = \"in\"\nhttp_egress_provider = \"out\"\n"
       "http_allow = [\"127.0.0.1\"]\n";
  auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path()
                 / "edgeless_node_d";
  auto started
    = child::spawn_program(folder, {program.string(), "-c", file.string()});
  if (!started)
    return started.error();
  process_ = std::move(*started);
  if (auto problem = domain_.wait_for_nodes(1))
    return problem;
  auto server = local_domain::function(http_processor_module(), {});
  component_spec door;
  door.id = draw<logical_id>(os_random());
  door.workflow = server.workflow;
  door.name = "ingress";
  door.kind = component_kind::resource;
  door.class_id = "http-ingress";
  door.settings["http.body"] = "raw";
  door.wiring["new_request"] = server.id;
  // On a busy machine its compilation takes longer than the orchestrator waits.
  auto started_now = domain_.start({server, door});
  if (!wait_until(60s, [&] { return http_get(port_, "/hello") == "World"; }))
    return started_now
             ? fail(ec::unreachable, "no response through http-ingress in 60 s")
             : started_now.error();
  return caf::none;
}

caf::error http_domain::start_callers(std::size_t count,
                                      const nginx_child& nginx) {
  auto first = local_domain::function(http_caller_module(), {});
  component_spec egress;
  egress.id = draw<logical_id>(os_random());
  egress.workflow = first.workflow;
  egress.name = "egress";
  egress.kind = component_kind::resource;
  egress.class_id = "http-egress";
  std::vector<component_spec> all{egress};
  for (std::size_t i = 0; i < count; ++i) {
    auto& x = all.emplace_back(first);
    x.id = draw<logical_id>(os_random());
    x.name += std::to_string(i);
    x.settings["init-payload"] = "127.0.0.1:" + std::to_string(nginx.port());
    x.wiring["out"] = egress.id;
  }
  auto before = nginx.requests();
  auto started = domain_.start(all);
  if (!wait_until(60s, [&] { return nginx.requests() > before + 1000; }))
    return started ? fail(ec::unreachable, "no calls of http-egress in 60 s")
                   : started.error();
  return caf::none;
}

} // namespace edgeless::benchmark
