// SPDX-License-Identifier: MIT
#include "runtime/net/certificate_authority.hpp"

#include "runtime/base/files.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <system_error>

namespace edgeless {

namespace {

using x509_ptr = owned<X509, X509_free>;
using key_ptr = owned<EVP_PKEY, EVP_PKEY_free>;

constexpr auto authority_valid = std::chrono::hours{24 * 3653};
/// Certificates are valid from an hour ago, because clocks differ.
constexpr auto backdated = std::chrono::hours{1};

caf::error refused(const std::string& what) {
  auto text = ERR_reason_error_string(ERR_peek_last_error());
  return fail(ec::system_failure,
              what + (text != nullptr ? std::string{": "} + text : ""));
}

/// The text that a PEM writer makes.
template <class Writer>
std::string pem(Writer write) {
  owned<BIO, BIO_free> to{BIO_new(BIO_s_mem())};
  if (!to || write(to.get()) != 1)
    return {};
  char* text = nullptr;
  auto size = BIO_get_mem_data(to.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

int refuse_password(char*, int, int, void*) {
  return -1;
}

bool has_random_serial(X509* x) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1)
    return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40); // positive
  owned<BIGNUM, BN_free> number{BN_bin2bn(bytes, sizeof bytes, nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x));
}

bool set_name(X509_NAME* name, const std::string& text) {
  auto bytes = reinterpret_cast<const unsigned char*>(text.data());
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes,
                                    static_cast<int>(text.size()), -1, 0)
         == 1;
}

/// Adds an extension in the syntax of OpenSSL's configuration files.
bool extend(X509* x, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  owned<X509_EXTENSION, X509_EXTENSION_free> extension{
    X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  return extension && X509_add_ext(x, extension.get(), -1) == 1;
}

/// A certificate for `key` with the fields that all certificates have.
x509_ptr make_certificate(EVP_PKEY* key, std::chrono::seconds valid) {
  x509_ptr result{X509_new()};
  auto x = result.get();
  auto from = -std::chrono::seconds{backdated}.count();
  if (x == nullptr || X509_set_version(x, X509_VERSION_3) != 1
      || !has_random_serial(x) || X509_set_pubkey(x, key) != 1
      || X509_gmtime_adj(X509_getm_notBefore(x), from) == nullptr
      || X509_gmtime_adj(X509_getm_notAfter(x), valid.count()) == nullptr)
    return nullptr;
  return result;
}

// -- alternative names --------------------------------------------------------

bool add_name(GENERAL_NAMES* all, int kind, const std::string& bytes) {
  owned<GENERAL_NAME, GENERAL_NAME_free> name{GENERAL_NAME_new()};
  auto text
    = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  if (!name || text == nullptr
      || ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()))
           != 1) {
    ASN1_STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(name.get(), kind, text);
  return sk_GENERAL_NAME_push(all, name.release()) > 0;
}

bool add_host(GENERAL_NAMES* all, const std::string& host) {
  char bytes[16];
  if (::inet_pton(AF_INET, host.c_str(), bytes) == 1)
    return add_name(all, GEN_IPADD, {bytes, 4});
  if (::inet_pton(AF_INET6, host.c_str(), bytes) == 1)
    return add_name(all, GEN_IPADD, {bytes, 16});
  return add_name(all, GEN_DNS, host);
}

bool add_names(X509* x, const certificate_order& order) {
  owned<GENERAL_NAMES, GENERAL_NAMES_free> all{sk_GENERAL_NAME_new_null()};
  auto ok = all != nullptr;
  for (auto& name : order.names)
    ok = ok && add_name(all.get(), GEN_URI, to_string(name));
  for (auto& host : order.hosts)
    ok = ok && add_host(all.get(), host);
  return ok
         && X509_add1_ext_i2d(x, NID_subject_alt_name, all.get(), 0,
                              X509V3_ADD_DEFAULT)
              == 1;
}

// -- files --------------------------------------------------------------------

caf::error refuse_existing(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::symlink_status(file, ignored).type()
      == std::filesystem::file_type::not_found)
    return caf::none;
  return fail(ec::duplicate, file.string()
                               + ": is there already; it is not "
                                 "overwritten");
}

std::filesystem::path with(std::filesystem::path prefix, const char* ending) {
  prefix += ending;
  return prefix;
}

caf::error write_pair(const std::filesystem::path& prefix, X509* certificate,
                      EVP_PKEY* key) {
  auto public_file = with(prefix, ".pem");
  auto key_file = with(prefix, ".key");
  for (auto& file : {public_file, key_file})
    if (auto problem = refuse_existing(file))
      return problem;
  auto secret = pem([key](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, key, nullptr, nullptr, 0, nullptr,
                                         nullptr);
  });
  auto open = pem(
    [certificate](BIO* to) { return PEM_write_bio_X509(to, certificate); });
  if (secret.empty() || open.empty())
    return refused("cannot write a certificate");
  if (auto problem = write_secret_file(key_file, secret))
    return problem;
  return write_new_file(public_file, open);
}

struct authority {
  x509_ptr certificate;
  key_ptr key;
};

caf::expected<authority> load_authority(const std::filesystem::path& folder) {
  auto missing = [&](const caf::error& why) {
    return fail(ec::bad_input, explain(why) + ": edgeless_cli certificate init "
                                 + folder.string() + " makes an authority");
  };
  auto open = read_file(folder / "ca.pem", limits::key_file);
  if (!open)
    return missing(open.error());
  auto secret = read_file(folder / "ca.key", limits::key_file);
  if (!secret)
    return missing(secret.error());
  auto reader = [](const std::string& text) {
    return owned<BIO, BIO_free>{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  };
  ERR_clear_error();
  authority result;
  result.certificate.reset(
    PEM_read_bio_X509(reader(*open).get(), nullptr, refuse_password, nullptr));
  result.key.reset(PEM_read_bio_PrivateKey(reader(*secret).get(), nullptr,
                                           refuse_password, nullptr));
  if (!result.certificate
      || X509_check_private_key(result.certificate.get(), result.key.get())
           != 1)
    return fail(ec::bad_input, folder.string()
                                 + ": ca.pem and ca.key are no certificate "
                                   "and its key");
  return result;
}

} // namespace

std::vector<tls_identity> names_of_orchestrator(const std::string& domain,
                                                const random_source& random) {
  return {{peer_role::orchestrator, domain},
          {peer_role::node, to_string(draw<node_id>(random))}};
}

caf::error make_authority(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem)
    return fail(ec::system_failure, folder.string() + ": " + problem.message());
  key_ptr key{EVP_EC_gen("P-256")};
  auto ca = key ? make_certificate(key.get(), authority_valid) : nullptr;
  auto x = ca.get();
  if (x == nullptr || !set_name(X509_get_subject_name(x), "edgeless authority")
      || X509_set_issuer_name(x, X509_get_subject_name(x)) != 1
      || !extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
      || !extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign")
      || !extend(x, x, NID_subject_key_identifier, "hash")
      || X509_sign(x, key.get(), EVP_sha256()) == 0)
    return refused("cannot make an authority");
  return write_pair(folder / "ca", x, key.get());
}

caf::error issue_certificate(const std::filesystem::path& folder,
                             const certificate_order& order,
                             const std::filesystem::path& prefix) {
  auto ca = load_authority(folder);
  if (!ca)
    return ca.error();
  auto issuer = ca->certificate.get();
  key_ptr key{EVP_EC_gen("P-256")};
  auto made = key ? make_certificate(key.get(), order.valid) : nullptr;
  auto x = made.get();
  auto role = order.names.empty() ? peer_role::client : order.names[0].role;
  if (x == nullptr
      || !set_name(X509_get_subject_name(x),
                   "edgeless " + std::string{to_string(role)})
      || X509_set_issuer_name(x, X509_get_subject_name(issuer)) != 1
      || !extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE")
      || !extend(x, issuer, NID_key_usage, "critical,digitalSignature")
      || !extend(x, issuer, NID_ext_key_usage, "serverAuth,clientAuth")
      || !extend(x, issuer, NID_subject_key_identifier, "hash")
      || !extend(x, issuer, NID_authority_key_identifier, "keyid")
      || !add_names(x, order) || X509_sign(x, ca->key.get(), EVP_sha256()) == 0)
    return refused("cannot make a certificate");
  return write_pair(prefix, x, key.get());
}

} // namespace edgeless
