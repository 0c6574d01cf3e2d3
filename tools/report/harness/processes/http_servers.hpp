// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/in_process/local_domain.hpp"
#include "tools/report/harness/processes/child.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace edgeless::benchmark {

/// Whether nginx and wrk are installed.
bool has_http_programs();

/// An nginx with one process on loopback. It serves what the function answers
/// at `/hello`, as a file, and its own counters at `/status`.
class nginx_child {
public:
  static caf::expected<std::unique_ptr<nginx_child>>
  spawn(const std::filesystem::path& folder);

  std::uint16_t port() const {
    return port_;
  }

  /// The requests that it has answered.
  std::uint64_t requests() const;

private:
  std::uint16_t port_ = 0;
  std::unique_ptr<child> process_;
};

/// A domain whose orchestrator is in this process and whose only node is an
/// edgeless_node_d with http-ingress and http-egress. A function answers all
/// requests.
class http_domain {
public:
  static caf::expected<std::unique_ptr<http_domain>>
  make(const std::filesystem::path& folder);

  std::uint16_t port() const {
    return port_;
  }
  pid_t node() const {
    return process_->pid();
  }

  /// Starts so many functions that request `/hello` of that nginx,
  /// one request after the other, through one http-egress.
  caf::error start_callers(std::size_t count, const nginx_child& nginx);

private:
  caf::error open(const std::filesystem::path& folder);

  local_domain domain_;
  std::uint16_t port_ = 0;
  std::unique_ptr<child> process_;
};

/// Requests of `/hello` per second that wrk gets answered at that port over so
/// many connections; the error says what it printed.
caf::expected<double> wrk(const std::filesystem::path& folder,
                          std::uint16_t port, std::size_t connections,
                          std::chrono::seconds duration);

/// The body of the response to a GET on this machine; empty: there was none.
std::string http_get(std::uint16_t port, const std::string& path);

} // namespace edgeless::benchmark
