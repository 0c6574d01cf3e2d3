// SPDX-License-Identifier: MIT
#include "runtime/http/client.hpp"

#include "runtime/base/fd.hpp"
#include "runtime/http/address_filter.hpp"

#include "messages/errors.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <random>
#include <thread>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

struct list_deleter {
  void operator()(curl_slist* x) const {
    curl_slist_free_all(x);
  }
};

/// Whether a host is listed; names are compared without their case.
bool lists(const std::vector<std::string>& hosts, std::string_view host) {
  return std::ranges::any_of(
    hosts, [&](auto& x) { return equal_ignoring_case(x, host); });
}

/// Failures before which no server has got the request.
bool was_not_sent(CURLcode x) {
  return x == CURLE_COULDNT_CONNECT || x == CURLE_COULDNT_RESOLVE_HOST;
}

bool may_pass(CURLcode x) {
  return was_not_sent(x) || x == CURLE_OPERATION_TIMEDOUT
         || x == CURLE_GOT_NOTHING || x == CURLE_SEND_ERROR
         || x == CURLE_RECV_ERROR || x == CURLE_PARTIAL_FILE;
}

/// One request, over its redirects and repetitions.
struct transfer {
  http_client_request request;
  http_client::handler done;
  bool is_local = false; ///< its host may have any address
  bool was_refused = false;
  bool is_too_large = false;
  bool lacks_descriptor = false;
  std::uint32_t attempts = 0;
  long redirects = 0;
  clock::time_point deadline;
  CURL* easy = nullptr;
  std::unique_ptr<curl_slist, list_deleter> headers;
  http_response response;
  std::size_t header_bytes = 0;
  char error[CURL_ERROR_SIZE] = {};

  ~transfer() {
    curl_easy_cleanup(easy);
  }
};

// -- callbacks of curl ------------------------------------------------------

std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* to) {
  auto& x = *static_cast<transfer*>(to);
  if (x.response.body.size() + n > limits::http_body) {
    x.is_too_large = true;
    return 0;
  }
  x.response.body.append(bytes, n);
  if (x.request.on_body)
    x.request.on_body({bytes, n});
  return n;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* to) {
  auto& x = *static_cast<transfer*>(to);
  std::string_view line{bytes, n};
  if (line.starts_with("HTTP/")) { // also after 100 Continue
    x.response.headers.clear();
    x.header_bytes = 0;
  }
  x.header_bytes += n;
  if (x.header_bytes > 4 * limits::http_header) {
    x.is_too_large = true;
    return 0;
  }
  auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return n;
  auto value = line.substr(colon + 1);
  constexpr std::string_view space = " \t\r\n";
  value.remove_prefix(std::min(value.find_first_not_of(space), value.size()));
  value = value.substr(0, value.find_last_not_of(space) + 1);
  auto name = line.substr(0, colon);
  if (is_valid_header(name, value) && !is_hop_by_hop(name))
    x.response.headers.emplace_back(lower_case(name), value);
  return n;
}

/// Checks each address before a connection, whatever name led to it.
curl_socket_t on_open(void* from, curlsocktype, curl_sockaddr* address) {
  auto& x = *static_cast<transfer*>(from);
  if (!x.is_local && is_local_address(&address->addr)) {
    x.was_refused = true;
    return CURL_SOCKET_BAD;
  }
  file_descriptor opened{::socket(
    address->family, address->socktype | SOCK_CLOEXEC, address->protocol)};
  if (!opened || is_reserved(opened.get())) {
    x.lacks_descriptor = true;
    return CURL_SOCKET_BAD;
  }
  return opened.release();
}

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  auto result = curl_easy_setopt(easy, option, value);
  assert(result == CURLE_OK);
  static_cast<void>(result);
}

long milliseconds_until(clock::time_point x) {
  using std::chrono::milliseconds;
  auto left = std::chrono::ceil<milliseconds>(x - clock::now()).count();
  return std::max<long>(1, static_cast<long>(left));
}

} // namespace

/// The thread, and what it owns.
class http_client::loop {
public:
  loop(const std::vector<std::string>& local, const std::string& ca)
    : local_{local}, ca_{ca} {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      limits::http_client_connections);
    thread_ = std::thread{[this] {
      run();
    }};
  }

  ~loop() {
    {
      std::unique_lock guard{mutex_};
      is_closing_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (auto& [easy, x] : running_)
      curl_multi_remove_handle(multi_, easy);
    running_.clear();
    curl_multi_cleanup(multi_);
  }

  void add(std::unique_ptr<transfer> x) {
    {
      std::unique_lock guard{mutex_};
      added_.push_back(std::move(x));
    }
    curl_multi_wakeup(multi_);
  }

private:
  using transfer_ptr = std::unique_ptr<transfer>;

  void run() {
    for (;;) {
      std::vector<transfer_ptr> added;
      {
        std::unique_lock guard{mutex_};
        if (is_closing_)
          return;
        added = std::exchange(added_, {});
      }
      for (auto& x : added)
        begin(std::move(x));
      while (!waiting_.empty() && waiting_.begin()->first <= clock::now())
        begin(std::move(waiting_.extract(waiting_.begin()).mapped()));
      int active = 0;
      curl_multi_perform(multi_, &active);
      int left = 0;
      while (auto* message = curl_multi_info_read(multi_, &left))
        if (message->msg == CURLMSG_DONE)
          finish(message->easy_handle, message->data.result);
      auto timeout
        = waiting_.empty() ? 1000 : milliseconds_until(waiting_.begin()->first);
      curl_multi_poll(multi_, nullptr, 0,
                      static_cast<int>(std::min(timeout, 1000L)), nullptr);
    }
  }

  static void fail_with(transfer& x, const std::string& why) {
    x.done(fail(ec::unreachable, x.request.method + " "
                                   + x.request.url.substr(0, limits::text)
                                   + ": " + why));
  }

  void begin(transfer_ptr x) {
    auto host = host_of_url(x->request.url);
    if (host.empty())
      return fail_with(*x, "it is no URL of http or https");
    if (!x->request.allow.empty() && !lists(x->request.allow, host))
      return fail_with(*x, "the configuration `allow` does not list " + host);
    x->is_local = lists(local_, host);
    ++x->attempts;
    x->response = {};
    x->header_bytes = 0;
    x->error[0] = '\0';
    if (x->easy == nullptr)
      x->easy = curl_easy_init();
    prepare(*x);
    auto* easy = x->easy;
    running_.emplace(easy, std::move(x));
    curl_multi_add_handle(multi_, easy);
  }

  void prepare(transfer& x) const {
    auto* easy = x.easy;
    auto& request = x.request;
    curl_easy_reset(easy);
    set(easy, CURLOPT_URL, request.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // The directory with the authorities of the system is searched, too.
    if (!ca_.empty())
      set(easy, CURLOPT_CAINFO, ca_.c_str());
    set(easy, CURLOPT_PROXY, ""); // the address that is checked is the server's
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TIMEOUT_MS, milliseconds_until(x.deadline));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(
          std::chrono::milliseconds{limits::http_connect}.count()));
    set(easy, CURLOPT_ERRORBUFFER, x.error);
    set(easy, CURLOPT_WRITEFUNCTION, on_body);
    set(easy, CURLOPT_WRITEDATA, &x);
    set(easy, CURLOPT_HEADERFUNCTION, on_header);
    set(easy, CURLOPT_HEADERDATA, &x);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(easy, CURLOPT_OPENSOCKETDATA, &x);
    if (request.method == "HEAD")
      set(easy, CURLOPT_NOBODY, 1L);
    else
      set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty() || request.method == "POST"
        || request.method == "PUT" || request.method == "PATCH") {
      set(easy, CURLOPT_POSTFIELDSIZE_LARGE,
          static_cast<curl_off_t>(request.body.size()));
      set(easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    curl_slist* headers = curl_slist_append(nullptr, "Expect:");
    auto has_type = false;
    for (auto& [name, value] : request.headers)
      if (is_valid_header(name, value) && !is_hop_by_hop(name)) {
        has_type = has_type || equal_ignoring_case(name, "content-type");
        auto line = value.empty() ? name + ";" : name + ": " + value;
        headers = curl_slist_append(headers, line.c_str());
      }
    if (!has_type)
      headers = curl_slist_append(headers, "Content-Type:");
    set(easy, CURLOPT_HTTPHEADER, headers);
    x.headers.reset(headers);
  }

  void finish(CURL* easy, CURLcode result) {
    curl_multi_remove_handle(multi_, easy);
    auto found = running_.extract(easy);
    assert(!found.empty());
    auto x = std::move(found.mapped());
    if (x->was_refused)
      return fail_with(*x, "the address of the host is local, and http_allow "
                           "of the node does not list the host");
    if (x->lacks_descriptor)
      return fail_with(*x, why_reserved);
    if (x->is_too_large)
      return fail_with(*x, "the response is too large");
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK && status >= 200) {
      x->response.status = static_cast<unsigned>(status);
      char* next = nullptr;
      curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &next);
      if (next != nullptr && status != 304)
        return redirect(std::move(x), next);
    }
    auto repeatable = is_idempotent(x->request.method);
    auto may_repeat
      = result != CURLE_OK
          ? was_not_sent(result) || (repeatable && may_pass(result))
          : repeatable && (status == 502 || status == 503);
    if (may_repeat && x->attempts < limits::http_attempts) {
      // The pause doubles, and is drawn so that clients do not come in step.
      auto pause = limits::http_retry_pause * (1u << (x->attempts - 1));
      std::uniform_int_distribution<long> draw{pause.count() / 2,
                                               pause.count() * 3 / 2};
      auto when = clock::now() + std::chrono::milliseconds{draw(random_)};
      if (when < x->deadline) {
        waiting_.emplace(when, std::move(x));
        return;
      }
    }
    if (result != CURLE_OK)
      return fail_with(*x, x->error[0] != '\0' ? x->error
                                               : curl_easy_strerror(result));
    x->done(std::move(x->response));
  }

  /// The next request is checked as the first one was.
  void redirect(transfer_ptr x, std::string next) {
    if (++x->redirects > limits::http_redirects)
      return fail_with(*x, "too many redirects");
    auto& request = x->request;
    if (host_of_url(next) != host_of_url(request.url))
      std::erase_if(request.headers, [](auto& header) {
        auto name = lower_case(header.first);
        return name == "authorization" || name == "cookie" || name == "host";
      });
    auto status = x->response.status;
    if ((status == 303 && request.method != "HEAD")
        || ((status == 301 || status == 302) && request.method == "POST")) {
      request.method = "GET";
      request.body.clear();
    }
    request.url = std::move(next);
    x->attempts = 0;
    begin(std::move(x));
  }

  const std::vector<std::string>& local_;
  const std::string& ca_;
  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  std::vector<transfer_ptr> added_;
  bool is_closing_ = false;
  std::map<CURL*, transfer_ptr> running_;
  std::multimap<clock::time_point, transfer_ptr> waiting_;
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

http_client::http_client(std::vector<std::string> local, std::string ca)
  : local_{std::move(local)}, ca_{std::move(ca)} {
  // nop
}

http_client::~http_client() = default;

void http_client::start(http_client_request x, handler done) {
  std::call_once(started_,
                 [this] { loop_ = std::make_unique<loop>(local_, ca_); });
  auto made = std::make_unique<transfer>();
  made->deadline = clock::now() + x.timeout;
  made->request = std::move(x);
  made->done = std::move(done);
  loop_->add(std::move(made));
}

} // namespace edgeless
