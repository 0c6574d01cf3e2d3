// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/basp_connection.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/loop_mailbox.hpp"
#include "runtime/net/name_lookup.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace edgeless {

/// Somebody to be dialled, and who wants to know.
struct dial_order {
  std::string text; ///< the URL as it was asked for
  url where;
  acl_table_ptr message_acl;
  caf::strong_actor_ptr whom;
  peer_role peer = peer_role::node;
  std::string name; ///< in the peer's certificate; empty: any
};

/// Someone at home: the actor behind a listening socket.
struct listen_order {
  socket_handle socket;
  /// Of all who may knock: without certificates, nobody knows who they are.
  acl_table_ptr message_acl;
  caf::strong_actor_ptr acceptor;
  std::vector<peer_role> peers;
  /// Of each of them.
  std::map<peer_role, acl_table_ptr> by_role;
};

/// One thread that accepts, dials and waits for handshakes, all at the same
/// time and each with its deadline. Connections leave it for CAF's broker as
/// soon as the peer's handshake has passed the check.
class handshake_loop {
public:
  handshake_loop(caf::actor_system& system, transport_settings settings);

  /// Ends what is under way; connections in CAF's hands live on.
  ~handshake_loop();

  void dial(dial_order order);

  /// `key` names the door until it is closed.
  void open(std::uint16_t key, listen_order order);
  void close(std::uint16_t key);

private:
  using clock = std::chrono::steady_clock;
  using connection_id = std::uint64_t;

  /// A connection that is not in CAF's hands yet.
  struct unfinished {
    socket_handle socket;
    /// Without one, in the clear.
    std::unique_ptr<tls_session> tls;
    /// Once it is known who is there.
    std::unique_ptr<frame_validator> check;
    connection_slot slot;
    peer_identity_slot name;
    socket_address address;
    clock::time_point deadline;
    /// Of an accepted one.
    std::uint16_t acceptor = 0;
  };

  enum class stage : std::uint8_t { lookup, connect, secure, greet };

  /// A dial under way. Its connection is made anew for each address.
  struct dial_state {
    dial_order order;
    stage now = stage::lookup;
    clock::time_point deadline;
    std::vector<socket_address> addresses; ///< still to be tried, last first
    unfinished attempt;
    /// Why the last attempt failed.
    std::string reason;
  };

  // -- the thread --
  void run();
  int timeout() const;
  void serve(connection_id id);
  void expire();

  // -- those who dial us --
  void accept(std::uint16_t key);
  void admit(std::uint16_t key, socket_handle socket, socket_address address);
  void pause_doors();
  void resume_doors();
  void shake_hands(connection_id id);
  void hear(connection_id id);
  void drop(connection_id id, refusal reason, const std::string& why = "");
  void let_in(connection_id id);
  void close_door(std::uint16_t key);

  // -- those whom we dial --
  void look_up(dial_order order);
  void begin(connection_id id, name_lookup::addresses found);
  void try_next(connection_id id);
  void connected(connection_id id);
  void secure(connection_id id);
  void greet(connection_id id);
  void hear_back(connection_id id);
  void fail_attempt(connection_id id, std::string reason);
  void give_up(connection_id id);
  void hand_over(connection_id id);

  // -- both --
  bool watch(int fd, connection_id id, std::uint32_t events);
  void unwatch(int fd);
  void watch_for(const unfinished& x, connection_id id,
                 tls_session::progress wanted);
  frame_rules rules(bool accepted, acl_table_ptr message_acl,
                    const tls_session* tls) const;
  bool is_itself(unfinished& x);
  validated_connection finish(unfinished& x);

  caf::actor_system& system_;
  transport_settings settings_;
  std::shared_ptr<connection_journal> journal_;
  std::shared_ptr<connection_limiter> book_;
  std::shared_ptr<peer_identities> names_ = std::make_shared<peer_identities>();
  std::shared_ptr<name_lookup> lookup_;
  std::shared_ptr<loop_mailbox> mail_;
  caf::actor broker_;
  std::string hello_;
  node_bytes self_;
  socket_handle epoll_;
  connection_id last_id_;
  std::map<std::uint16_t, listen_order> acceptors_;
  /// Doors are not looked after until then: no file descriptors are left.
  std::optional<clock::time_point> doors_paused_;
  std::map<connection_id, unfinished> callers_;
  std::map<connection_id, dial_state> dials_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Tells `whom` how his dial went.
void report_dial(const caf::strong_actor_ptr& whom, const std::string& text,
                 caf::strong_actor_ptr handle, std::string reason);

} // namespace edgeless
