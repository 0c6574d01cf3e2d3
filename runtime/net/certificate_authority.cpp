// SPDX-License-Identifier: MIT
#include "runtime/net/certificate_authority.hpp"

#include "runtime/base/files.hpp"
#include "runtime/wasm/owned.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <initializer_list>
#include <memory>
#include <system_error>

namespace edgeless {

namespace {

using x509_ptr = owned<X509, X509_free>;
using key_ptr = owned<EVP_PKEY, EVP_PKEY_free>;

constexpr auto authority_valid = std::chrono::hours{24 * 3653};
/// Certificates are valid from an hour ago, because clocks differ.
constexpr auto backdated = std::chrono::hours{1};

/// An error with the reason of OpenSSL's last error.
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

bool set_random_serial(X509* x) {
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

/// An extension in the syntax of OpenSSL's configuration files.
struct extension {
  int kind;
  const char* value;
};

bool add_extensions(X509* x, X509* issuer,
                    std::initializer_list<extension> all) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  for (auto& [kind, value] : all) {
    owned<X509_EXTENSION, X509_EXTENSION_free> made{
      X509V3_EXT_nconf_nid(nullptr, &context, kind, value)};
    if (!made || X509_add_ext(x, made.get(), -1) != 1)
      return false;
  }
  return true;
}

/// Alternative names are not written in OpenSSL's syntax, where a comma in a
/// host name would begin another name.
bool add_names(X509* x, const certificate_order& order) {
  owned<GENERAL_NAMES, GENERAL_NAMES_free> all{sk_GENERAL_NAME_new_null()};
  auto add = [&](int kind, const std::string& text) {
    owned<GENERAL_NAME, GENERAL_NAME_free> name{
      a2i_GENERAL_NAME(nullptr, nullptr, nullptr, kind, text.c_str(), 0)};
    return all && name && sk_GENERAL_NAME_push(all.get(), name.release()) > 0;
  };
  for (auto& name : order.names)
    if (!add(GEN_URI, to_string(name)))
      return false;
  for (auto& host : order.hosts) {
    owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> address{
      a2i_IPADDRESS(host.c_str())};
    if (!add(address ? GEN_IPADD : GEN_DNS, host))
      return false;
  }
  return all
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
    return refused("cannot encode a certificate");
  if (auto problem = write_secret_file(key_file, secret))
    return problem;
  auto problem = write_new_file(public_file, open);
  std::error_code ignored;
  if (problem) // no key without its certificate is left
    std::filesystem::remove(key_file, ignored);
  return problem;
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

/// Writes a new key and its certificate. Without an issuer, the certificate is
/// self-signed; without an order, it has no alternative names.
caf::error
write_certificate(const std::filesystem::path& prefix,
                  const std::string& subject, std::chrono::seconds valid,
                  std::initializer_list<extension> extensions,
                  const authority* issuer, const certificate_order* order) {
  key_ptr key{EVP_EC_gen("P-256")};
  x509_ptr made{X509_new()};
  auto x = made.get();
  auto from = -std::chrono::seconds{backdated}.count();
  auto signer = issuer != nullptr ? issuer->certificate.get() : x;
  auto signing_key = issuer != nullptr ? issuer->key.get() : key.get();
  if (!key || x == nullptr || X509_set_version(x, X509_VERSION_3) != 1
      || !set_random_serial(x) || X509_set_pubkey(x, key.get()) != 1
      || X509_gmtime_adj(X509_getm_notBefore(x), from) == nullptr
      || X509_gmtime_adj(X509_getm_notAfter(x), valid.count()) == nullptr
      || !set_name(X509_get_subject_name(x), subject)
      || X509_set_issuer_name(x, X509_get_subject_name(signer)) != 1
      || !add_extensions(x, signer, extensions)
      || (order != nullptr && !add_names(x, *order))
      || X509_sign(x, signing_key, EVP_sha256()) == 0)
    return refused("cannot create a certificate");
  return write_pair(prefix, x, key.get());
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
  return write_certificate(
    folder / "ca", "edgeless authority", authority_valid,
    {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
     {NID_key_usage, "critical,keyCertSign,cRLSign"},
     {NID_subject_key_identifier, "hash"}},
    nullptr, nullptr);
}

caf::error issue_certificate(const std::filesystem::path& folder,
                             const certificate_order& order,
                             const std::filesystem::path& prefix) {
  auto ca = load_authority(folder);
  if (!ca)
    return ca.error();
  auto role = order.names.empty() ? peer_role::client : order.names[0].role;
  return write_certificate(prefix, "edgeless " + std::string{to_string(role)},
                           order.valid,
                           {{NID_basic_constraints, "critical,CA:FALSE"},
                            {NID_key_usage, "critical,digitalSignature"},
                            {NID_ext_key_usage, "serverAuth,clientAuth"},
                            {NID_subject_key_identifier, "hash"},
                            {NID_authority_key_identifier, "keyid"}},
                           &*ca, &order);
}

} // namespace edgeless
