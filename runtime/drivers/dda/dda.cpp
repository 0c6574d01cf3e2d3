// SPDX-License-Identifier: MIT
#include "runtime/drivers/dda/shared_state.hpp"
#include "runtime/drivers/driver.hpp"

namespace edgeless {

namespace {

class grpc_connection : public dda_connection {
public:
  explicit grpc_connection(const dda_options& options)
    : shared_{std::make_shared<shared_state>(options)} {
    // nop
  }

  ~grpc_connection() override {
    shared_->close();
  }

  void call(const dda_request& x,
            std::function<void(dda_result)> on_done) override {
    start_dda_call(shared_, x, std::move(on_done));
  }

  void subscribe(const dda_subscription& x, message_handler on_message,
                 std::function<void(const std::string&)> on_end) override {
    start_dda_subscription(shared_, x, std::move(on_message),
                           std::move(on_end));
  }

private:
  shared_state_ptr shared_;
};

class grpc_driver : public dda_driver {
public:
  std::unique_ptr<dda_connection> open(const dda_options& options) override {
    return std::make_unique<grpc_connection>(options);
  }
};

} // namespace

} // namespace edgeless

EDGELESS_DRIVER(edgeless::dda_driver, edgeless::grpc_driver)
