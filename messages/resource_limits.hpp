// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The bounds of resources and of HTTP: a part of messages/limits.hpp, which
/// includes this file.
namespace edgeless::limits {

using namespace std::chrono_literals;

// -- resources that send ------------------------------------------------------

/// What the implementation of a resource has handed over and its instance has
/// not sent yet: the rest is refused where it comes from.
constexpr std::size_t outlet_events = 1024;
constexpr std::size_t outlet_bytes = 16u << 20;
/// Calls of one resource that await a reply: a function handles one at a time.
constexpr std::size_t emitted_calls = 1024;
/// ...and their payloads, which are kept to be sent again.
constexpr std::size_t emitted_call_bytes = 32u << 20;
/// A failed call that may be repeated is tried so often, after this pause and
/// four times as long each time: a function restarts within a second.
constexpr std::uint32_t emitted_call_attempts = 5;
constexpr auto emitted_call_pause = 10ms;
/// A cast on a full channel whose policy is to block waits so long, as that of
/// a function does.
constexpr auto emitted_cast_wait = 5s;
/// Events that one resource has begun and not finished; the others wait in its
/// inbox.
constexpr std::size_t deferred_events = 256;
/// A stopped resource may finish what it has begun for so long.
constexpr auto resource_drain = 1s;

/// Resources of one class that a node reaches in its domain: each change copies
/// the routes to all of them.
constexpr std::size_t relayed_resources = 4096;

// -- HTTP ---------------------------------------------------------------------

/// The request line and the headers of a request, or of a response.
constexpr std::size_t http_header = 16u << 10;
/// The headers of one request: each becomes an entry of its JSON.
constexpr std::size_t http_headers = 128;
/// The body of a request or response: it has to fit into an event, in which
/// EDGELESS writes up to four bytes for one.
constexpr std::size_t http_body = 16u << 20;
/// An id that a client has given to its request: longer ones are replaced.
constexpr std::size_t http_request_id = 128;
/// A field of a line in the access log, and lines per second.
constexpr std::size_t http_log_field = 256;
constexpr std::uint32_t http_log_lines = 1000;
/// Workflows with time series of their own: each adds some 5 KiB to a scrape.
constexpr std::size_t http_workflow_series = 256;
/// The bodies of all requests that a server receives or handles at a time.
constexpr std::size_t http_bodies = 128u << 20;
/// Connections of one server: more get 503 at once. Ten thousand that are idle
/// take less than 64 MiB.
constexpr std::size_t http_connections = 10'240;
/// A connection between two requests; a request line with its headers; the rest
/// of a request; a client that does not read its response.
constexpr auto http_idle = 60s;
constexpr auto http_header_time = 10s;
constexpr auto http_body_time = 60s;
constexpr auto http_write_time = 30s;
/// The function answers within this time, or the client gets 504.
constexpr auto http_call = 10s;
/// ...and the response of another node arrives within this.
constexpr auto http_relayed_call = http_call + 1s;
/// The pause of a server that can accept no connection or cannot listen: the
/// first one, and the longest.
constexpr auto http_listen_pause_min = 250ms;
constexpr auto http_listen_pause_max = 5s;
/// Requests of http-egress and http-poster: to connect, and the whole.
constexpr auto http_connect = 3s;
constexpr auto http_request = 10s;
/// Attempts of a request that may be repeated, and the pause after the first.
constexpr std::uint32_t http_attempts = 3;
constexpr auto http_retry_pause = 100ms;
constexpr long http_redirects = 5;
/// Connections of the HTTP client of a node, kept open for the next request.
constexpr long http_client_connections = 256;

// -- message brokers ----------------------------------------------------------

/// Pauses between attempts to reach a broker: an instance that moves meets its
/// successor at the broker, and gives way after the first.
constexpr std::chrono::milliseconds mqtt_pause_min = 500ms;
constexpr std::chrono::milliseconds mqtt_pause_max = 30s;
/// The answer of a broker to a connection.
constexpr std::chrono::milliseconds mqtt_connect = 10s;
/// A broker misses a client after one and a half times this.
constexpr std::chrono::seconds mqtt_keep_alive = 60s;
/// How long a broker keeps the messages for a mqtt-ingress that is away.
constexpr std::chrono::seconds mqtt_session = 24h;
/// Messages that are published and not acknowledged: at a round trip of 50 ms,
/// 20,000 a second. With QoS 2 what mosquitto takes from one client.
constexpr std::size_t mqtt_in_flight = 1000;
constexpr std::size_t mqtt_in_flight_exactly_once = 20;
/// Stored messages that are removed in one transaction.
constexpr std::size_t mqtt_stored_batch = 256;
/// Messages of a broker that wait for their acceptance by the target.
constexpr int mqtt_batch = 256;
/// Kafka: a message is delivered within this time, or fails; it has an event
/// and its key.
constexpr std::chrono::milliseconds kafka_delivery = 30s;
constexpr std::size_t kafka_message = (16u << 20) + (64u << 10);
/// Messages of one consumer that their target has not accepted, and the bytes
/// that it fetches ahead.
constexpr std::size_t kafka_window = 256;
constexpr std::size_t kafka_queue = 16u << 20;
/// Accepted messages are committed at this interval.
constexpr std::chrono::milliseconds kafka_commit = 1s;
/// A consumer that is silent loses its partitions after the first time, one
/// whose function is busy after the second.
constexpr std::chrono::milliseconds kafka_session = 10s;
constexpr std::chrono::milliseconds kafka_poll = 24h;
/// A call of a sidecar for data distribution (DDA), and messages from it that
/// the target has not accepted. The pauses between attempts to subscribe.
constexpr std::chrono::milliseconds dda_call = 10s;
constexpr std::size_t dda_window = 256;
constexpr std::chrono::milliseconds dda_pause_min = 500ms;
constexpr std::chrono::milliseconds dda_pause_max = 30s;
/// The stored messages of one resource, unless the file of the node says
/// otherwise: ten minutes at 1,000 messages of 400 bytes a second.
constexpr std::uint32_t store_mib = 256;
constexpr std::uint32_t store_mib_max = 1u << 20;

} // namespace edgeless::limits
