// SPDX-License-Identifier: MIT
#include "runtime/net/tls_certificate.hpp"

#include "runtime/base/files.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <span>

namespace edgeless {

namespace {

/// The largest number of intermediate authorities in a chain.
constexpr int chain_depth = 4;
/// The size of a receive buffer: two records.
constexpr std::size_t receive_buffer = 33u << 10;

using x509_ptr = owned<X509, X509_free>;

caf::error bad_file(const std::string& file, const std::string& what) {
  return fail(ec::bad_input, file + ": " + what);
}

/// The reason of the last OpenSSL error.
std::string last_reason() {
  auto text = ERR_reason_error_string(ERR_peek_last_error());
  return text != nullptr ? text : "unknown";
}

caf::expected<std::string> text_of(const std::string& file) {
  auto text = read_file(file, limits::certificate_file);
  if (!text)
    return fail(ec::bad_input, explain(text.error()));
  return std::move(*text);
}

owned<BIO, BIO_free> reader(const std::string& text) {
  return owned<BIO, BIO_free>{
    BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Encrypted keys are refused: there is no prompt for a password.
int no_password(char*, int, int, void*) {
  return -1;
}

caf::expected<std::vector<x509_ptr>>
read_certificates(const std::string& file) {
  auto text = text_of(file);
  if (!text)
    return text.error();
  ERR_clear_error();
  std::vector<x509_ptr> result;
  auto from = reader(*text);
  while (auto x = PEM_read_bio_X509(from.get(), nullptr, no_password, nullptr))
    result.emplace_back(x);
  auto end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (result.empty() && end)
    return bad_file(file, "has no certificate in PEM format");
  if (!end)
    return bad_file(file, "has a broken certificate: " + last_reason());
  return result;
}

caf::expected<owned<EVP_PKEY, EVP_PKEY_free>>
read_key(const std::string& file) {
  auto text = text_of(file);
  if (!text)
    return text.error();
  ERR_clear_error();
  owned<EVP_PKEY, EVP_PKEY_free> result{PEM_read_bio_PrivateKey(
    reader(*text).get(), nullptr, no_password, nullptr)};
  if (!result)
    return bad_file(file, "has no private key in PEM format, or one with a "
                          "password");
  return result;
}

std::chrono::system_clock::time_point moment(const ASN1_TIME* x) {
  std::tm parts{};
  ASN1_TIME_to_tm(x, &parts);
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string date(std::chrono::system_clock::time_point x) {
  auto seconds = std::chrono::system_clock::to_time_t(x);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

caf::error check_dates(const std::string& file, const X509* x) {
  auto now = std::chrono::system_clock::now();
  if (auto end = moment(X509_get0_notAfter(x)); end <= now)
    return bad_file(file, "has expired on " + date(end));
  if (auto begin = moment(X509_get0_notBefore(x)); begin > now)
    return bad_file(file, "is not valid before " + date(begin));
  return caf::none;
}

caf::error check_identity(const std::string& file,
                          const std::vector<tls_identity>& names,
                          const tls_identity& self) {
  std::string all;
  for (auto& x : names) {
    if (x.role == self.role && (self.name.empty() || x.name == self.name))
      return caf::none;
    all += (all.empty() ? "" : ", ") + to_string(x);
  }
  return bad_file(file, (all.empty() ? "has no identity" : "names " + all)
                          + ", but this is " + to_string(self));
}

/// Whether peers with the same authorities will trust the certificate.
caf::error check_signature(const tls_settings& files, X509_STORE* trusted,
                           const std::vector<x509_ptr>& chain) {
  owned<X509_STORE_CTX, X509_STORE_CTX_free> check{X509_STORE_CTX_new()};
  std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others{
    sk_X509_new_null(), [](STACK_OF(X509) * x) {
      sk_X509_free(x);
    }};
  for (auto& x : chain)
    sk_X509_push(others.get(), x.get());
  if (X509_STORE_CTX_init(check.get(), trusted, chain.front().get(),
                          others.get())
        == 1
      && X509_verify_cert(check.get()) == 1)
    return caf::none;
  return bad_file(
    files.certificate,
    "is not trusted by " + files.ca + ": "
      + X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

/// A context with the options of all connections.
owned<SSL_CTX, SSL_CTX_free> make_context() {
  owned<SSL_CTX, SSL_CTX_free> result{SSL_CTX_new(TLS_method())};
  auto x = result.get();
  if (x == nullptr)
    return result;
  SSL_CTX_set_min_proto_version(x, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(x, TLS1_3_VERSION);
  SSL_CTX_set_options(x, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                           | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(x, 0);
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(x, 0);
  // Messages of TLS itself must not keep a reader busy without end.
  SSL_CTX_clear_mode(x, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(x, 1);
  SSL_CTX_set_default_read_buffer_len(x, receive_buffer);
  SSL_CTX_set_max_cert_list(x, limits::certificate_chain);
  SSL_CTX_set_verify_depth(x, chain_depth);
  return result;
}

} // namespace

std::vector<tls_identity> identities_of(x509_st* certificate) {
  std::vector<tls_identity> result;
  if (certificate == nullptr)
    return result;
  owned<GENERAL_NAMES, GENERAL_NAMES_free> names{static_cast<GENERAL_NAMES*>(
    X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    auto name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI)
      continue;
    auto uri = name->d.uniformResourceIdentifier;
    auto text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri));
    auto size = static_cast<std::size_t>(ASN1_STRING_length(uri));
    if (auto x = parse_identity({text, size}))
      result.push_back(std::move(*x));
  }
  return result;
}

caf::expected<tls_material> load_tls(const tls_settings& files,
                                     const tls_identity& self) {
  auto authorities = read_certificates(files.ca);
  if (!authorities)
    return authorities.error();
  auto chain = read_certificates(files.certificate);
  if (!chain)
    return chain.error();
  auto key = read_key(files.key);
  if (!key)
    return key.error();
  auto own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1)
    return bad_file(files.key, "is not the key of " + files.certificate);
  if (auto problem = check_dates(files.certificate, own))
    return problem;
  tls_material result;
  result.identities = identities_of(own);
  result.expires = moment(X509_get0_notAfter(own));
  if (auto problem = check_identity(files.certificate, result.identities, self))
    return problem;
  auto context = make_context();
  if (!context)
    return fail(ec::system_failure,
                "cannot create a TLS context: " + last_reason());
  auto trusted = SSL_CTX_get_cert_store(context.get());
  for (auto& x : *authorities)
    X509_STORE_add_cert(trusted, x.get());
  if (auto problem = check_signature(files, trusted, *chain))
    return problem;
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context.get(), own) != 1)
    return bad_file(files.certificate, "cannot be used: " + last_reason());
  for (auto& x : std::span{*chain}.subspan(1))
    SSL_CTX_add1_chain_cert(context.get(), x.get());
  if (SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1)
    return bad_file(files.key, "cannot be used: " + last_reason());
  result.context = {context.release(), SSL_CTX_free};
  return result;
}

} // namespace edgeless
