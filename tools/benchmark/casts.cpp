// SPDX-License-Identifier: MIT
#include <caf/binary_serializer.hpp>

#include "tools/benchmark/encryption.hpp"
#include "tools/benchmark/floors.hpp"
#include "tools/benchmark/node.hpp"
#include "tools/benchmark/parts.hpp"
#include "tools/benchmark/peer.hpp"

namespace edgeless::benchmark {

namespace {

/// A source casts a burst for each event that it gets, and its sink answers
/// each burst with one event: so many bursts are always on their way, and an
/// inbox never overflows.
struct traffic {
  std::uint32_t size;
  std::uint32_t burst;
  std::uint32_t bursts;
  /// What its source promises: an annotation, and its value.
  std::pair<std::string, std::string> promise{};

  component_spec source(node& host) const {
    auto result = host.function(flow_module(), numbers({1, burst, size}));
    if (!promise.first.empty())
      result.settings.insert(promise);
    return result;
  }
  std::string sink() const {
    return numbers({burst, 1, 16});
  }
};

traffic traffic_of(std::uint32_t size) {
  if (size <= 4096)
    return {size, 256, 8};
  return {size, 16, 8};
}

physical_id some_instance() {
  return draw<physical_id>(machine_chance());
}

node_id some_node() {
  return draw<node_id>(machine_chance());
}

output_map leading_to(const endpoint& to) {
  return {1, {{"out", to}}};
}

void measure_in_node(const plan& how, const traffic& load, row& result,
                     bool measured = false) {
  node host{how.scratch / "code", some_node(), measured};
  auto source = some_instance(), sink = some_instance();
  auto problem = host.start(sink, host.function(flow_module(), load.sink()));
  if (!problem)
    problem = host.start(source, load.source(host), leading_to(host.at(sink)));
  if (problem) {
    result.failure = explain(problem);
    return;
  }
  host.patch(sink, leading_to(host.at(source)));
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  result.samples = growth(how, [&] { return host.counts().handled(); });
  // Of these, one in each burst went back.
  for (auto& x : result.samples)
    x *= static_cast<double>(load.burst) / (load.burst + 1);
  if (auto lost = host.counts().dropped(); lost > 0) {
    result.samples.clear();
    result.failure = std::to_string(lost) + " events were dropped";
  }
}

/// `certificates`: where they are issued; empty: in the clear.
void measure_between_nodes(const plan& how, const traffic& load, row& result,
                           const std::filesystem::path& certificates = {}) {
  auto id = some_node();
  auto tls = certificate_of(id, certificates);
  if (!tls) {
    result.failure = explain(tls.error());
    return;
  }
  node host{how.scratch / "code", id, false, std::move(*tls)};
  auto source = some_instance();
  auto there
    = peer::spawn(how.scratch / "peer", {{some_node(), some_instance()},
                                         host.at(source),
                                         load.burst,
                                         1,
                                         16,
                                         certificates});
  if (!there) {
    result.failure = explain(there.error());
    return;
  }
  if (auto problem
      = host.start(source, load.source(host), leading_to((*there)->at()))) {
    result.failure = explain(problem);
    return;
  }
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  // What is handled here are the answers, one for each burst.
  result.samples
    = growth(how, [&] { return host.counts().handled() * load.burst; });
  auto lost = host.counts().dropped();
  auto handled = (*there)->end().first;
  if (lost == 0 && handled > 0)
    return;
  result.samples.clear();
  result.failure = std::to_string(lost) + " events were dropped, "
                   + std::to_string(handled) + " arrived";
}

/// Bytes on the wire per event, without the frames' headers.
double bytes_per_event(std::uint32_t size) {
  batch load;
  parcel one;
  one.content.payload.assign(size, 'x');
  load.parcels.assign(256, one);
  caf::binary_serializer::container_type bytes;
  caf::binary_serializer sink{nullptr, bytes};
  static_cast<void>(sink(load));
  return static_cast<double>(bytes.size()) / 256;
}

/// Small events on channels that promise something, beside those that do not.
template <class Measure>
rows promised(const std::string& where, const row& plain, Measure measure) {
  rows result;
  for (auto& [name, promise] :
       {std::pair{"block", std::pair{"on_full.out", "block"}},
        std::pair{"at-least-once",
                  std::pair{"delivery.out", "at-least-once"}}}) {
    auto load = traffic_of(16);
    load.promise = promise;
    row line{"the same " + where + ", " + name};
    measure(load, line);
    line.floor = {"without a promise", median(plain.samples)};
    result.push_back(std::move(line));
  }
  return result;
}

} // namespace

rows casts(const plan& how) {
  rows result;
  result.push_back(caf_messages(how));
  result.push_back(memory_copies(how, 65536));
  for (std::uint32_t size : {16u, 1024u, 65536u}) {
    auto bare = engine_events(how, size);
    row line{"casts in one node, " + readable(size, unit::bytes)};
    if (size == 16)
      line.what += " (aim: 1 M/s)";
    measure_in_node(how, traffic_of(size), line);
    line.floor = {"engine alone", median(bare.samples)};
    result.push_back(std::move(line));
    if (size != 16)
      continue;
    row with{"the same with metrics and samples (aim: ratio 0.95)"};
    measure_in_node(how, traffic_of(size), with, true);
    with.floor = {"without", median(result.back().samples)};
    auto plain = result.back();
    result.push_back(std::move(with));
    for (auto& x : promised("in one node", plain, [&](auto&load, row&to) {
           measure_in_node(how, load, to);
         }))
      result.push_back(x);
  }
  auto raw = tcp_bytes(how);
  for (std::uint32_t size : {16u, 1024u, 65536u}) {
    row line{"casts between two node processes, "
             + readable(size, unit::bytes)};
    if (size == 16)
      line.what += " (aim: 1 M/s)";
    measure_between_nodes(how, traffic_of(size), line);
    line.floor = {"TCP alone, as many bytes",
                  median(raw.samples) / bytes_per_event(size)};
    result.push_back(std::move(line));
    row secret{"the same encrypted (aim: ratio "
               + std::string{size > 1024 ? "0.4)" : "0.75)"}};
    measure_between_nodes(how, traffic_of(size), secret,
                          how.scratch / "certificates");
    secret.floor = {"in the clear", median(result.back().samples)};
    auto plain = result.back();
    result.push_back(std::move(secret));
    if (size != 16)
      continue;
    for (auto& x :
         promised("between two node processes", plain, [&](auto&load, row&to) {
           measure_between_nodes(how, load, to);
         }))
      result.push_back(x);
  }
  return result;
}

} // namespace edgeless::benchmark
