// SPDX-License-Identifier: MIT

#pragma once

/// Requests and responses of http-ingress and http-egress, whose payloads are
/// the JSON of EDGELESS, or one of the formats that a function asks for by the
/// annotation `http.body`: all are read. Include edgeless.hpp first.

#include "base64.hpp"
#include "edgeless.hpp"

namespace edgeless::http {

struct header {
  string name; ///< in lower case, when it comes from a resource
  string value;
};

/// How the body stands in a payload: as JSON numbers, as JSON text in base64,
/// or as it is behind the head.
enum class body_format : uint8_t { numbers, base64, raw };

struct request {
  string method;   ///< Get, Head, Post, Put, Delete or Patch
  string protocol; ///< HTTP or HTTPS; from http-ingress it is Unknown
  string host;
  string path; ///< with the query
  string body;
  vector<header> headers;
  body_format format = body_format::numbers; ///< of the payload
};

struct response {
  uint32_t status = 200;
  string body;
  vector<header> headers;
  body_format format = body_format::numbers;
};

namespace detail {

/// Reads JSON as far as the two formats need it; false: it is something else.
class reader {
public:
  explicit reader(string_view text) : rest_(text) {}

  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c)
      return false;
    rest_ = rest_.substr(1);
    return true;
  }
  bool take(string_view word) {
    skip_space();
    if (!rest_.starts_with(word))
      return false;
    rest_ = rest_.substr(word.size());
    return true;
  }
  bool number(uint32_t& out) {
    skip_space();
    size_t n = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9')
      ++n;
    auto value = parse<uint32_t>(rest_.substr(0, n));
    rest_ = rest_.substr(n);
    out = value.value;
    return bool(value);
  }
  bool text(string& out) {
    out.resize(0);
    if (!take('"'))
      return false;
    while (!rest_.empty() && rest_[0] != '"') {
      auto c = rest_[0];
      rest_ = rest_.substr(1);
      if (c != '\\')
        out.push_back(c);
      else if (!escape(out))
        return false;
    }
    return take('"');
  }
  /// A list of bytes, null, or a text in base64.
  bool bytes(string& out, body_format& format) {
    out.resize(0);
    skip_space();
    if (!rest_.empty() && rest_[0] == '"') {
      format = body_format::base64;
      string encoded;
      return text(encoded) && from_base64(encoded, out);
    }
    if (take(string_view("null")))
      return true;
    if (!take('['))
      return false;
    if (take(']'))
      return true;
    do {
      uint32_t x;
      if (!number(x) || x > 255)
        return false;
      out.push_back(char(x));
    } while (take(','));
    return take(']');
  }
  /// Calls `f` with the key of each member, whose value it reads.
  template <class F>
  bool object(F f) {
    if (!take('{'))
      return false;
    if (take('}'))
      return true;
    string key;
    do {
      if (!text(key) || !take(':') || !f(string_view(key)))
        return false;
    } while (take(','));
    return take('}');
  }
  bool headers(vector<header>& out) {
    return object([&](string_view key) {
      header x;
      x.name.append(key);
      if (!text(x.value))
        return false;
      out.push_back(static_cast<header&&>(x));
      return true;
    });
  }
  bool at_end() {
    skip_space();
    return rest_.empty();
  }

private:
  void skip_space() {
    size_t n = 0;
    while (n < rest_.size()
           && (rest_[n] == ' ' || rest_[n] == '\n' || rest_[n] == '\r'
               || rest_[n] == '\t'))
      ++n;
    if (n > 0)
      rest_ = rest_.substr(n);
  }
  bool escape(string& out) {
    if (rest_.empty())
      return false;
    auto c = rest_[0];
    rest_ = rest_.substr(1);
    constexpr string_view letters = "\"\\/bfnrt";
    constexpr string_view meanings = "\"\\/\b\f\n\r\t";
    if (auto i = letters.find(c); i < letters.size()) {
      out.push_back(meanings[i]);
      return true;
    }
    uint32_t x = 0;
    if (c != 'u' || !code_unit(x))
      return false;
    uint32_t low = 0;
    if (x >= 0xD800 && x < 0xDC00 && take(string_view("\\u")) && code_unit(low))
      x = 0x10000 + ((x - 0xD800) << 10) + (low - 0xDC00);
    put_utf8(out, x);
    return true;
  }
  bool code_unit(uint32_t& x) {
    for (size_t i = 0; i < 4; ++i) {
      auto c = i < rest_.size() ? rest_[i] : 'x';
      auto digit = c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : -1;
      if (digit < 0)
        return false;
      x = x << 4 | uint32_t(digit);
    }
    rest_ = rest_.substr(4);
    return true;
  }
  static void put_utf8(string& out, uint32_t x) {
    if (x < 0x80)
      return out.push_back(char(x));
    if (x < 0x800) {
      out.push_back(char(0xC0 | x >> 6));
    } else {
      if (x < 0x10000) {
        out.push_back(char(0xE0 | x >> 12));
      } else {
        out.push_back(char(0xF0 | x >> 18));
        out.push_back(char(0x80 | (x >> 12 & 63)));
      }
      out.push_back(char(0x80 | (x >> 6 & 63)));
    }
    out.push_back(char(0x80 | (x & 63)));
  }

  string_view rest_;
};

inline void put_text(string& out, string_view text) {
  constexpr string_view digits = "0123456789abcdef";
  out.push_back('"');
  for (auto c : text)
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (uint8_t(c) < 0x20) {
      out.append("\\u00");
      out.push_back(digits[uint8_t(c) >> 4]);
      out.push_back(digits[c & 15]);
    } else {
      out.push_back(c);
    }
  out.push_back('"');
}

inline void put_headers(string& out, const vector<header>& headers) {
  out.push_back('{');
  for (auto& x : headers) {
    if (&x != headers.begin())
      out.push_back(',');
    put_text(out, x.name);
    out.push_back(':');
    put_text(out, x.value);
  }
  out.push_back('}');
}

constexpr string_view raw_magic = "raw1\n";

/// Takes the next line of a raw head; false: there is none.
inline bool take_line(string_view& in, string_view& out) {
  auto end = in.find('\n');
  if (end >= in.size())
    return false;
  out = in.substr(0, end);
  in = in.substr(end + 1);
  return true;
}

inline bool take_line(string_view& in, string& out) {
  string_view line;
  out.resize(0);
  if (!take_line(in, line))
    return false;
  out.append(line);
  return true;
}

/// The headers of a raw payload, and the body behind them.
template <class Message>
bool take_rest(string_view in, Message& out) {
  out.format = body_format::raw;
  for (;;) {
    string_view line;
    if (!take_line(in, line))
      return false;
    if (line.empty())
      break;
    header x;
    auto colon = line.find(':');
    x.name.append(line.substr(0, colon));
    x.value.append(line.substr(colon + 1));
    out.headers.push_back(static_cast<header&&>(x));
  }
  out.body.resize(0);
  out.body.append(in);
  return true;
}

/// A line feed would end its line.
inline void put_line(string& out, string_view text) {
  for (auto c : text)
    out.push_back(c == '\n' ? ' ' : c);
  out.push_back('\n');
}

template <class Message>
void put_rest(string& out, const Message& x) {
  for (auto& y : x.headers) {
    out.append(y.name);
    out.push_back(':');
    put_line(out, y.value);
  }
  out.push_back('\n');
  out.append(x.body);
}

inline void put_body(string& out, const string& body, body_format format) {
  if (format == body_format::base64)
    put_text(out, base64(body));
  else
    put(out, listed(body));
}

} // namespace detail

/// False: `payload` is not a request.
inline bool read(string_view payload, request& out) {
  if (payload.starts_with(detail::raw_magic)) {
    payload = payload.substr(detail::raw_magic.size());
    return detail::take_line(payload, out.method)
           && detail::take_line(payload, out.protocol)
           && detail::take_line(payload, out.host)
           && detail::take_line(payload, out.path)
           && detail::take_rest(payload, out);
  }
  detail::reader in{payload};
  auto member = [&](string_view key) {
    return key == "method"     ? in.text(out.method)
           : key == "protocol" ? in.text(out.protocol)
           : key == "host"     ? in.text(out.host)
           : key == "path"     ? in.text(out.path)
           : key == "body"     ? in.bytes(out.body, out.format)
           : key == "headers"  ? in.headers(out.headers)
                               : false;
  };
  return in.object(member) && in.at_end();
}

/// False: `payload` is not a response.
inline bool read(string_view payload, response& out) {
  if (payload.starts_with(detail::raw_magic)) {
    payload = payload.substr(detail::raw_magic.size());
    string_view status;
    if (!detail::take_line(payload, status))
      return false;
    auto value = parse<uint32_t>(status);
    out.status = value.value;
    return bool(value) && detail::take_rest(payload, out);
  }
  detail::reader in{payload};
  auto member = [&](string_view key) {
    return key == "status"    ? in.number(out.status)
           : key == "body"    ? in.bytes(out.body, out.format)
           : key == "headers" ? in.headers(out.headers)
                              : false;
  };
  return in.object(member) && in.at_end();
}

/// The payload for a request to http-egress, which answers in its format.
inline string write(const request& x) {
  string out;
  if (x.format == body_format::raw) {
    out.append(detail::raw_magic);
    detail::put_line(out, x.method);
    detail::put_line(out, x.protocol);
    detail::put_line(out, x.host);
    detail::put_line(out, x.path);
    detail::put_rest(out, x);
    return out;
  }
  out.append("{\"method\":");
  detail::put_text(out, x.method);
  out.append(",\"protocol\":");
  detail::put_text(out, x.protocol);
  out.append(",\"host\":");
  detail::put_text(out, x.host);
  out.append(",\"path\":");
  detail::put_text(out, x.path);
  out.append(",\"body\":");
  detail::put_body(out, x.body, x.format);
  out.append(",\"headers\":");
  detail::put_headers(out, x.headers);
  out.push_back('}');
  return out;
}

/// The payload for a reply to http-ingress.
inline string write(const response& x) {
  if (x.format == body_format::raw) {
    auto out = text(detail::raw_magic, x.status, '\n');
    detail::put_rest(out, x);
    return out;
  }
  auto out = text("{\"status\":", x.status, ",\"body\":");
  detail::put_body(out, x.body, x.format);
  out.append(",\"headers\":");
  detail::put_headers(out, x.headers);
  out.push_back('}');
  return out;
}

/// The reply to a request, in its format.
inline string answer(const request& to, response x) {
  x.format = to.format;
  return write(x);
}

/// Adds the headers of a request by which it can be traced to one that follows
/// from it: x-request-id, traceparent and tracestate.
inline void follow(const request& from, request& to) {
  for (auto& x : from.headers)
    if (string_view name = x.name; name == "x-request-id"
                                   || name == "traceparent"
                                   || name == "tracestate") {
      header copy;
      copy.name.append(x.name);
      copy.value.append(x.value);
      to.headers.push_back(static_cast<header&&>(copy));
    }
}

} // namespace edgeless::http
