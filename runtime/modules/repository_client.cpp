// SPDX-License-Identifier: MIT
#include "runtime/modules/repository_client.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace edgeless {

namespace json = boost::json;

namespace {

struct curl_deleter {
  void operator()(CURL* x) const {
    curl_easy_cleanup(x);
  }
  void operator()(curl_slist* x) const {
    curl_slist_free_all(x);
  }
  void operator()(curl_mime* x) const {
    curl_mime_free(x);
  }
};

template <class T>
using curl_ptr = std::unique_ptr<T, curl_deleter>;

/// An answer that is being received.
struct receiver {
  repository_answer answer;
  std::size_t max = 0;
  bool is_full = false;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& x = *static_cast<receiver*>(to);
  x.is_full = count > x.max - x.answer.body.size();
  if (x.is_full)
    return 0; // ends the transfer
  x.answer.body.append(bytes, count);
  return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* to) {
  std::string_view line{bytes, count};
  std::string name{line.substr(0, line.find(':'))};
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (name == "content-disposition" && count <= limits::text)
    static_cast<receiver*>(to)->answer.disposition
      = line.substr(std::min(count, name.size() + 1));
  return count;
}

/// The beginning of an answer, for people.
std::string excerpt(const std::string& text) {
  return printable(text.substr(0, 200));
}

std::string escaped(const std::string& segment) {
  std::unique_ptr<char, decltype(&curl_free)> text{
    curl_easy_escape(nullptr, segment.data(), static_cast<int>(segment.size())),
    &curl_free};
  return text ? text.get() : "";
}

/// The text of a member of an object; "" if there is none.
std::string member(const std::string& text, std::string_view key) {
  boost::system::error_code problem;
  auto value = json::parse(text, problem);
  if (problem || !value.is_object())
    return {};
  auto* found = value.as_object().if_contains(key);
  return found && found->is_string() ? std::string{found->as_string()} : "";
}

} // namespace

caf::expected<repository_answer> fetch(const repository_request& x,
                                       std::size_t max) {
  using std::chrono::milliseconds;
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  curl_ptr<CURL> curl{ready == CURLE_OK ? curl_easy_init() : nullptr};
  if (!curl)
    return fail(ec::system_failure, "libcurl cannot be initialised");
  receiver to{{}, max};
  char reason[CURL_ERROR_SIZE] = "";
  auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl.get(), option, value);
  };
  set(CURLOPT_URL, x.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds{limits::dial}.count());
  set(CURLOPT_TIMEOUT_MS, milliseconds{limits::repository}.count());
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&to));
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&to));
  if (!x.user.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, x.user.c_str());
    set(CURLOPT_PASSWORD, x.password.c_str());
  }
  curl_ptr<curl_slist> headers;
  for (auto& header : x.headers)
    headers.reset(curl_slist_append(headers.release(), header.c_str()));
  set(CURLOPT_HTTPHEADER, headers.get());
  curl_ptr<curl_mime> form;
  if (x.is_form) {
    form.reset(curl_mime_init(curl.get()));
    auto* part = curl_mime_addpart(form.get());
    curl_mime_name(part, "file");
    curl_mime_filename(part, "binary");
    curl_mime_data(part, x.body.data(), x.body.size());
    set(CURLOPT_MIMEPOST, form.get());
  } else if (!x.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(x.body.size()));
    set(CURLOPT_POSTFIELDS, x.body.data());
  }
  auto code = curl_easy_perform(curl.get());
  if (to.is_full)
    return fail(ec::exhausted, x.url + ": the answer has more than "
                                 + std::to_string(max) + " bytes");
  if (code != CURLE_OK)
    return fail(ec::unreachable,
                x.url + ": "
                  + (*reason != '\0' ? reason : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299)
    return fail(ec::bad_input, x.url + ": answered with status "
                                 + std::to_string(status) + " "
                                 + excerpt(to.answer.body));
  return std::move(to.answer);
}

std::string file_name_of(const std::string& disposition) {
  constexpr std::string_view key = "filename=";
  auto begin = disposition.find(key);
  if (begin == std::string::npos)
    return {};
  begin += key.size();
  auto quoted = begin < disposition.size() && disposition[begin] == '"';
  begin += quoted;
  auto end = disposition.find_first_of(quoted ? "\"" : "; \r\n", begin);
  auto name = disposition.substr(begin, end - begin);
  name = name.substr(name.find_last_of("/\\") + 1);
  auto is_plain = std::ranges::none_of(
    name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  // No hidden file and no option of a program.
  return is_plain && !name.starts_with('.') && !name.starts_with('-') ? name
                                                                      : "";
}

repository_request repository_client::request(const std::string& path) const {
  repository_request result{where_.url.text, {"Accept: application/json"}};
  while (result.url.ends_with('/'))
    result.url.pop_back();
  if (where_.api_key.empty()) {
    result.url += "/api/admin" + path;
    result.user = where_.basic_auth_user;
    result.password = where_.basic_auth_pass;
  } else {
    result.url += path;
    result.headers.push_back("Authorization: ApiKey_" + where_.api_key);
  }
  return result;
}

caf::expected<std::string>
repository_client::get(const std::string& name) const {
  auto answer
    = fetch(request("/function/" + escaped(name)), limits::configuration);
  if (!answer)
    return answer.error();
  return std::move(answer->body);
}

caf::expected<repository_client::code_file>
repository_client::download(const std::string& id) const {
  auto x = request("/function/download/" + escaped(id));
  x.headers[0] = "Accept: */*";
  auto answer = fetch(x, limits::module);
  if (!answer)
    return answer.error();
  return code_file{file_name_of(answer->disposition), std::move(answer->body)};
}

caf::expected<repository_client::receipt>
repository_client::push(const std::string& module,
                        const function_file& function) const {
  auto upload = request("/function/upload");
  upload.body = module;
  upload.is_form = true;
  auto stored = fetch(upload, limits::configuration);
  if (!stored)
    return stored.error();
  receipt result;
  result.code_file = member(stored->body, "id");
  if (result.code_file.empty())
    return fail(ec::bad_input, upload.url + ": the answer has no id: "
                                 + excerpt(stored->body));
  json::object document{{"id", function.id}, {"version", function.version}};
  json::array outputs(function.outputs.begin(), function.outputs.end());
  document["outputs"] = outputs;
  if (where_.api_key.empty()) {
    document["function_type"] = function.function_type;
    document["code_file_id"] = result.code_file;
  } else {
    document["function_types"] = json::array{json::object{
      {"type", function.function_type}, {"code_file_id", result.code_file}}};
  }
  auto add = request("/function");
  add.headers.emplace_back("Content-Type: application/json");
  add.body = json::serialize(document);
  auto added = fetch(add, limits::configuration);
  if (!added)
    return added.error();
  result.function = member(added->body, "id");
  if (result.function.empty())
    result.function = function.id;
  return result;
}

} // namespace edgeless
