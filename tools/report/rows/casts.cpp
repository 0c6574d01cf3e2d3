// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines.hpp"
#include "tools/report/harness/encryption.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/parts.hpp"

#include <caf/binary_serializer.hpp>

#include <functional>

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
  return draw<physical_id>(os_random());
}

node_id some_node() {
  return draw<node_id>(os_random());
}

output_map leading_to(const endpoint& to) {
  return {1, {{"out", to}}};
}

/// One way to send events, and how a few samples of it are taken.
struct lane {
  row line;
  std::function<caf::expected<std::vector<double>>()> sample;
};

constexpr std::size_t samples_per_turn = 2;

/// All of them in turns: in whatever mood the machine is, it is the same for
/// those that are compared. The first one is what the others are measured by.
rows in_turns(const plan& how, std::vector<lane> lanes) {
  for (std::size_t i = 0; i < how.repeats(10); i += samples_per_turn)
    for (auto& [line, sample] : lanes) {
      if (!line.failure.empty())
        continue;
      if (auto some = sample()) {
        line.samples.insert(line.samples.end(), some->begin(), some->end());
      } else {
        line.samples.clear();
        line.failure = explain(some.error());
      }
    }
  auto base = median(lanes.front().line.samples);
  rows result;
  for (auto& [line, sample] : lanes) {
    if (line.floor)
      line.floor->value = base;
    result.push_back(std::move(line));
  }
  return result;
}

caf::expected<std::vector<double>>
sample_in_node(const plan& how, const traffic& load, bool measured = false) {
  node host{how.scratch / "code", some_node(), measured};
  auto source = some_instance(), sink = some_instance();
  if (auto problem
      = host.start(sink, host.function(flow_module(), load.sink())))
    return problem;
  if (auto problem
      = host.start(source, load.source(host), leading_to(host.at(sink))))
    return problem;
  host.patch(sink, leading_to(host.at(source)));
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  auto result = growth(
    how, [&] { return host.counts().handled(); }, samples_per_turn);
  // Of these, one in each burst went back.
  for (auto& x : result)
    x *= static_cast<double>(load.burst) / (load.burst + 1);
  if (auto lost = host.counts().dropped(); lost > 0)
    return fail(ec::system_failure,
                std::to_string(lost) + " events were dropped");
  return result;
}

/// `certificates`: where they are issued; empty: in the clear.
caf::expected<std::vector<double>>
sample_between_nodes(const plan& how, const traffic& load,
                     const std::filesystem::path& certificates = {}) {
  auto id = some_node();
  auto tls = certificate_of(id, certificates);
  if (!tls)
    return tls.error();
  node host{how.scratch / "code", id, false, std::move(*tls)};
  auto source = some_instance();
  auto there
    = peer::spawn(how.scratch / "peer", {{some_node(), some_instance()},
                                         host.at(source),
                                         load.burst,
                                         1,
                                         16,
                                         certificates});
  if (!there)
    return there.error();
  if (auto problem
      = host.start(source, load.source(host), leading_to((*there)->at())))
    return problem;
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  // What is handled here are the answers, one for each burst.
  auto result = growth(
    how, [&] { return host.counts().handled() * load.burst; },
    samples_per_turn);
  auto lost = host.counts().dropped();
  auto handled = (*there)->end().first;
  if (lost == 0 && handled > 0)
    return result;
  return fail(ec::system_failure, std::to_string(lost)
                                    + " events were dropped, "
                                    + std::to_string(handled) + " arrived");
}

/// Bytes on the wire per event, without the frames' headers.
double bytes_per_event(std::uint32_t size) {
  batch load;
  fragment one;
  one.content.payload.assign(size, 'x');
  load.fragments.assign(256, one);
  caf::binary_serializer::container_type bytes;
  caf::binary_serializer sink{nullptr, bytes};
  static_cast<void>(sink(load));
  return static_cast<double>(bytes.size()) / 256;
}

/// Small events on channels that promise something, beside those that do not.
template <class Sample>
void add_promises(const std::string& what, Sample sample,
                  std::vector<lane>& lanes) {
  for (auto& [name, promise] :
       {std::pair{"block", std::pair{"on_full.out", "block"}},
        std::pair{"at-least-once",
                  std::pair{"delivery.out", "at-least-once"}}}) {
    auto load = traffic_of(16);
    load.promise = promise;
    lanes.push_back(
      {{what + ", " + name, unit::per_second, {}, floor{"without a promise"}},
       [=] {
         return sample(load);
       }});
  }
}

rows casts_in_node(const plan& how, std::uint32_t size) {
  auto bare = engine_events(how, size);
  auto load = traffic_of(size);
  std::vector<lane> lanes;
  auto what = "casts in one node, " + readable(size, unit::bytes);
  auto aim = size == 16 ? " (aim: 1 M/s)" : "";
  lanes.push_back({{what + aim}, [=] {
                     return sample_in_node(how, load);
                   }});
  if (size == 16) {
    lanes.push_back({{what + ", with metrics and samples (aim: ratio 0.95)",
                      unit::per_second,
                      {},
                      floor{"without"}},
                     [=] {
                       return sample_in_node(how, load, true);
                     }});
    add_promises(
      what, [=](auto& x) { return sample_in_node(how, x); }, lanes);
  }
  auto result = in_turns(how, std::move(lanes));
  result.front().floor = {"engine alone", median(bare.samples)};
  return result;
}

rows casts_between_nodes(const plan& how, std::uint32_t size,
                         const row& tcp_bytes) {
  auto load = traffic_of(size);
  std::vector<lane> lanes;
  auto what
    = "casts between two node processes, " + readable(size, unit::bytes);
  auto aim = size == 16 ? " (aim: 1 M/s)" : "";
  lanes.push_back({{what + aim}, [=] {
                     return sample_between_nodes(how, load);
                   }});
  lanes.push_back({{what + ", encrypted (aim: ratio "
                      + std::string{size > 1024 ? "0.4)" : "0.75)"},
                    unit::per_second,
                    {},
                    floor{"in the clear"}},
                   [=] {
                     return sample_between_nodes(how, load,
                                                 how.scratch / "certificates");
                   }});
  if (size == 16)
    add_promises(
      what, [=](auto& x) { return sample_between_nodes(how, x); }, lanes);
  auto result = in_turns(how, std::move(lanes));
  result.front().floor = {"TCP alone, as many bytes",
                          median(tcp_bytes.samples) / bytes_per_event(size)};
  return result;
}

} // namespace

rows casts(const plan& how) {
  rows result;
  result.push_back(caf_messages(how));
  result.push_back(memory_copies(how, 65536));
  for (std::uint32_t size : {16u, 1024u, 65536u})
    append(result, casts_in_node(how, size));
  auto raw = tcp_bytes(how);
  for (std::uint32_t size : {16u, 1024u, 65536u})
    append(result, casts_between_nodes(how, size, raw));
  return result;
}

} // namespace edgeless::benchmark
