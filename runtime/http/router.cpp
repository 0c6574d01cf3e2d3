// SPDX-License-Identifier: MIT
#include "runtime/http/router.hpp"

#include "runtime/http/edgeless_json.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <charconv>

namespace edgeless {

namespace {

constexpr const char* request_id_header = "x-request-id";

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

http_router::http_router() : random_{std::random_device{}()} {
  // nop
}

std::uint64_t http_router::add(http_route route, http_handler handler,
                               const std::string& workflow, http_reach reach) {
  std::unique_lock guard{mutex_};
  auto same = std::ranges::find_if(
    entries_, [&](auto& x) { return x.second->workflow == workflow; });
  auto counts = same != entries_.end()
                  ? same->second->counts
                  : std::make_shared<http_workflow_statistics>();
  entries_.emplace(++last_, std::make_shared<const entry>(
                              entry{std::move(route), reach, std::move(handler),
                                    workflow, std::move(counts)}));
  return last_;
}

void http_router::remove(std::uint64_t number) {
  std::unique_lock guard{mutex_};
  entries_.erase(number);
}

/// 128 random bits.
std::string http_router::make_request_id() {
  std::string result(32, '0');
  std::unique_lock guard{mutex_};
  for (auto part : {result.begin(), result.begin() + 16}) {
    char digits[16];
    auto* end = std::to_chars(digits, digits + 16, random_(), 16).ptr;
    std::copy_backward(digits, end, part + 16);
  }
  return result;
}

/// That of the client, unless it is no plain word. The request has it once.
std::string http_router::set_request_id(http_request& x) {
  auto is_plain = [](unsigned char c) {
    return c > 0x20 && c < 0x7F;
  };
  auto* given = find_header(x.headers, request_id_header);
  auto is_valid = given != nullptr && !given->empty()
                  && given->size() <= limits::http_request_id
                  && std::ranges::all_of(*given, is_plain);
  auto id = is_valid ? *given : make_request_id();
  std::erase_if(x.headers, [](auto& header) {
    return equal_ignoring_case(header.first, request_id_header);
  });
  x.headers.emplace_back(request_id_header, id);
  return id;
}

/// Those that take the request, of this node if there is one.
std::vector<http_router::entry_ptr>
http_router::find(const http_request& x) const {
  std::vector<entry_ptr> result;
  std::unique_lock guard{mutex_};
  for (auto& [number, entry] : entries_)
    if (takes(entry->route, x.method) && matches(entry->route, x))
      result.push_back(entry);
  auto is_relayed = [](auto& x) {
    return x->reach == http_reach::relayed;
  };
  if (!std::ranges::all_of(result, is_relayed))
    std::erase_if(result, is_relayed);
  return result;
}

/// The methods of those that match but for the method; empty: none matches.
std::string http_router::allowed_for(const http_request& x) const {
  std::set<std::string> methods;
  std::unique_lock guard{mutex_};
  for (auto& [number, entry] : entries_)
    for (auto method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
      if (matches(entry->route, x) && takes(entry->route, method))
        methods.insert(method);
  std::string result;
  for (auto& name : methods)
    result += ", " + name;
  return result;
}

void http_router::handle(http_request x, http_responder respond) {
  auto id = set_request_id(x);
  auto answer = [respond, id](http_response y) {
    std::erase_if(y.headers, [](auto& header) {
      return equal_ignoring_case(header.first, request_id_header);
    });
    y.headers.emplace_back(request_id_header, id);
    respond(std::move(y));
  };
  if (x.method == "OPTIONS")
    if (auto allowed = allowed_for(x); x.target == "*" || !allowed.empty())
      return answer({204, {{"allow", "OPTIONS" + allowed}}, {}});
  if (!is_edgeless_method(x.method))
    return answer(text_response(501, "Not Implemented"));
  auto found = find(x);
  if (found.empty())
    return answer(text_response(404, "Not Found"));
  auto pick = [&] {
    std::unique_lock guard{mutex_};
    return random_() % found.size();
  };
  auto& to = *found[found.size() == 1 ? 0 : pick()];
  auto counted = to.counts->begin();
  to.handler(std::move(x),
             http_responder{[=, workflow = to.workflow](http_response y) {
               counted->end(y.status);
               y.workflow = workflow;
               answer(std::move(y));
             }});
}

void http_router::add_metrics(metrics_page& page) const {
  std::map<std::string, std::shared_ptr<http_workflow_statistics>> all;
  {
    std::unique_lock guard{mutex_};
    for (auto& [number, x] : entries_)
      if (all.size() < limits::http_workflow_series
          || all.contains(x->workflow))
        all.emplace(x->workflow, x->counts);
  }
  for (auto& [workflow, x] : all)
    edgeless::add_metrics(page, *x, workflow);
}

} // namespace edgeless
