// SPDX-License-Identifier: MIT
#include "messages/ids.hpp"

#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <sys/random.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

namespace edgeless {

namespace {

/// Random words, fetched 256 bytes at a time: getrandom(2) promises to deliver
/// that many without interruption. std::random_device may wait for the entropy
/// of the processor at each call: 23 us for 32 bits were measured.
class random_words {
public:
  std::uint64_t next() {
    if (used_ == words_.size()) {
      if (getrandom(words_.data(), sizeof words_, 0) != sizeof words_)
        throw std::system_error{errno, std::generic_category(), "getrandom"};
      used_ = 0;
    }
    // A word that was given out is overwritten, so that it cannot leak later.
    return std::exchange(words_[used_++], 0);
  }

private:
  std::array<std::uint64_t, 256 / sizeof(std::uint64_t)> words_;
  std::size_t used_ = words_.size();
};

} // namespace

random_source os_random() {
  return [] {
    thread_local random_words words;
    return words.next();
  };
}

std::array<char, 16> uuid_bytes(std::uint64_t high, std::uint64_t low) {
  std::array<char, 16> bytes;
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return bytes;
}

std::string uuid_text(std::uint64_t high, std::uint64_t low) {
  auto bytes = uuid_bytes(high, low);
  boost::uuids::uuid x;
  std::copy(bytes.begin(), bytes.end(), x.begin());
  return boost::uuids::to_string(x);
}

std::optional<std::pair<std::uint64_t, std::uint64_t>>
parse_uuid(std::string_view text) {
  constexpr std::string_view urn = "urn:uuid:";
  auto is_same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == y;
  };
  if (text.size() == urn.size() + 36
      && std::equal(urn.begin(), urn.end(), text.begin(),
                    [&](char x, char y) { return is_same(y, x); }))
    text.remove_prefix(urn.size());
  if (text.size() != 36 && text.size() != 32)
    return std::nullopt;
  auto has_hyphens = text.size() == 36;
  std::uint64_t words[2] = {0, 0};
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (has_hyphens && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (c != '-')
        return std::nullopt;
      continue;
    }
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (value < 0)
      return std::nullopt;
    auto& word = words[digits++ / 16];
    word = word << 4 | static_cast<std::uint64_t>(value);
  }
  return std::pair{words[0], words[1]};
}

} // namespace edgeless
