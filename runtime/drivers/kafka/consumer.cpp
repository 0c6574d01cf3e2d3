// SPDX-License-Identifier: MIT
#include "runtime/drivers/kafka/client.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

struct list_deleter {
  void operator()(rd_kafka_topic_partition_list_t* x) const {
    rd_kafka_topic_partition_list_destroy(x);
  }
};
using list_ptr = std::unique_ptr<rd_kafka_topic_partition_list_t, list_deleter>;

struct place {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

/// Runs on a thread of its own, which the end of a consumer does not wait for.
class consumer_loop : public std::enable_shared_from_this<consumer_loop> {
public:
  kafka_properties properties;
  std::vector<std::string> topics;
  std::size_t window = 1;
  kafka_consumer::message_handler on_message;
  kafka_problem_handler on_problem;

  bool open(std::string& problem) {
    client_ = make_kafka_client(RD_KAFKA_CONSUMER, properties, this,
                                set_callbacks, problem);
    if (!client_)
      return false;
    rd_kafka_poll_set_consumer(client_.get());
    list_ptr list{rd_kafka_topic_partition_list_new(1)};
    for (auto& x : topics)
      rd_kafka_topic_partition_list_add(list.get(), x.c_str(),
                                        RD_KAFKA_PARTITION_UA);
    auto code = rd_kafka_subscribe(client_.get(), list.get());
    if (code)
      problem = rd_kafka_err2str(code);
    return !code;
  }

  void run() {
    for (auto pause = 500ms;;) {
      if (client_ && serve())
        pause = 500ms;
      end_client();
      std::unique_lock guard{mutex_};
      if (changed_.wait_for(guard, pause, [this] { return is_closed_; }))
        break;
      pause = std::min<std::chrono::milliseconds>(2 * pause, 30s);
      guard.unlock();
      std::string problem;
      if (!open(problem))
        on_problem(problem);
    }
    on_message = {};
    on_problem = {};
  }

  void close() {
    std::unique_lock guard{mutex_};
    is_closed_ = true;
    changed_.notify_all();
  }

private:
  static void set_callbacks(rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_error_cb(
      conf, [](rd_kafka_t*, int, const char* reason, void* opaque) {
        static_cast<consumer_loop*>(opaque)->on_problem(reason);
      });
  }

  /// Until the end, or until a message is refused. Whether one was accepted.
  bool serve() {
    auto has_accepted = false;
    for (;;) {
      std::vector<place> accepted;
      {
        std::unique_lock guard{mutex_};
        if (pending_ >= window)
          changed_.wait(guard, [this] {
            return pending_ < window || is_closed_ || is_refused_;
          });
        accepted = std::exchange(accepted_, {});
        if (is_closed_ || is_refused_) {
          guard.unlock();
          store(accepted);
          return has_accepted;
        }
      }
      has_accepted |= !accepted.empty();
      store(accepted);
      if (auto* x = rd_kafka_consumer_poll(client_.get(), 100)) {
        take(*x);
        rd_kafka_message_destroy(x);
      }
    }
  }

  void take(const rd_kafka_message_t& x) {
    if (x.err)
      return on_problem(rd_kafka_message_errstr(&x));
    auto text = [](const void* begin, std::size_t size) {
      return begin ? std::string{static_cast<const char*>(begin), size}
                   : std::string{};
    };
    std::uint64_t client;
    {
      std::unique_lock guard{mutex_};
      ++pending_;
      client = clients_;
    }
    place where{rd_kafka_topic_name(x.rkt), x.partition, x.offset};
    on_message({where.topic, text(x.key, x.key_len), text(x.payload, x.len)},
               [me = shared_from_this(), client, where](bool is_accepted) {
                 me->conclude(client, where, is_accepted);
               });
  }

  void conclude(std::uint64_t client, const place& where, bool is_accepted) {
    std::unique_lock guard{mutex_};
    if (client != clients_)
      return;
    --pending_;
    // What follows a refused message must not be committed.
    if (!is_accepted)
      is_refused_ = true;
    else if (!is_refused_)
      accepted_.push_back(where);
    changed_.notify_all();
  }

  /// librdkafka commits what is stored, each second and at the end.
  void store(const std::vector<place>& accepted) {
    if (accepted.empty())
      return;
    list_ptr list{rd_kafka_topic_partition_list_new(1)};
    for (auto& x : accepted) {
      auto* entry = rd_kafka_topic_partition_list_find(
        list.get(), x.topic.c_str(), x.partition);
      if (!entry)
        entry = rd_kafka_topic_partition_list_add(list.get(), x.topic.c_str(),
                                                  x.partition);
      entry->offset = x.offset + 1;
    }
    // Partitions that went to another consumer are refused, as they should be.
    rd_kafka_offsets_store(client_.get(), list.get());
  }

  void end_client() {
    if (client_)
      rd_kafka_consumer_close(client_.get());
    client_ = nullptr;
    std::unique_lock guard{mutex_};
    ++clients_;
    pending_ = 0;
    is_refused_ = false;
    accepted_.clear();
  }

  rd_kafka_ptr client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t clients_ = 0; ///< that have ended
  std::size_t pending_ = 0;   ///< messages of this client
  std::vector<place> accepted_;
  bool is_refused_ = false;
  bool is_closed_ = false;
};

class consumer : public kafka_consumer {
public:
  explicit consumer(std::shared_ptr<consumer_loop> loop)
    : loop_{std::move(loop)} {
    std::thread{[x = loop_] {
      x->run();
    }}.detach();
  }

  ~consumer() override {
    loop_->close();
  }

private:
  std::shared_ptr<consumer_loop> loop_;
};

} // namespace

std::unique_ptr<kafka_consumer>
make_kafka_consumer(const kafka_properties& properties,
                    const std::vector<std::string>& topics, std::size_t window,
                    kafka_consumer::message_handler on_message,
                    kafka_problem_handler on_problem, std::string& problem) {
  auto loop = std::make_shared<consumer_loop>();
  loop->properties = properties;
  loop->topics = topics;
  loop->window = window;
  loop->on_message = std::move(on_message);
  loop->on_problem = std::move(on_problem);
  if (!loop->open(problem))
    return nullptr;
  return std::make_unique<consumer>(std::move(loop));
}

} // namespace edgeless
