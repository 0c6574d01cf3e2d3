// SPDX-License-Identifier: MIT

#include "edgeless.hpp"
#include "http.hpp"

using namespace edgeless;

/// Calls "move_arm" with checktemp:diff:N for each temperature above 60 or
/// below 40, N beyond that. An event is a number, or one of the resource dda:
/// {"ComSubscribeEvent": [bytes]}.
struct check_temperature {
  static constexpr string_view log_target = "check_temperature";

  void handle_init(string_view, string_view) {
    log::info("check_temperature: 'Init' called");
  }

  void handle_cast(const instance_id&, string_view message) {
    string data;
    http::detail::reader in{message};
    http::body_format format{};
    auto member = [&](string_view key) {
      return key == "ComSubscribeEvent" && in.bytes(data, format);
    };
    if (!message.starts_with("{"))
      data.append(message);
    else if (!in.object(member) || !in.at_end())
      return log::error("check_temperature: no event with data: ", message);
    auto temperature = parse<double>(trimmed(data));
    if (!temperature)
      return log::error("check_temperature: no number: ", data);
    if (temperature.value > 60)
      move_arm("too hot", temperature.value, temperature.value - 60);
    else if (temperature.value < 40)
      move_arm("too cold", temperature.value, temperature.value - 40);
    else
      log::info("check_temperature: fine: ", temperature.value);
  }

  static void move_arm(string_view why, double temperature, double beyond) {
    log::info("check_temperature: ", why, ": ", temperature);
    auto result = call("move_arm", text("checktemp:diff:", beyond));
    if (result.outcome != call_result::reply)
      log::error("check_temperature: move_arm did not answer");
  }

  static string_view trimmed(string_view x) {
    constexpr string_view space = " \t\r\n";
    while (!x.empty() && space.find(x[0]) < space.size())
      x = x.substr(1);
    while (!x.empty() && space.find(x[x.size() - 1]) < space.size())
      x = x.substr(0, x.size() - 1);
    return x;
  }

  void handle_stop() {
    log::info("check_temperature: 'Stop' called");
  }
};

EDGELESS_EXPORT(check_temperature)
