// SPDX-License-Identifier: MIT
#include "runtime/net/basp/frame_validator.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/atom.hpp>
#include <caf/message_id.hpp>

#include <algorithm>

/// Validation of the payloads of frames after the handshake.
namespace edgeless {

namespace {

/// Skips an error: code, category, and a context of plain values.
bool skip_error(frame_cursor& in, bool may_be_none) {
  std::uint8_t code;
  std::uint16_t builtin;
  std::string_view signature;
  if (!in.read(code) || !in.skip(sizeof(caf::atom_value)) || !in.read(builtin)
      || builtin != 0 || !in.read(signature) || !signature.starts_with("@<>"))
    return false;
  if (code == 0 && !may_be_none)
    return false;
  signature.remove_prefix(3);
  while (!signature.empty()) {
    signature.remove_prefix(1); // the '+'
    auto type = signature.substr(0, signature.find('+'));
    signature.remove_prefix(type.size());
    auto layout = find_layout(type);
    // Our own types, handles among them, are no part of an error.
    if (layout == nullptr || type.starts_with("edgeless::") || !layout(in))
      return false;
  }
  return true;
}

} // namespace

refusal frame_validator::check_message(const frame_header& header,
                                       std::string_view payload) {
  caf::message_id id{header.data};
  if (id.is_stream_message())
    return refusal::stream;
  if (!id.is_response() && !is_reachable(header.target))
    return refusal::wrong_receiver;
  if (auto x = check_content(header, payload); x != refusal::none)
    return x;
  // CAF keeps a proxy of each remote actor until it is down.
  if (header.source != 0)
    actors_.insert(header.source);
  return actors_.size() > limits::remote_actors ? refusal::too_many_actors
                                                : refusal::none;
}

refusal frame_validator::check_content(const frame_header& header,
                                       std::string_view payload) {
  frame_cursor in{payload.data(), payload.data() + payload.size(), &peer_};
  std::size_t stages;
  std::uint16_t builtin;
  std::string_view signature;
  if (!in.read_length(stages))
    return refusal::bad_content;
  if (stages != 0)
    return refusal::routed;
  if (!in.read(builtin) || builtin != 0 || !in.read(signature))
    return refusal::bad_content;
  const acl_table::entry* entry = nullptr;
  if (caf::message_id{header.data}.is_response()) {
    // The response to a request without a result.
    if (signature == "@<>")
      return in.left() == 0 ? refusal::none : refusal::bad_content;
    if (signature == "@<>+@error") {
      if (payload.size() > limits::frame_with_error)
        return refusal::too_large;
      return skip_error(in, false) && in.left() == 0 ? refusal::none
                                                     : refusal::bad_content;
    }
    entry = rules_.message_acl->response(signature);
  } else if (signature.starts_with("@<>+@atom")) {
    std::uint64_t atom;
    if (!in.read(atom))
      return refusal::bad_content;
    entry = rules_.message_acl->request(signature, atom);
    if (entry != nullptr && rules_.accepted)
      if (auto reason = check_outstanding(header, atom, entry->has_response);
          reason != refusal::none)
        return reason;
  }
  if (entry == nullptr)
    return refusal::not_admitted;
  if (payload.size() > entry->max_size)
    return refusal::too_large;
  if (entry->read_sender != nullptr && !rules_.peer_name.empty()
      && entry->read_sender(in) != rules_.peer_name)
    return refusal::identity_mismatch;
  for (auto layout : entry->layouts)
    if (!layout(in))
      return refusal::bad_content;
  if (in.left() > 0)
    return refusal::bad_content;
  return in.cost > limits::frame_unpacked ? refusal::expands_too_much
                                          : refusal::none;
}

/// Limits the outstanding requests of a peer that has dialled; those of a
/// dialled peer are not limited.
refusal frame_validator::check_outstanding(const frame_header& header,
                                           std::uint64_t atom,
                                           bool has_response) {
  if (!caf::message_id{header.data}.is_request())
    return has_response ? refusal::no_request : refusal::none;
  constexpr caf::atom_value host = atom::host_v;
  auto kind = atom == static_cast<std::uint64_t>(host)
                ? outstanding_requests::kind::host
                : outstanding_requests::kind::other;
  return requests_->open(header.source, number_of(header.data), kind)
           ? refusal::none
           : refusal::too_many_requests;
}

refusal frame_validator::check_monitor(std::string_view payload) const {
  frame_cursor in{payload.data(), payload.data() + payload.size()};
  node_bytes source;
  node_bytes target;
  if (!in.read(source) || !in.read(target) || in.left() > 0 || source != peer_)
    return refusal::bad_content;
  return target == rules_.self ? refusal::none : refusal::routed;
}

refusal frame_validator::check_down(const frame_header& header,
                                    std::string_view payload) {
  frame_cursor in{payload.data(), payload.data() + payload.size()};
  node_bytes source;
  node_bytes target;
  if (!in.read(source) || !in.read(target) || source != peer_)
    return refusal::bad_content;
  if (target != rules_.self)
    return refusal::routed;
  if (!skip_error(in, true) || in.left() > 0)
    return refusal::bad_content;
  actors_.erase(header.source);
  return refusal::none;
}

bool frame_validator::is_reachable(std::uint64_t actor) const {
  return rules_.acceptors.empty()
         || std::ranges::count(rules_.acceptors, actor) > 0;
}

} // namespace edgeless
