// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace edgeless {

/// AES-256-GCM (NIST SP 800-38D) by libipsec-mb: one message after the other,
/// with a key, and a new IV for each. What comes in the wrong order or has the
/// wrong size is refused, by false.
class wide_gcm {
public:
  using bytes = std::span<const unsigned char>;

  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t iv_size = 12;
  static constexpr std::size_t tag_size = 16;
  /// That of TLS 1.3 is the header of a record: 5 bytes.
  static constexpr std::size_t header_max = 64;

  /// Whether the processor has what it takes. Without it, nothing else here
  /// may be called.
  static bool available();

  wide_gcm();
  /// Leaves no trace of the key.
  ~wide_gcm();

  /// Whether messages are encrypted or decrypted from now on.
  void set_way(bool encrypts);
  bool set_key(bytes key);

  /// Begins a message.
  bool set_iv(bytes iv);
  /// What is vouched for, but not encrypted: all of it before the content.
  bool add_header(bytes source);
  /// The same place, or as many bytes that are apart.
  bool add(bytes source, unsigned char* target);
  /// What a message has to have that is decrypted, before it ends.
  bool expect_tag(bytes tag);
  /// Ends it. False if it is not what has been encrypted.
  bool finish();
  /// Of the message that has been encrypted; null without one.
  const unsigned char* tag() const;

private:
  /// An IV is good for one message.
  enum class stage : std::uint8_t { idle, header, content };

  bool begin_content();

  struct secrets;
  std::unique_ptr<secrets> secrets_;
  std::array<unsigned char, iv_size> iv_{};
  std::array<unsigned char, header_max> header_{};
  std::size_t header_used_ = 0;
  std::array<unsigned char, tag_size> tag_{};
  stage now_ = stage::idle;
  bool has_key_ = false;
  bool has_tag_ = false;
  bool encrypts_ = true;
};

} // namespace edgeless
