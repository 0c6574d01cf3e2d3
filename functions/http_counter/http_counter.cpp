// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// An HTTP API with state: GET /counter answers the number, POST adds the
/// integer in the body, DELETE sets it to 0. The number is its state, so that
/// it survives the instance.
struct http_counter {
  void handle_init(string_view, string_view state) {
    value = parse<int64_t>(state).value_or(0);
  }

  call_result handle_call(const instance_id&, string_view message) {
    http::request request;
    if (!http::read(message, request))
      return call_failed();
    http::response response;
    handle(request, response);
    return reply(http::write(response));
  }

  void handle(const http::request& request, http::response& out) {
    string_view method = request.method;
    if (string_view(request.path) != "/counter")
      return refuse(out, 404, "the path is /counter\n");
    if (method == "Post") {
      auto number = parse<int32_t>(request.body);
      if (!number)
        return refuse(out, 400, "the body is no integer\n");
      set(value + number.value);
    } else if (method == "Delete") {
      set(0);
    } else if (method != "Get") {
      return refuse(out, 405, "the methods are GET, POST and DELETE\n");
    }
    out.body.append(text(value, '\n'));
  }

  void set(int64_t x) {
    value = x;
    sync(text(value));
  }

  static void refuse(http::response& out, uint32_t status, string_view why) {
    out.status = status;
    out.body.append(why);
  }

  int64_t value = 0;
};

EDGELESS_EXPORT(http_counter)
