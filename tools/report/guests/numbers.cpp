// SPDX-License-Identifier: MIT

#include "edgeless.hpp"

using namespace edgeless;

/// Prints or parses numbers. An event is a letter, followed by the numbers:
/// with `d`, `f` or `i` they are the bytes of doubles, floats or 64-bit
/// integers, which it casts as texts; with `D`, `F` or `I` they are texts, each
/// followed by a comma, which it casts as bytes.
struct numbers {
  void handle_cast(const instance_id&, string_view message) {
    auto rest = message.substr(1);
    switch (message[0]) {
    case 'd':
      return print<double>(rest);
    case 'f':
      return print<float>(rest);
    case 'i':
      return print<int64_t>(rest);
    case 'D':
      return read<double>(rest);
    case 'F':
      return read<float>(rest);
    case 'I':
      return read<int64_t>(rest);
    }
  }

  template <class T>
  void print(string_view bytes) {
    string out;
    out.reserve(bytes.size() * 4);
    for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
      T value;
      __builtin_memcpy(&value, bytes.data() + i, sizeof(T));
      put(out, value);
      out.push_back(',');
    }
    cast("out", out);
  }

  template <class T>
  void read(string_view text) {
    vector<T> values;
    values.reserve(text.size() / 2);
    while (!text.empty()) {
      auto comma = text.find(',');
      auto number = parse<T>(text.substr(0, comma));
      check(bool(number), "not a number");
      values.push_back(number.value);
      text = text.substr(comma + 1);
    }
    cast("out", {reinterpret_cast<const char*>(values.data()),
                 values.size() * sizeof(T)});
  }
};

EDGELESS_EXPORT(numbers)
