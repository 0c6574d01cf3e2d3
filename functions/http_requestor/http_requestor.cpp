// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Sends a GET through http-egress five seconds after its start, and logs the
/// body of the response. The init payload is a URL other than the default one.
struct http_requestor {
  static constexpr string_view log_target = "http_requestor";

  void handle_init(string_view payload, string_view) {
    log::info("HTTP_Requestor: 'Init' called");
    set_target(payload.empty()
                 ? string_view("https://api.github.com:443/users/raphaelhetzel"
                               "/keys")
                 : payload);
    delayed_cast(5000, "self", "wakeup");
  }

  void handle_cast(const instance_id&, string_view message) {
    log::info("HTTP_Requestor: 'Cast' called, MSG: ", listed(message));
    auto result = call("http_e", http::write(request));
    http::response response;
    if (result.outcome != call_result::reply
        || !http::read(result.payload, response))
      log::warn("HTTP_Requestor: no response");
    else
      log::info("HTTP_Requestor: ", response.status, ' ', response.body);
  }

  void set_target(string_view url) {
    constexpr string_view secure = "https://";
    constexpr string_view plain = "http://";
    auto is_secure = url.starts_with(secure);
    check(is_secure || url.starts_with(plain), "the payload is no URL");
    auto rest = url.substr(is_secure ? secure.size() : plain.size());
    auto slash = rest.find('/');
    request.method.append("Get");
    request.protocol.append(is_secure ? string_view("HTTPS")
                                      : string_view("HTTP"));
    request.host.append(rest.substr(0, slash));
    request.path.append(rest.substr(slash));
    add_header("Accept", "application/vnd.github+json");
    add_header("User-Agent", "edgeless");
  }

  void add_header(string_view name, string_view value) {
    http::header x;
    x.name.append(name);
    x.value.append(value);
    request.headers.push_back(static_cast<http::header&&>(x));
  }

  void handle_stop() {
    log::info("HTTP_Requestor: 'Stop' called");
  }

  http::request request;
};

EDGELESS_EXPORT(http_requestor)
