// SPDX-License-Identifier: MIT
#include "runtime/wide_gcm/cipher.hpp"

#define NO_COMPAT_IMB_API_053 // the old names are also OpenSSL's
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include <algorithm>

namespace edgeless {

namespace {

/// The library's functions for this processor; null if they are not those for
/// AVX-512, since OpenSSL's are as good then.
const IMB_MGR* functions() {
  static const auto result = []() -> const IMB_MGR* {
    std::unique_ptr<IMB_MGR, decltype(&free_mb_mgr)> x{alloc_mb_mgr(0),
                                                       &free_mb_mgr};
    if (!x)
      return nullptr;
    init_mb_mgr_auto(x.get(), nullptr);
    constexpr auto wide = IMB_CPUFLAGS_AVX512_T2;
    auto usable = imb_get_errno(x.get()) == 0 && (x->features & wide) == wide;
    return usable ? x.release() : nullptr;
  }();
  return result;
}

} // namespace

bool wide_gcm::available() {
  return functions() != nullptr;
}

struct wide_gcm::secrets {
  gcm_key_data key{};
  gcm_context_data message{};
};

wide_gcm::wide_gcm() : secrets_{std::make_unique<secrets>()} {
  // nop
}

wide_gcm::~wide_gcm() {
  OPENSSL_cleanse(secrets_.get(), sizeof(secrets));
}

void wide_gcm::set_way(bool encrypts) {
  encrypts_ = encrypts;
  now_ = stage::idle;
}

bool wide_gcm::set_key(bytes key) {
  if (key.size() != key_size)
    return false;
  IMB_AES256_GCM_PRE(functions(), key.data(), &secrets_->key);
  has_key_ = true;
  now_ = stage::idle;
  return true;
}

bool wide_gcm::set_iv(bytes iv) {
  if (iv.size() != iv_size)
    return false;
  std::ranges::copy(iv, iv_.begin());
  header_used_ = 0;
  has_tag_ = false;
  now_ = stage::header;
  return true;
}

bool wide_gcm::add_header(bytes source) {
  if (now_ != stage::header || source.size() > header_max - header_used_)
    return false;
  std::ranges::copy(source, header_.data() + header_used_);
  header_used_ += source.size();
  return true;
}

bool wide_gcm::begin_content() {
  if (!has_key_ || now_ == stage::idle)
    return false;
  if (now_ == stage::header)
    IMB_AES256_GCM_INIT(functions(), &secrets_->key, &secrets_->message,
                        iv_.data(), header_.data(), header_used_);
  now_ = stage::content;
  return true;
}

bool wide_gcm::add(bytes source, unsigned char* target) {
  if (!begin_content())
    return false;
  if (encrypts_)
    IMB_AES256_GCM_ENC_UPDATE(functions(), &secrets_->key, &secrets_->message,
                              target, source.data(), source.size());
  else
    IMB_AES256_GCM_DEC_UPDATE(functions(), &secrets_->key, &secrets_->message,
                              target, source.data(), source.size());
  return true;
}

bool wide_gcm::expect_tag(bytes tag) {
  if (encrypts_ || now_ == stage::idle || tag.size() != tag_size)
    return false;
  std::ranges::copy(tag, tag_.begin());
  has_tag_ = true;
  return true;
}

bool wide_gcm::finish() {
  if (!begin_content())
    return false;
  now_ = stage::idle;
  if (encrypts_) {
    IMB_AES256_GCM_ENC_FINALIZE(functions(), &secrets_->key, &secrets_->message,
                                tag_.data(), tag_size);
    has_tag_ = true;
    return true;
  }
  std::array<unsigned char, tag_size> tag;
  IMB_AES256_GCM_DEC_FINALIZE(functions(), &secrets_->key, &secrets_->message,
                              tag.data(), tag_size);
  return has_tag_ && CRYPTO_memcmp(tag.data(), tag_.data(), tag_size) == 0;
}

const unsigned char* wide_gcm::tag() const {
  return encrypts_ && has_tag_ ? tag_.data() : nullptr;
}

} // namespace edgeless
