// SPDX-License-Identifier: MIT

#include "base64.hpp"

using namespace edgeless;

/// Casts events to "out" at constant, uniform or exponential intervals, for
/// ever; casts errors in its init payload to "err".
struct trigger {
  enum class output { none, constant, counter, random };
  enum class interval { constant, uniform, exponential };

  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    numbers = lcg(arguments.number<uint32_t>("seed", 0));
    auto kind = output::none;
    if (auto why = read_output(arguments, kind); !why.empty())
      return cast("err", text("Invalid output config: ", why));
    if (auto why = read_interval(arguments.get("arrival")); !why.empty())
      return cast("err", text("Invalid inter-arrival config: ", why));
    what = kind;
    timed = kind == output::counter && arguments.flag("log");
    cast("self", "");
  }

  void handle_cast(const instance_id&, string_view message) {
    check(what != output::none, "trigger: not configured");
    if (timed && !message.empty())
      return telemetry_log(5, "tend",
                           message); // An event of this trigger came back.
    if (what == output::counter) {
      value = text(count);
      if (timed)
        telemetry_log(5, "tbegin", value);
      ++count;
    }
    cast("out", value);
    delayed_cast(next_ms(), "self", "");
  }

  string read_output(const arguments& arguments, output& kind) {
    auto type = arguments.get("out_type");
    if (!arguments.has("out_type"))
      return text("Missing out_type");
    if (type == "constant") {
      kind = output::constant;
      value = string(arguments.get("value"));
      return arguments.has("value") ? string() : text("Missing value");
    }
    if (type == "counter") {
      kind = output::counter;
      return {};
    }
    if (type != "rand_vec")
      return text("Unknown out_type ", type);
    if (!arguments.has("size"))
      return text("Missing size");
    auto size = parse<uint32_t>(arguments.get("size"));
    if (!size)
      return string(size.why);
    kind = output::random;
    string bytes;
    for (uint32_t i = 0; i < size.value; ++i) {
      auto bits = __builtin_bit_cast(uint32_t, numbers.rand());
      for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(char(bits >> shift));
    }
    value = arguments.flag("use_base64") ? base64(bytes)
                                         : static_cast<string&&>(bytes);
    return {};
  }

  /// Reads c(T), u(A;B) or e(M), in milliseconds.
  string read_interval(string_view spec) {
    if (spec.empty())
      return text("empty interarrival");
    auto blank = [](char c) {
      return c == ' ' || (c >= '\t' && c <= '\r');
    };
    while (!spec.empty() && blank(spec[0]))
      spec = spec.substr(1);
    while (!spec.empty() && blank(spec[spec.size() - 1]))
      spec = spec.substr(0, spec.size() - 1);
    vector<string_view> tokens;
    split(spec, '(', [&](string_view part) {
      split(part, ')', [&](string_view token) {
        if (!token.empty())
          tokens.push_back(token);
      });
    });
    if (tokens.size() != 2)
      return text("invalid spec");
    if (equal_ignoring_case(tokens[0], "c")) {
      when = interval::constant;
      return read_bound("invalid constant period: ", tokens[1], first_ms);
    }
    if (equal_ignoring_case(tokens[0], "e")) {
      when = interval::exponential;
      return read_bound("invalid exponential mean: ", tokens[1], first_ms);
    }
    if (!equal_ignoring_case(tokens[0], "u")) {
      string lower(tokens[0]);
      for (auto& c : lower)
        c += c >= 'A' && c <= 'Z' ? 32 : 0;
      return text("unknown interarrival type ", lower);
    }
    vector<string_view> bounds;
    split(tokens[1], ';', [&](string_view part) { bounds.push_back(part); });
    if (bounds.size() != 2)
      return text("invalid (min,max) uniform values");
    when = interval::uniform;
    auto why = read_bound("invalid uniform lower bound: ", bounds[0], first_ms);
    if (why.empty())
      why = read_bound("invalid uniform upper bound: ", bounds[1], second_ms);
    if (why.empty() && first_ms >= second_ms)
      why = text("invalid bounds: ", first_ms, " >= ", second_ms);
    return why;
  }

  static string read_bound(string_view what, string_view text_of_it,
                           uint32_t& bound) {
    auto number = parse<uint32_t>(text_of_it);
    bound = number.value;
    return number ? string() : text(what, number.why);
  }

  uint64_t next_ms() {
    switch (when) {
    case interval::constant:
      return first_ms;
    case interval::uniform:
      return first_ms
             + uint64_t(rounded(float(second_ms - first_ms) * numbers.rand()));
    default:
      auto x = numbers.rand();
      // The smallest normal number, as the logarithm of zero is infinite.
      return uint64_t(
        rounded(-logarithm(x > 0 ? x : 0x1p-126f) * float(first_ms)));
    }
  }

  /// To the nearest integer, halves away from zero, for x >= 0.
  static float rounded(float x) {
    auto whole = __builtin_floorf(x);
    return x - whole >= .5f ? whole + 1 : whole;
  }

  /// The natural logarithm of a positive normal number.
  static float logarithm(float x) {
    auto bits = __builtin_bit_cast(uint32_t, x);
    // x = m * 2^e with m between the roots of 1/2 and of 2.
    int e = int(bits - 0x3f3504f3) >> 23;
    double m = __builtin_bit_cast(float, bits - (uint32_t(e) << 23));
    auto s = (m - 1) / (m + 1), square = s * s, sum = 0.;
    for (int k = 17; k > 0; k -= 2)
      sum = sum * square + 1. / k;
    return float(e * 0.6931471805599453 + 2 * s * sum);
  }

  output what = output::none;
  interval when = interval::constant;
  uint32_t first_ms = 0;
  uint32_t second_ms = 0;
  uint32_t count = 0;
  bool timed = false;
  string value; // The next output; of a counter, the last one.
  lcg numbers;
};

EDGELESS_EXPORT(trigger)
