// SPDX-License-Identifier: MIT
#include "runtime/mqtt/configuration.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

mqtt_options options_of_text(mqtt_configuration more,
                             const mqtt_identity& identity = {}) {
  more.emplace("url", "mqtt://localhost");
  auto made = mqtt_options_of(more, identity);
  REQUIRE_MESSAGE(made, explain(made.error()));
  return *made;
}

std::string mqtt_fault_of(mqtt_configuration more) {
  more.emplace("url", "mqtt://localhost");
  auto made = mqtt_options_of(more, {});
  REQUIRE(!made);
  return explain(made.error());
}

} // namespace

TEST_CASE("mqtt configuration: defaults") {
  auto x = options_of_text({});
  CHECK(x.host == "localhost");
  CHECK(x.port == 1883);
  CHECK(!x.uses_tls);
  CHECK(x.qos == 1);
  CHECK(x.is_version_5);
  CHECK(x.session == 24h);
  CHECK(!x.will);
}

TEST_CASE("mqtt configuration: URLs") {
  auto at = [](const std::string& url) {
    return options_of_text({{"url", url}}, {"ca.pem", "c.pem", "k.pem"});
  };
  CHECK(at("mqtt://10.0.0.1:2000/").port == 2000);
  CHECK(at("mqtt://[::1]:2000").host == "::1");
  CHECK(at("mqtt://[::1]").port == 1883);
  CHECK(at("mqtt://h").ca.empty());
  auto tls = at("mqtts://broker.example.com");
  CHECK(tls.uses_tls);
  CHECK(tls.port == 8883);
  CHECK(tls.ca == "ca.pem");
  CHECK(tls.certificate == "c.pem");
  CHECK(tls.key == "k.pem");
  for (auto wrong :
       {"", "mqtt://", "http://a", "mqtt://a:0", "mqtt://a:66000", "mqtt://a:x",
        "mqtt://user@a", "mqtt://a/b", "mqtt://[::1", "mqtt://a b"}) {
    CAPTURE(wrong);
    CHECK(mqtt_fault_of({{"url", wrong}}).find("mqtt://localhost:1883")
          != std::string::npos);
  }
}

TEST_CASE("mqtt configuration: every key is checked and named") {
  auto x = options_of_text({{"qos", "2"},
                            {"version", "3.1.1"},
                            {"user", "u"},
                            {"password", "p"},
                            {"client_id", "me"},
                            {"session_secs", "60"},
                            {"will_topic", "w"},
                            {"will_payload", "gone"},
                            {"will_qos", "1"},
                            {"will_retain", "true"}});
  CHECK(x.qos == 2);
  CHECK(!x.is_version_5);
  CHECK(x.user == "u");
  CHECK(x.password == "p");
  CHECK(x.client_id == "me");
  CHECK(x.session == 60s);
  REQUIRE(x.will);
  CHECK(x.will->topic == "w");
  CHECK(x.will->payload == "gone");
  CHECK(x.will->qos == 1);
  CHECK(x.will->is_retained);
  for (auto& [key, value] :
       mqtt_configuration{{"qos", "3"},
                          {"version", "4"},
                          {"session_secs", "-1"},
                          {"client_id", std::string("a\0b", 3)},
                          {"will_topic", "a/#"}}) {
    CAPTURE(key);
    CHECK(mqtt_fault_of({{key, value}}).find("`" + key + "`")
          != std::string::npos);
  }
  CHECK(mqtt_fault_of({{"will_topic", "w"}, {"will_retain", "yes"}})
          .find("`will_retain`")
        != std::string::npos);
}

TEST_CASE("mqtt configuration: topics and filters") {
  for (auto good : {"a", "a/b", "/", "$SYS/a", "ü"})
    CHECK(mqtt_topic_fault(good) == "");
  for (auto bad : {"", "a/+", "#", "\xff"})
    CHECK(mqtt_topic_fault(bad) != "");
  CHECK(mqtt_topic_fault(std::string(70'000, 'a')) != "");
  for (auto good : {"a", "a/+", "+/b", "+", "#", "a/#", "/+", "$share/g/a"})
    CHECK(mqtt_filter_fault(good) == "");
  for (auto bad : {"", "a+", "a/#/b", "a#", "#/a", "\xff"})
    CHECK(mqtt_filter_fault(bad) != "");
}
