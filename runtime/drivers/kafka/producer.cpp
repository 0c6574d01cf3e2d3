// SPDX-License-Identifier: MIT
#include "runtime/drivers/kafka/client.hpp"

#include <atomic>
#include <thread>

namespace edgeless {

namespace {

using delivery_handler = kafka_producer::delivery_handler;

/// What the thread that serves callbacks shares with the producer.
struct producer_state {
  kafka_problem_handler on_problem;
  rd_kafka_ptr client;
  std::atomic<bool> is_closed{false};
};

void set_producer_callbacks(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_dr_msg_cb(
    conf, [](rd_kafka_t*, const rd_kafka_message_t* x, void*) {
      std::unique_ptr<delivery_handler> done{
        static_cast<delivery_handler*>(x->_private)};
      (*done)(x->err ? rd_kafka_err2str(x->err) : "");
    });
  rd_kafka_conf_set_error_cb(
    conf, [](rd_kafka_t*, int, const char* reason, void* opaque) {
      static_cast<producer_state*>(opaque)->on_problem(reason);
    });
}

class producer : public kafka_producer {
public:
  explicit producer(std::shared_ptr<producer_state> state)
    : state_{std::move(state)} {
    // The end may take as long as a connection that is being made.
    std::thread{[x = state_] {
      while (!x->is_closed)
        rd_kafka_poll(x->client.get(), 100);
      rd_kafka_purge(x->client.get(),
                     RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      rd_kafka_flush(x->client.get(), 1000);
      x->client = nullptr;
    }}.detach();
  }

  ~producer() override {
    state_->is_closed = true;
  }

  void send(const kafka_message& x, delivery_handler on_done) override {
    auto done = std::make_unique<delivery_handler>(std::move(on_done));
    auto code = rd_kafka_producev(
      state_->client.get(), RD_KAFKA_V_TOPIC(x.topic.c_str()),
      RD_KAFKA_V_KEY(x.key.data(), x.key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(x.payload.data()), x.payload.size()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(done.get()),
      RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      static_cast<void>(done.release()); // the delivery report has it
    else
      (*done)(rd_kafka_err2str(code));
  }

private:
  std::shared_ptr<producer_state> state_;
};

} // namespace

std::unique_ptr<kafka_producer>
make_kafka_producer(const kafka_properties& properties,
                    kafka_problem_handler on_problem, std::string& problem) {
  auto state = std::make_shared<producer_state>();
  state->on_problem = std::move(on_problem);
  state->client = make_kafka_client(RD_KAFKA_PRODUCER, properties, state.get(),
                                    set_producer_callbacks, problem);
  if (!state->client)
    return nullptr;
  return std::make_unique<producer>(std::move(state));
}

} // namespace edgeless
