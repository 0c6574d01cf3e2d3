// SPDX-License-Identifier: MIT

#include "base64.hpp"
#include "edgeless.hpp"

using namespace edgeless;

/// Casts to "out" a colour image (PPM, P6, 8 bit) in shades of grey (PGM, P5);
/// both in base64. What is no such image goes to "error" with the reason.
struct grey_image {
  void handle_cast(const instance_id&, string_view message) {
    string bytes;
    if (!from_base64(message, bytes))
      return cast("error", "the image is not base64");
    rest = bytes;
    uint32_t width = 0;
    uint32_t height = 0;
    uint32_t brightest = 0;
    if (!take("P6") || !number(width) || !number(height) || !number(brightest)
        || brightest != 255 || rest.empty())
      return cast("error", "the image is no PPM (P6) with 8 bit");
    rest = rest.substr(1); // one blank
    auto pixels = uint64_t(width) * height;
    if (pixels > rest.size() / 3)
      return cast("error", "the image ends too early");
    auto grey = text("P5\n", width, ' ', height, "\n255\n");
    grey.make_room(pixels);
    for (size_t i = 0; i < 3 * pixels; i += 3)
      grey.push_back(luma(rest[i], rest[i + 1], rest[i + 2]));
    cast("out", base64(grey));
  }

  /// By ITU-R BT.601.
  static char luma(char red, char green, char blue) {
    return char(
      (299 * uint8_t(red) + 587 * uint8_t(green) + 114 * uint8_t(blue) + 500)
      / 1000);
  }

  bool take(string_view word) {
    if (!rest.starts_with(word))
      return false;
    rest = rest.substr(word.size());
    return true;
  }

  /// A number after blanks and comments.
  bool number(uint32_t& out) {
    constexpr string_view blanks = " \t\r\n";
    while (!rest.empty()
           && (rest[0] == '#' || blanks.find(rest[0]) < blanks.size()))
      rest = rest.substr(rest[0] == '#' ? rest.find('\n') : 1);
    size_t n = 0;
    while (n < rest.size() && rest[n] >= '0' && rest[n] <= '9')
      ++n;
    auto value = parse<uint32_t>(rest.substr(0, n));
    rest = rest.substr(n);
    out = value.value;
    return bool(value);
  }

  string_view rest;
};

EDGELESS_EXPORT(grey_image)
