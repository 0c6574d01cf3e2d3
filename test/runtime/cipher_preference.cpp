// SPDX-License-Identifier: MIT
#include "runtime/cipher_preference.hpp"

#include "runtime/wasm_owned.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>

using namespace edgeless;

namespace {

using cipher = owned<EVP_CIPHER, EVP_CIPHER_free>;
using bytes = std::basic_string<unsigned char>;

cipher cipher_by(const char* preference) {
  return cipher{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", preference)};
}

struct sealed {
  bytes content;
  bytes tag;

  bool operator==(const sealed&) const = default;
};

bytes from_hex(std::string_view text) {
  bytes result;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    result += static_cast<unsigned char>(
      std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  return result;
}

/// AES-256-GCM by one of its makers.
struct machine {
  explicit machine(const char* preference) : how(cipher_by(preference)) {
    REQUIRE(how);
  }

  bool begin(bool encrypts, const bytes& iv, const bytes& header) {
    int n = 0;
    return EVP_CipherInit_ex2(now.get(), how.get(), key.data(), iv.data(),
                              encrypts, nullptr)
             == 1
           && EVP_CipherUpdate(now.get(), nullptr, &n, header.data(),
                               static_cast<int>(header.size()))
                == 1;
  }

  /// In pieces of so many bytes.
  std::optional<bytes> pass(const bytes& source, std::size_t piece) {
    bytes result(source.size(), 0);
    for (std::size_t i = 0; i < source.size(); i += piece) {
      auto size = static_cast<int>(std::min(piece, source.size() - i));
      int n = 0;
      if (EVP_CipherUpdate(now.get(), &result[i], &n, &source[i], size) != 1
          || n != size)
        return std::nullopt;
    }
    return result;
  }

  bool end() {
    unsigned char nothing[16];
    int n = 0;
    return EVP_CipherFinal_ex(now.get(), nothing, &n) == 1 && n == 0;
  }

  sealed seal(const bytes& iv, const bytes& header, const bytes& content,
              std::size_t piece = 1u << 20) {
    REQUIRE(begin(true, iv, header));
    auto result = pass(content, piece);
    REQUIRE(result);
    REQUIRE(end());
    bytes tag(16, 0);
    REQUIRE(EVP_CIPHER_CTX_ctrl(now.get(), EVP_CTRL_AEAD_GET_TAG, 16, &tag[0])
            == 1);
    return {*result, tag};
  }

  std::optional<bytes> open(const bytes& iv, const bytes& header, sealed x,
                            std::size_t piece = 1u << 20) {
    if (!begin(false, iv, header)
        || EVP_CIPHER_CTX_ctrl(now.get(), EVP_CTRL_AEAD_SET_TAG,
                               static_cast<int>(x.tag.size()), &x.tag[0])
             != 1)
      return std::nullopt;
    auto result = pass(x.content, piece);
    if (!end())
      return std::nullopt;
    return result;
  }

  cipher how;
  owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> now{EVP_CIPHER_CTX_new()};
  bytes key = bytes(32, 7);
};

const bytes some_iv(12, 1);
const bytes some_header(5, 2);

/// Where OpenSSL's own cipher is preferred, it is judged by itself.
struct both {
  machine preferred{cipher_preference()};
  machine openssl{nullptr};
};

} // namespace

TEST_CASE("a preferred cipher is there, and OpenSSL's own stays") {
  auto whose = [](const cipher& x) {
    return std::string{
      OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(x.get()))};
  };

  CHECK(whose(cipher_by(cipher_preference()))
        == (cipher_preference() != nullptr ? "wide-gcm" : "default"));
  CHECK(whose(cipher_by("provider=default")) == "default");
  CHECK(cipher{EVP_CIPHER_fetch(nullptr, "AES-128-GCM", cipher_preference())});
}

TEST_CASE_FIXTURE(both, "the preferred cipher is the one of the standard") {
  // Case 16 of "The Galois/Counter Mode of Operation", McGrew and Viega.
  preferred.key = from_hex("feffe9928665731c6d6a8f9467308308"
                           "feffe9928665731c6d6a8f9467308308");

  auto result = preferred.seal(
    from_hex("cafebabefacedbaddecaf888"),
    from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));

  CHECK(result.content
        == from_hex(
          "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
          "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"));
  CHECK(result.tag == from_hex("76fc6ece0f4e1768cddf8853bb2d551b"));
}

TEST_CASE_FIXTURE(both, "whoever encrypts, the other one decrypts") {
  std::mt19937 chance{1};
  auto some = [&](std::size_t size) {
    bytes result(size, 0);
    std::ranges::generate(result,
                          [&] { return static_cast<unsigned char>(chance()); });
    return result;
  };
  for (int i = 0; i < 2000; ++i) {
    auto size = i < 600 ? static_cast<std::size_t>(i) : chance() % 20000;
    auto key = some(32), iv = some(12), header = some(chance() % 30);
    auto content = some(size);
    auto piece = 1 + chance() % (size + 1);
    CAPTURE(size);
    CAPTURE(piece);
    preferred.key = openssl.key = key;

    auto x = preferred.seal(iv, header, content, piece);

    REQUIRE(x == openssl.seal(iv, header, content));
    REQUIRE(openssl.open(iv, header, x) == content);
    REQUIRE(preferred.open(iv, header, x, piece) == content);
  }
}

TEST_CASE_FIXTURE(both, "what has been changed is refused") {
  auto x = preferred.seal(some_iv, some_header, bytes(1000, 3));
  REQUIRE(preferred.open(some_iv, some_header, x));
  for (auto at : {0u, 500u, 999u}) {
    auto changed = x;
    changed.content[at] ^= 1;
    CHECK(!preferred.open(some_iv, some_header, changed));
  }
  for (auto at : {0u, 15u}) {
    auto changed = x;
    changed.tag[at] ^= 128;
    CHECK(!preferred.open(some_iv, some_header, changed));
  }
  auto shorter = x;
  shorter.content.pop_back();
  CHECK(!preferred.open(some_iv, some_header, shorter));
  CHECK(!preferred.open(some_iv, bytes(5, 9), x));
  CHECK(!preferred.open(bytes(12, 9), some_header, x));
  preferred.key[31] ^= 1;
  CHECK(!preferred.open(some_iv, some_header, x));
}

TEST_CASE_FIXTURE(both, "a message without a tag to compare is refused") {
  auto x = preferred.seal(some_iv, some_header, bytes(100, 3));

  REQUIRE(preferred.begin(false, some_iv, some_header));
  REQUIRE(preferred.pass(x.content, 100));

  CHECK(!preferred.end());
}

TEST_CASE_FIXTURE(both, "no IV serves two messages") {
  preferred.seal(some_iv, some_header, bytes(100, 3));

  CHECK(!preferred.pass(bytes(100, 4), 100));
}

TEST_CASE_FIXTURE(both, "nothing is encrypted without a key") {
  int n = 0;
  unsigned char x[16] = {};
  auto now = preferred.now.get();
  REQUIRE(
    EVP_CipherInit_ex2(now, preferred.how.get(), nullptr, nullptr, 1, nullptr)
    == 1);
  REQUIRE(EVP_CipherInit_ex2(now, nullptr, nullptr, some_iv.data(), 1, nullptr)
          == 1);

  CHECK(EVP_CipherUpdate(now, x, &n, x, sizeof x) != 1);
}
