// SPDX-License-Identifier: MIT
#include "runtime/net/basp/basp_connection.hpp"

#include <caf/all.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream.hpp>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <set>

namespace edgeless {

namespace {

using caf::io::network::native_socket;
using caf::io::network::operation;
using caf::io::network::rw_state;

/// The policy by which CAF's stream reads and writes.
class guarded_policy {
public:
  explicit guarded_policy(validated_connection connection)
    : connection_(std::move(connection)) {
    // nop
  }

  rw_state read_some(std::size_t& result, native_socket fd, void* target,
                     std::size_t size) {
    result = 0;
    auto& check = *connection_.check;
    byte_stream bytes{fd, connection_.tls.get()};
    auto n = std::ptrdiff_t{1};
    while (check.ready() == 0 && n > 0)
      n = receive(fd, bytes.read(check.room()));
    // The socket will not tell of what else has come.
    while (n > 0)
      n = receive(fd, bytes.read_rest(check.room()));
    // What came before the end has its turn before it.
    if (n < 0 && (refused_ || check.ready() == 0))
      return rw_state::failure;
    result = check.take(static_cast<char*>(target), size);
    return rw_state::success;
  }

  rw_state write_some(std::size_t& result, native_socket fd, const void* source,
                      std::size_t size) {
    result = 0;
    if (size == 0)
      return rw_state::indeterminate;
    if (connection_.sent > 0) {
      result = std::min(connection_.sent, size);
      connection_.sent -= result;
      return rw_state::success;
    }
    byte_stream bytes{fd, connection_.tls.get()};
    auto n = bytes.write({static_cast<const char*>(source), size});
    if (n < 0)
      return rw_state::failure;
    result = static_cast<std::size_t>(n);
    return rw_state::success;
  }

  // The socket tells of new bytes only, not of those that wait in the check.
  bool must_read_more(native_socket, std::size_t wanted) {
    return connection_.check->ready() >= wanted;
  }

  validated_connection& connection() {
    return connection_;
  }

private:
  /// `n`: what reading gave; -1 if the connection ends here.
  std::ptrdiff_t receive(native_socket fd, std::ptrdiff_t n) {
    if (n <= 0)
      return n;
    auto reason = connection_.check->added(static_cast<std::size_t>(n));
    if (reason == refusal::none)
      return n;
    connection_.journal->refuse(reason, connection_.address, connection_.peer);
    // What is still to be written is not worth waiting for.
    ::shutdown(fd, SHUT_RDWR);
    refused_ = true;
    return -1;
  }

  validated_connection connection_;
  bool refused_ = false;
};

/// So few bytes are not worth waiting for more that could go along.
constexpr std::size_t at_once = 1u << 10;

class guarded_stream : public caf::io::network::stream {
public:
  guarded_stream(caf::io::network::default_multiplexer& multiplexer,
                 validated_connection connection)
    : stream(multiplexer, connection.socket.release()),
      policy_(std::move(connection)) {
    // nop
  }

  void handle_event(operation op) override {
    handle_event_impl(op, policy_);
    count_from_start();
  }

  /// Looks at the frames that have been added since. False: the peer does not
  /// read what it has asked for.
  bool count_answers() {
    auto& waiting = wr_buf();
    for (auto& x :
         answers_in({waiting.data() + counted_, waiting.size() - counted_})) {
      connection().check->answered(x);
      unread_ += x.bytes;
    }
    counted_ = waiting.size();
    return unread_ <= limits::unread_answers;
  }

  /// What the socket takes leaves at once. CAF would ask it first whether it
  /// takes anything, which costs three system calls.
  void write_at_once() {
    auto& waiting = wr_buf();
    if (state_.writing || waiting.empty() || waiting.size() > at_once)
      return;
    std::size_t gone = 0;
    auto result
      = policy_.write_some(gone, fd(), waiting.data(), waiting.size());
    if (result == rw_state::success && gone == waiting.size())
      waiting.clear();
    else if (result == rw_state::success)
      connection().sent += gone;
  }

  /// What was waiting is on its way by now.
  void count_from_start() {
    if (!wr_buf().empty())
      return;
    counted_ = 0;
    unread_ = 0;
  }

  validated_connection& connection() {
    return policy_.connection();
  }

private:
  guarded_policy policy_;
  /// Of the bytes that are not being written yet: those that count_answers()
  /// has seen, and the answers among them.
  std::size_t counted_ = 0;
  std::size_t unread_ = 0;
};

// CAF takes the file descriptor for a handle, but cleans up after it is
// closed: by then it may be that of a new connection. Ours are never reused;
// those of accepted connections are odd.
caf::io::connection_handle draw_handle(bool accepted) {
  static std::atomic<std::int64_t> last{std::int64_t{1} << 32};
  auto id = last.fetch_add(2);
  return caf::io::connection_handle::from_int(accepted ? id + 1 : id);
}

bool is_accepted(caf::io::connection_handle handle) {
  return handle.id() % 2 == 1;
}

class basp_connection : public caf::io::scribe {
public:
  basp_connection(caf::io::network::default_multiplexer& multiplexer,
                  validated_connection connection)
    : scribe(draw_handle(connection.accepted)),
      stream_(multiplexer, std::move(connection)) {
    auto& peer = stream_.connection().check->peer();
    caf::binary_deserializer source{nullptr, peer.data(), peer.size()};
    [[maybe_unused]] auto error = source(peer_);
    assert(!error);
  }

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (launched_)
      return;
    launched_ = true;
    register_peer();
    stream_.start(this);
    // The handshake has been received: no event of the socket will tell so.
    stream_.backend().post(
      [self = caf::intrusive_ptr<basp_connection>{this}] { self->begin(); });
  }

  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }

  std::vector<char>& wr_buf() override {
    return stream_.wr_buf();
  }

  std::vector<char>& rd_buf() override {
    return stream_.rd_buf();
  }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void flush() override {
    if (!stream_.count_answers() && is_accepted(hdl()))
      return give_up();
    stream_.write_at_once();
    stream_.flush(this);
    stream_.count_from_start();
  }

  std::string addr() const override {
    auto result = caf::io::network::remote_addr_of_fd(stream_.fd());
    return result ? *result : std::string{};
  }

  std::uint16_t port() const override {
    auto result = caf::io::network::remote_port_of_fd(stream_.fd());
    return result ? *result : std::uint16_t{0};
  }

  void add_to_loop() override {
    stream_.activate(this);
  }

  void remove_from_loop() override {
    stream_.passivate();
  }

protected:
  void detach_from(caf::io::abstract_broker* broker) override {
    static_cast<caf::io::basp_broker*>(broker)->spawn_servers.erase(peer_);
    scribe::detach_from(broker);
  }

private:
  caf::io::basp_broker* broker() {
    return static_cast<caf::io::basp_broker*>(parent());
  }

  void give_up() {
    auto& x = stream_.connection();
    x.journal->refuse(refusal::slow_reader, x.address);
    ::shutdown(stream_.fd(), SHUT_RDWR);
    stream_.wr_buf().clear();
    stream_.count_from_start();
  }

  void register_peer() {
    auto broker = this->broker();
    // CAF would ask the peer for its spawn server, keep an actor waiting for
    // the answer, and never forget it; unless it believes to have one.
    broker->spawn_servers.emplace(peer_, caf::actor{});
    // CAF leaves this zero for connections that we have dialled, and takes
    // them for timed out at its next tick.
    auto i = broker->ctx.find(hdl());
    if (i != broker->ctx.end())
      i->second.last_seen = broker->clock().now();
  }

  void begin() {
    if (detached())
      return;
    if (!is_accepted(hdl()))
      if (auto other = broker()->instance.tbl().lookup_direct(peer_);
          other && is_accepted(*other))
        keep_parallel_connection();
    stream_.handle_event(operation::read);
  }

  // The peer has dialled us as well. CAF would close what we have dialled, as
  // redundant; the peer may do the same at this moment, and nothing would be
  // left. So both stay, and we use our own.
  void keep_parallel_connection() {
    auto broker = this->broker();
    auto& check = *stream_.connection().check;
    check.skip_frame();
    broker->context(&stream_.backend());
    broker->set_context(hdl());
    broker->instance.tbl().add_alternative(hdl(), peer_);
    broker->instance.tbl().select_alternative(hdl(), peer_);
    std::set<std::string> interface;
    broker->finalize_handshake(peer_, check.offered(), interface);
  }

  guarded_stream stream_;
  caf::node_id peer_;
  bool launched_ = false;
};

} // namespace

caf::io::scribe_ptr make_basp_connection(caf::actor_system& system,
                                         validated_connection connection) {
  auto& multiplexer = static_cast<caf::io::network::default_multiplexer&>(
    system.middleman().backend());
  return caf::make_counted<basp_connection>(multiplexer, std::move(connection));
}

node_bytes wire_bytes(const caf::node_id& node) {
  std::vector<char> buffer;
  caf::binary_serializer sink{nullptr, buffer};
  node_bytes result{};
  if (auto error = sink(node); !error && buffer.size() == result.size())
    std::copy(buffer.begin(), buffer.end(), result.begin());
  return result;
}

std::string client_handshake(caf::actor_system& system) {
  std::vector<char> buffer;
  caf::binary_serializer sink{nullptr, buffer};
  caf::io::basp::header header{caf::io::basp::message_type::client_handshake,
                               0,
                               static_cast<std::uint32_t>(node_bytes{}.size()),
                               0,
                               caf::invalid_actor_id,
                               caf::invalid_actor_id};
  [[maybe_unused]] auto error = sink(header, system.node());
  assert(!error);
  return {buffer.begin(), buffer.end()};
}

} // namespace edgeless
