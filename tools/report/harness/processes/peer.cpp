// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/peer.hpp"

#include "tools/report/harness/processes/child_main.hpp"

#include "runtime/net/url.hpp"

#include "messages/errors.hpp"

#include <cstdio>

namespace edgeless::benchmark {

caf::expected<std::unique_ptr<peer>>
peer::spawn(const std::filesystem::path& cache, const peer_task& task) {
  auto made = child::spawn(peer_arguments(cache, task));
  if (!made)
    return made.error();
  auto result = std::make_unique<peer>();
  result->process_ = std::move(*made);
  auto url = result->process_->read_line();
  if (!parse_url(url))
    return fail(ec::system_failure, "the peer did not start: " + url);
  result->target_ = {task.self.node, {}, task.self.instance, url, {}};
  return result;
}

std::pair<std::uint64_t, std::uint64_t> peer::stop() {
  process_->close_input();
  std::pair<std::uint64_t, std::uint64_t> result{0, 0};
  auto line = process_->read_line();
  std::sscanf(line.c_str(), "%lu %lu", &result.first, &result.second);
  return result;
}

} // namespace edgeless::benchmark
