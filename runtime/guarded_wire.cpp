// SPDX-License-Identifier: MIT
#include "runtime/guarded_wire.hpp"

#include "runtime/log.hpp"
#include "runtime/wire_loop.hpp"

#include <atomic>

namespace edgeless {

namespace {

class guarded_listener : public listener {
public:
  guarded_listener(std::weak_ptr<wire_loop> loop, std::uint16_t key,
                   std::uint16_t port)
    : loop_(std::move(loop)), key_(key), port_(port) {
    // nop
  }

  ~guarded_listener() override {
    if (auto loop = loop_.lock())
      loop->close(key_);
  }

  std::uint16_t port() const override {
    return port_;
  }

private:
  std::weak_ptr<wire_loop> loop_;
  std::uint16_t key_;
  std::uint16_t port_;
};

caf::error check_scheme(const url& where, bool encrypted) {
  if (where.scheme == "http" || (where.scheme == "https" && encrypted))
    return caf::none;
  return fail(ec::bad_input,
              where.scheme + "://" + where.host
                + (where.scheme == "https" ? ": needs the files of [tls]"
                                           : ": only http is spoken here"));
}

/// What those roles may say to `self`, together.
admission_table_ptr table_for(peer_role self,
                              const std::vector<peer_role>& peers) {
  admission_list list;
  for (auto peer : peers)
    for (auto& x : admission(peer, self))
      list.push_back(std::move(x));
  return std::make_shared<admission_table>(list);
}

class guarded_wire : public wire {
public:
  guarded_wire(caf::actor_system& system, wire_settings settings)
    : encrypted_(settings.tls != nullptr),
      loop_(std::make_shared<wire_loop>(system, std::move(settings))) {
    // nop
  }

  caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr door, peer_role self,
         const std::vector<peer_role>& peers) override {
    if (auto error = check_scheme(where, encrypted_))
      return error;
    auto addresses = resolve(where, false);
    if (!addresses)
      return addresses.error();
    caf::error error;
    for (auto& address : *addresses) {
      auto socket = listen_at(address);
      if (!socket) {
        error = socket.error();
        continue;
      }
      door_order order{
        std::move(*socket), table_for(self, peers), std::move(door), peers, {}};
      for (auto peer : peers)
        order.by_role.emplace(peer, table_for(self, {peer}));
      auto port = port_of(order.socket);
      auto key = ++last_key_;
      loop_->open(key, std::move(order));
      return std::make_unique<guarded_listener>(loop_, key, port);
    }
    return error;
  }

  void dial(const std::string& where, peer_role self, peer_role peer,
            const std::string& name, caf::strong_actor_ptr whom) override {
    auto parsed = parse_url(where);
    auto error = parsed ? check_scheme(*parsed, encrypted_) : parsed.error();
    if (error)
      return report_dial(whom, where, nullptr, explain(error));
    loop_->dial({where, std::move(*parsed), table_for(self, {peer}),
                 std::move(whom), peer, name});
  }

private:
  bool encrypted_;
  std::shared_ptr<wire_loop> loop_;
  /// Names doors towards CAF, which takes it for a port.
  std::atomic<std::uint16_t> last_key_ = 0;
};

} // namespace

std::unique_ptr<wire> make_guarded_wire(caf::actor_system& system,
                                        wire_settings settings) {
  if (!settings.statistics)
    settings.statistics = std::make_shared<wire_statistics>();
  if (!settings.log)
    settings.log = [](const std::string& line) {
      log_warn("wire", line);
    };
  return std::make_unique<guarded_wire>(system, std::move(settings));
}

} // namespace edgeless
