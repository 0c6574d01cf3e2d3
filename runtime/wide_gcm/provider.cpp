// SPDX-License-Identifier: MIT
#include "runtime/cipher_preference.hpp"
#include "runtime/wide_gcm/cipher.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

/// The cipher as OpenSSL calls it: provider-base(7), provider-cipher(7).
namespace edgeless {

namespace {

wide_gcm& self(void* context) {
  return *static_cast<wide_gcm*>(context);
}

void* create(void*) {
  return new wide_gcm;
}

void destroy(void* context) {
  delete static_cast<wide_gcm*>(context);
}

int set_parameters(void* context, const OSSL_PARAM* given) {
  if (given == nullptr)
    return 1;
  if (auto tag = OSSL_PARAM_locate_const(given, OSSL_CIPHER_PARAM_AEAD_TAG)) {
    auto bytes = static_cast<const unsigned char*>(tag->data);
    if (bytes == nullptr || !self(context).expect_tag({bytes, tag->data_size}))
      return 0;
  }
  auto iv = OSSL_PARAM_locate_const(given, OSSL_CIPHER_PARAM_AEAD_IVLEN);
  std::size_t size = 0;
  return iv == nullptr
         || (OSSL_PARAM_get_size_t(iv, &size) == 1
             && size == wide_gcm::iv_size);
}

template <bool Encrypts>
int start(void* context, const unsigned char* key, std::size_t key_length,
          const unsigned char* iv, std::size_t iv_length,
          const OSSL_PARAM* given) {
  auto& x = self(context);
  x.set_way(Encrypts);
  if (key != nullptr && !x.set_key({key, key_length}))
    return 0;
  if (iv != nullptr && !x.set_iv({iv, iv_length}))
    return 0;
  return set_parameters(context, given);
}

int update(void* context, unsigned char* target, std::size_t* written,
           std::size_t room, const unsigned char* source, std::size_t size) {
  auto& x = self(context);
  *written = size;
  if (target == nullptr)
    return x.add_header({source, size});
  return size <= room && x.add({source, size}, target);
}

int finish(void* context, unsigned char*, std::size_t* written, std::size_t) {
  *written = 0;
  return self(context).finish();
}

/// Puts a number where it is asked for.
void answer(OSSL_PARAM* asked, const char* name, std::size_t value) {
  if (auto x = OSSL_PARAM_locate(asked, name))
    OSSL_PARAM_set_size_t(x, value);
}

int tell_of_cipher(OSSL_PARAM* asked) {
  answer(asked, OSSL_CIPHER_PARAM_KEYLEN, wide_gcm::key_size);
  answer(asked, OSSL_CIPHER_PARAM_IVLEN, wide_gcm::iv_size);
  answer(asked, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1); // that of a stream
  for (auto name : {OSSL_CIPHER_PARAM_AEAD, OSSL_CIPHER_PARAM_CUSTOM_IV})
    if (auto x = OSSL_PARAM_locate(asked, name))
      OSSL_PARAM_set_int(x, 1);
  if (auto x = OSSL_PARAM_locate(asked, OSSL_CIPHER_PARAM_MODE))
    OSSL_PARAM_set_uint(x, EVP_CIPH_GCM_MODE);
  return 1;
}

int tell_of_message(void* context, OSSL_PARAM* asked) {
  answer(asked, OSSL_CIPHER_PARAM_KEYLEN, wide_gcm::key_size);
  answer(asked, OSSL_CIPHER_PARAM_IVLEN, wide_gcm::iv_size);
  answer(asked, OSSL_CIPHER_PARAM_AEAD_TAGLEN, wide_gcm::tag_size);
  auto tag = OSSL_PARAM_locate(asked, OSSL_CIPHER_PARAM_AEAD_TAG);
  if (tag == nullptr)
    return 1;
  auto bytes = self(context).tag();
  return bytes != nullptr && tag->data_size == wide_gcm::tag_size
         && OSSL_PARAM_set_octet_string(tag, bytes, wide_gcm::tag_size) == 1;
}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* algorithms(void*, int operation, int* may_change) {
  static const OSSL_DISPATCH functions[] = {
    entry(OSSL_FUNC_CIPHER_NEWCTX, create),
    entry(OSSL_FUNC_CIPHER_FREECTX, destroy),
    entry(OSSL_FUNC_CIPHER_ENCRYPT_INIT, start<true>),
    entry(OSSL_FUNC_CIPHER_DECRYPT_INIT, start<false>),
    entry(OSSL_FUNC_CIPHER_UPDATE, update),
    entry(OSSL_FUNC_CIPHER_FINAL, finish),
    entry(OSSL_FUNC_CIPHER_GET_PARAMS, tell_of_cipher),
    entry(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, tell_of_message),
    entry(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, set_parameters),
    {0, nullptr},
  };
  static const OSSL_ALGORITHM ciphers[] = {
    {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", "provider=wide-gcm",
     functions, "AES-256-GCM by libipsec-mb"},
    {nullptr, nullptr, nullptr, nullptr},
  };
  *may_change = 0;
  return operation == OSSL_OP_CIPHER ? ciphers : nullptr;
}

int open_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*,
                  const OSSL_DISPATCH** functions, void** context) {
  static const OSSL_DISPATCH result[]
    = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, algorithms), {0, nullptr}};
  static int nothing = 0; // null would mean that it failed
  *functions = result;
  *context = &nothing;
  return 1;
}

} // namespace

const char* cipher_preference() {
  // Kept until the program ends; those that openssl.cnf wants stay, too.
  static const auto provider = []() -> OSSL_PROVIDER* {
    if (!wide_gcm::available()
        || OSSL_PROVIDER_add_builtin(nullptr, "wide-gcm", open_provider) != 1)
      return nullptr;
    return OSSL_PROVIDER_try_load(nullptr, "wide-gcm", 1);
  }();
  return provider != nullptr ? "?provider=wide-gcm" : nullptr;
}

} // namespace edgeless
