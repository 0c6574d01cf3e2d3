// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Casts every UTF-8 message to "out" after `delay_ms`. Meanwhile the message
/// is in a delayed cast to the function itself, {"secret":42,"msg":"..."}.
struct sloppy_test {
  static constexpr string_view head = "{\"secret\":42,\"msg\":\"";
  static constexpr string_view tail = "\"}";

  void handle_init(string_view payload, string_view) {
    delay_ms = parse_init_payload(payload).number<uint64_t>("delay_ms", 1000);
  }

  void handle_cast(const instance_id&, string_view message) {
    if (!is_utf8(message))
      return;
    string unwrapped;
    if (unwrap(message, unwrapped))
      cast("out", unwrapped);
    else
      delayed_cast(delay_ms, "self", wrap(message));
  }

  static bool is_utf8(string_view text) {
    for (size_t i = 0; i < text.size();) {
      auto lead = uint8_t(text[i++]);
      if (lead < 0x80)
        continue;
      if (lead < 0xc2 || lead > 0xf4)
        return false;
      auto more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      // The second byte excludes overlong forms, surrogates and values too
      // large.
      auto low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
      auto high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
      for (; more > 0; --more, low = 0x80, high = 0xbf) {
        if (i == text.size() || uint8_t(text[i]) < low
            || uint8_t(text[i]) > high)
          return false;
        ++i;
      }
    }
    return true;
  }

  static string wrap(string_view message) {
    string out(head);
    for (auto c : message) {
      if (auto at = raw.find(c); at < raw.size())
        put(out, text('\\', escaped[at]));
      else if (uint8_t(c) < 32)
        put(out, text("\\u00", "0123456789abcdef"[c >> 4],
                      "0123456789abcdef"[c & 15]));
      else
        out.push_back(c);
    }
    out.append(tail);
    return out;
  }

  /// The inverse of `wrap`; false if `message` does not have that form.
  static bool unwrap(string_view message, string& out) {
    if (!message.starts_with(head))
      return false;
    auto rest = message.substr(head.size());
    for (size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] == '"')
        return rest.substr(i) == tail;
      if (rest[i] != '\\') {
        out.push_back(rest[i]);
        continue;
      }
      auto escape = rest.substr(i + 1);
      if (escape.empty())
        return false;
      if (auto at = escaped.find(escape[0]); at < escaped.size()) {
        out.push_back(raw[at]);
        ++i;
      } else if (escape.starts_with("u00") && escape.size() >= 5) {
        auto digit = [](char c) {
          return c <= '9' ? c - '0' : c - 'a' + 10;
        };
        out.push_back(char(digit(escape[3]) << 4 | digit(escape[4])));
        i += 5;
      } else {
        return false;
      }
    }
    return false;
  }

  static constexpr string_view raw = "\"\\\b\f\n\r\t";
  static constexpr string_view escaped = "\"\\bfnrt";
  uint64_t delay_ms = 1000;
};

EDGELESS_EXPORT(sloppy_test)
