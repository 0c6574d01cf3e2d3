// SPDX-License-Identifier: MIT
#include "actors/connectors/brokers/dda.hpp"

#include "actors/resources/deferring_resource.hpp"

#include "runtime/base/log.hpp"
#include "runtime/dda/messages.hpp"
#include "runtime/net/url.hpp"

#include <atomic>

namespace edgeless {

namespace {

/// Tells the end of a subscription once, until messages come again.
struct dda_subscriber {
  std::string resource;
  dda_route route;
  outlet_ptr out;
  connector_counters_ptr counters;
  std::atomic<bool> is_told{false};

  void on_message(const dda_message& x, std::function<void()> done) {
    is_told = false;
    ++counters->received;
    auto payload = to_dda_event(route.from.what, x);
    if (payload.size() > limits::payload) {
      ++counters->failed;
      return done();
    }
    auto is_taken = route.is_call ? out->call({route.target, std::move(payload),
                                               limits::dda_call, false,
                                               [done](const outlet::reply&) {
                                                 done();
                                               }})
                                  : out->cast(route.target, std::move(payload),
                                              [done](bool) { done(); });
    if (!is_taken) {
      ++counters->failed;
      done();
    }
  }

  void on_end(const std::string& why) {
    ++counters->connection_failures;
    if (!is_told.exchange(true))
      log_warn("dda", "subscription ended resource=", resource,
               " topic=", printable(route.from.type), " reason=", why);
  }
};

class dda_resource : public deferring_resource {
public:
  dda_resource(const component_spec& spec, dda_driver& driver, std::string url,
               connector_counters_ptr counters)
    : spec_{spec}, driver_{driver}, url_{setting(spec, "dda_url")},
      counters_{std::move(counters)} {
    if (url_.empty())
      url_ = std::move(url);
  }

  caf::error open() override {
    auto where = parse_url(url_);
    if (!where)
      return fail(ec::bad_input, "dda: configuration `dda_url`, or dda_url of "
                                 "the node: "
                                   + explain(where.error()));
    auto publications
      = dda_publications_of(setting(spec_, "dda_com_publication_mapping"));
    if (!publications)
      return publications.error();
    publications_ = std::move(*publications);
    auto routes = dda_routes_of(setting(spec_, "dda_com_subscription_mapping"));
    if (!routes)
      return routes.error();
    dda_options options;
    options.target
      = (where->host.find(':') == std::string::npos ? where->host
                                                    : "[" + where->host + "]")
        + ":" + std::to_string(where->port);
    options.uses_tls = where->scheme == "https";
    options.call_timeout = limits::dda_call;
    options.pause_min = limits::dda_pause_min;
    options.pause_max = limits::dda_pause_max;
    options.message_bytes = limits::payload;
    options.window = limits::dda_window;
    connection_ = driver_.open(options);
    for (auto& x : *routes)
      subscribe(std::move(x));
    return caf::none;
  }

private:
  caf::error start(const event& x, std::uint64_t ticket) override {
    auto request = dda_request_of(x.payload, publications_);
    if (!request)
      return request.error();
    request->source = to_string(spec_.id);
    request->id = request->source + "-" + std::to_string(ticket);
    connection_->call(*request, [out = out(), counters = counters_, ticket,
                                 what = request->what](const dda_result& y) {
      ++(y.problem.empty() ? counters->sent : counters->failed);
      if (y.problem.empty())
        out->finish(ticket, to_dda_reply(what, y));
      else
        out->finish(ticket, fail(ec::unreachable, "dda: " + y.problem));
    });
    return caf::none;
  }

  void subscribe(dda_route route) {
    auto state = std::make_shared<dda_subscriber>();
    state->resource = spec_.name;
    state->route = std::move(route);
    state->out = out();
    state->counters = counters_;
    connection_->subscribe(
      state->route.from,
      [state](const dda_message& x, std::function<void()> done) {
        state->on_message(x, std::move(done));
      },
      [state](const std::string& why) { state->on_end(why); });
  }

  component_spec spec_;
  dda_driver& driver_;
  std::string url_;
  connector_counters_ptr counters_;
  dda_publications publications_;
  std::unique_ptr<dda_connection> connection_;
};

} // namespace

resource_class dda(dda_driver& driver, std::string url,
                   connector_counters_ptr counters) {
  return {[&driver, url = std::move(url),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<dda_resource>(spec, driver, url, counters);
  }};
}

} // namespace edgeless
