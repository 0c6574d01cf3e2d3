// SPDX-License-Identifier: MIT
#include "runtime/net/basp/basp_transport.hpp"

#include "runtime/base/log.hpp"
#include "runtime/net/basp/handshake_loop.hpp"

#include <atomic>

namespace edgeless {

namespace {

class basp_listener : public listener {
public:
  basp_listener(std::weak_ptr<handshake_loop> loop, std::uint16_t key,
                std::uint16_t port)
    : loop_(std::move(loop)), key_(key), port_(port) {
    // nop
  }

  ~basp_listener() override {
    if (auto loop = loop_.lock())
      loop->close(key_);
  }

  std::uint16_t port() const override {
    return port_;
  }

private:
  std::weak_ptr<handshake_loop> loop_;
  std::uint16_t key_;
  std::uint16_t port_;
};

caf::error check_scheme(const url& where, bool encrypted) {
  if (where.scheme == "http" || (where.scheme == "https" && encrypted))
    return caf::none;
  return fail(ec::bad_input,
              where.scheme + "://" + where.host
                + (where.scheme == "https" ? ": needs the files of [tls]"
                                           : ": the scheme must be http"));
}

/// The messages that any of these roles may send to `self`.
acl_table_ptr table_for(peer_role self, const std::vector<peer_role>& peers) {
  message_acl_list list;
  for (auto peer : peers)
    for (auto& x : message_acl(peer, self))
      list.push_back(std::move(x));
  return std::make_shared<acl_table>(list);
}

class basp_transport : public transport {
public:
  basp_transport(caf::actor_system& system, transport_settings settings)
    : encrypted_(settings.tls != nullptr),
      loop_(std::make_shared<handshake_loop>(system, std::move(settings))) {
    // nop
  }

  caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr acceptor, peer_role self,
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
      listen_order order{std::move(*socket),
                         table_for(self, peers),
                         std::move(acceptor),
                         peers,
                         {}};
      for (auto peer : peers)
        order.by_role.emplace(peer, table_for(self, {peer}));
      // An orchestrator probes whether its nodes can be reached.
      if (self == peer_role::node
          && order.by_role.emplace(peer_role::orchestrator, table_for(self, {}))
               .second)
        order.peers.push_back(peer_role::orchestrator);
      auto port = port_of(order.socket);
      auto key = ++last_key_;
      loop_->open(key, std::move(order));
      return std::make_unique<basp_listener>(loop_, key, port);
    }
    return error;
  }

  void dial(const std::string& where, peer_role self, peer_role peer,
            const std::string& name, caf::strong_actor_ptr receiver) override {
    auto parsed = parse_url(where);
    auto error = parsed ? check_scheme(*parsed, encrypted_) : parsed.error();
    if (error)
      return report_dial(receiver, where, nullptr, explain(error));
    loop_->dial({where, std::move(*parsed), table_for(self, {peer}),
                 std::move(receiver), peer, name});
  }

  void probe(const std::string& where, peer_role self, peer_role peer,
             const std::string& name, const caf::node_id& process,
             std::function<void(std::string)> done) override {
    auto parsed = parse_url(where);
    auto error = parsed ? check_scheme(*parsed, encrypted_) : parsed.error();
    if (error)
      return done(explain(error));
    loop_->dial({where, std::move(*parsed), table_for(self, {peer}), nullptr,
                 peer, name, std::move(done), wire_bytes(process)});
  }

private:
  bool encrypted_;
  std::shared_ptr<handshake_loop> loop_;
  /// The number of the last listener, which CAF uses as its port.
  std::atomic<std::uint16_t> last_key_ = 0;
};

} // namespace

std::unique_ptr<transport> make_basp_transport(caf::actor_system& system,
                                               transport_settings settings) {
  if (!settings.statistics)
    settings.statistics = std::make_shared<transport_statistics>();
  if (!settings.log)
    settings.log = [](const std::string& line) {
      log_warn("transport", line);
    };
  return std::make_unique<basp_transport>(system, std::move(settings));
}

} // namespace edgeless
