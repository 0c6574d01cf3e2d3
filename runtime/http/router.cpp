// SPDX-License-Identifier: MIT
#include "runtime/http/router.hpp"

#include "runtime/http/edgeless_json.hpp"

#include "messages/errors.hpp"

#include <vector>

namespace edgeless {

namespace {

std::string_view workflow_of(std::string_view target) {
  auto query = target.find('?');
  while (query != std::string_view::npos) {
    target.remove_prefix(query + 1);
    auto parameter = target.substr(0, target.find('&'));
    if (parameter.starts_with("wf_id="))
      return parameter.substr(6);
    query = target.find('&');
  }
  return {};
}

bool matches(const http_route& route, const http_request& x) {
  return (route.host.empty() || equal_ignoring_case(route.host, x.host)
          || equal_ignoring_case(route.host, without_port(x.host)))
         && (route.workflow.empty() || route.workflow == workflow_of(x.target));
}

bool takes(const http_route& route, const std::string& method) {
  return route.methods.empty() || route.methods.contains(method);
}

} // namespace

caf::expected<http_route>
http_route_of(const std::map<std::string, std::string>& configuration,
              const std::string& workflow) {
  auto value = [&](const char* key) {
    auto i = configuration.find(key);
    return i == configuration.end() ? std::string{} : i->second;
  };
  http_route result;
  result.host = value("host");
  auto methods = value("method");
  if (methods.empty())
    methods = value("methods");
  for (std::size_t begin = 0; begin < methods.size();) {
    auto end = std::min(methods.find(',', begin), methods.size());
    auto method = methods.substr(begin, end - begin);
    begin = end + 1;
    if (method.empty())
      continue;
    if (!is_edgeless_method(method))
      return fail(ec::bad_input,
                  "http-ingress: configuration `method`: \"" + method
                    + "\" is none of GET, HEAD, POST, PUT, DELETE, PATCH");
    result.methods.insert(std::move(method));
  }
  if (equal_ignoring_case(value("wf_id"), "true"))
    result.workflow = workflow;
  return result;
}

std::uint64_t http_router::add(http_route route, http_handler handler) {
  std::unique_lock guard{mutex_};
  entries_.emplace(++last_, entry{std::move(route), std::move(handler)});
  return last_;
}

void http_router::remove(std::uint64_t number) {
  std::unique_lock guard{mutex_};
  entries_.erase(number);
}

void http_router::handle(http_request x, http_responder respond) {
  std::vector<http_handler> found;
  std::set<std::string> allowed;
  auto picked = std::uint64_t{0};
  {
    std::unique_lock guard{mutex_};
    for (auto& [number, entry] : entries_) {
      if (!matches(entry.route, x))
        continue;
      if (takes(entry.route, x.method))
        found.push_back(entry.handler);
      for (auto method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
        if (takes(entry.route, method))
          allowed.insert(method);
    }
    // A multiplicative hash spreads consecutive numbers.
    picked = (++picks_ * 0x9E3779B97F4A7C15ULL) >> 32;
  }
  if (x.method == "OPTIONS" && (x.target == "*" || !allowed.empty())) {
    std::string names = "OPTIONS";
    for (auto& name : allowed)
      names += ", " + name;
    respond({204, {{"allow", names}}, {}});
  } else if (!is_edgeless_method(x.method)) {
    respond(text_response(501, "Not Implemented"));
  } else if (found.empty()) {
    respond(text_response(404, "Not Found"));
  } else {
    found[picked % found.size()](std::move(x), std::move(respond));
  }
}

} // namespace edgeless
