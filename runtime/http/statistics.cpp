// SPDX-License-Identifier: MIT
#include "runtime/http/statistics.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace edgeless {

namespace {

const std::string prefix = "edgeless_http_ingress_";

double value(const std::atomic<std::uint64_t>& count) {
  return static_cast<double>(count.load(std::memory_order_relaxed));
}

} // namespace

http_workflow_statistics::request::request(
  std::shared_ptr<http_workflow_statistics> to)
  : to_{std::move(to)}, begin_{std::chrono::steady_clock::now()} {
  ++to_->under_way;
}

void http_workflow_statistics::request::end(unsigned status) const {
  --to_->under_way;
  ++to_->classes[std::min<std::size_t>(status / 100, to_->classes.size() - 1)];
  to_->durations.observe(std::chrono::steady_clock::now() - begin_);
}

std::shared_ptr<const http_workflow_statistics::request>
http_workflow_statistics::begin() {
  return std::make_shared<request>(shared_from_this());
}

void add_metrics(metrics_page& page, const http_workflow_statistics& x,
                 const std::string& workflow) {
  page.gauge(prefix + "requests_under_way",
             "Requests of HTTP clients that a workflow has not answered yet.",
             value(x.under_way), {{"workflow", workflow}});
  for (std::size_t i = 2; i < x.classes.size(); ++i)
    page.counter(
      prefix + "requests_total",
      "HTTP requests by workflow and class of status.", value(x.classes[i]),
      {{"workflow", workflow}, {"status", std::to_string(i) + "xx"}});
  page.histogram(prefix + "request_seconds",
                 "Time from the end of a request until its response is known.",
                 x.durations.read(), {{"workflow", workflow}});
}

void add_metrics(metrics_page& page, const http_statistics& x) {
  page.gauge(prefix + "connections", "Open connections of HTTP clients.",
             value(x.open));
  page.counter(prefix + "accepted_connections_total",
               "Connections accepted from HTTP clients.", value(x.accepted));
  page.counter(prefix + "refused_connections_total",
               "Connections that got 503, since there were too many.",
               value(x.refused));
  page.counter(prefix + "accept_pauses_total",
               "Pauses in accepting because no file descriptor was left.",
               value(x.pauses));
  const auto responses = prefix + "responses_total";
  for (std::size_t i = 0; i < x.responses.size(); ++i)
    if (auto count = value(x.responses[i]); count > 0 || i == 100)
      page.counter(responses, "HTTP responses by status.", count,
                   {{"status", std::to_string(100 + i)}});
  page.histogram(prefix + "response_seconds",
                 "Time from the end of a request to the end of its response.",
                 x.durations.read());
}

} // namespace edgeless
