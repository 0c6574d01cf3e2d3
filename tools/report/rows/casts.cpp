// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/in_process/encryption.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/interleave.hpp"
#include "tools/report/harness/processes/peer.hpp"
#include "tools/report/parts.hpp"

#include <caf/binary_serializer.hpp>

namespace edgeless::benchmark {

namespace {

/// A source casts a burst for each event that it receives, and its sink casts
/// one event back for each burst: the number of bursts under way is constant,
/// and no inbox overflows.
struct traffic {
  std::uint32_t size;
  std::uint32_t burst;
  std::uint32_t bursts;
  /// The channel policy of the source: an annotation and its value.
  std::pair<std::string, std::string> policy{};

  component_spec source(node& host) const {
    auto result = host.function(burst_module(), numbers({1, burst, size}));
    if (!policy.first.empty())
      result.settings.insert(policy);
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

physical_id random_instance() {
  return draw<physical_id>(os_random());
}

node_id random_node() {
  return draw<node_id>(os_random());
}

output_map output_to(const endpoint& to) {
  return {1, {{"out", to}}};
}

constexpr std::size_t samples_per_turn = 2;

std::size_t turns_of(const plan& how) {
  return (how.repeats(10) + samples_per_turn - 1) / samples_per_turn;
}

caf::expected<std::vector<double>> sample_in_node(const plan& how,
                                                  const traffic& load,
                                                  bool with_metrics = false) {
  node host{how.scratch / "code", random_node(), with_metrics};
  auto source = random_instance(), sink = random_instance();
  if (auto problem
      = host.start(sink, host.function(burst_module(), load.sink())))
    return problem;
  if (auto problem = host.start(source, load.source(host),
                                output_to(host.endpoint_of(sink))))
    return problem;
  host.patch(sink, output_to(host.endpoint_of(source)));
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  auto result = growth(
    how, [&] { return host.counts().handled(); }, samples_per_turn);
  // One event per burst went back.
  for (auto& x : result)
    x *= static_cast<double>(load.burst) / (load.burst + 1);
  if (auto lost = host.counts().dropped(); lost > 0)
    return fail(ec::system_failure,
                std::to_string(lost) + " events were dropped");
  return result;
}

/// `certificates`: the folder of the certificate authority; empty: no
/// encryption.
caf::expected<std::vector<double>>
sample_between_nodes(const plan& how, const traffic& load,
                     const std::filesystem::path& certificates = {}) {
  auto id = random_node();
  auto tls = certificate_of(id, certificates);
  if (!tls)
    return tls.error();
  node host{how.scratch / "code", id, false, std::move(*tls)};
  auto source = random_instance();
  auto remote
    = peer::spawn(how.scratch / "peer", {{random_node(), random_instance()},
                                         host.endpoint_of(source),
                                         load.burst,
                                         1,
                                         16,
                                         certificates});
  if (!remote)
    return remote.error();
  if (auto problem
      = host.start(source, load.source(host), output_to((*remote)->target())))
    return problem;
  for (std::uint32_t i = 0; i < load.bursts; ++i)
    host.cast(source, "go");
  // This node handles one event per burst.
  auto result = growth(
    how, [&] { return host.counts().handled() * load.burst; },
    samples_per_turn);
  auto lost = host.counts().dropped();
  auto handled = (*remote)->stop().first;
  if (lost == 0 && handled > 0)
    return result;
  return fail(ec::system_failure, std::to_string(lost)
                                    + " events were dropped, "
                                    + std::to_string(handled) + " arrived");
}

/// Bytes on the wire per event, without frame headers.
double bytes_per_event(std::uint32_t size) {
  batch load;
  fragment single;
  single.content.payload.assign(size, 'x');
  load.fragments.assign(256, single);
  caf::binary_serializer::container_type bytes;
  caf::binary_serializer sink{nullptr, bytes};
  static_cast<void>(sink(load));
  return static_cast<double>(bytes.size()) / 256;
}

/// Adds variants of small events on channels with a policy.
template <class Sample>
void add_policies(const std::string& what, Sample sample,
                  std::vector<variant>& variants) {
  for (auto& [name, policy] :
       {std::pair{"block", std::pair{"on_full.out", "block"}},
        std::pair{"at-least-once",
                  std::pair{"delivery.out", "at-least-once"}}}) {
    auto load = traffic_of(16);
    load.policy = policy;
    variants.push_back({{what + ", " + name,
                         unit::per_second,
                         {},
                         baseline{"without a channel policy"}},
                        [=] {
                          return sample(load);
                        }});
  }
}

rows casts_in_node(const plan& how, std::uint32_t size) {
  auto bare = engine_events(how, size);
  auto load = traffic_of(size);
  std::vector<variant> variants;
  auto what = "casts in one node, " + readable(size, unit::bytes);
  auto aim = size == 16 ? " (aim: 1 M/s)" : "";
  variants.push_back({{what + aim}, [=] {
                        return sample_in_node(how, load);
                      }});
  if (size == 16) {
    variants.push_back({{what + ", with metrics and samples (aim: ratio 0.95)",
                         unit::per_second,
                         {},
                         baseline{"without"}},
                        [=] {
                          return sample_in_node(how, load, true);
                        }});
    add_policies(
      what, [=](auto& x) { return sample_in_node(how, x); }, variants);
  }
  auto result = interleave(turns_of(how), 0, std::move(variants));
  result.front().baseline = {"engine alone", median(bare.samples)};
  return result;
}

rows casts_between_nodes(const plan& how, std::uint32_t size,
                         const row& tcp_bytes) {
  auto load = traffic_of(size);
  std::vector<variant> variants;
  auto what
    = "casts between two node processes, " + readable(size, unit::bytes);
  auto aim = size == 16 ? " (aim: 1 M/s)" : "";
  variants.push_back({{what + aim}, [=] {
                        return sample_between_nodes(how, load);
                      }});
  variants.push_back({{what + ", encrypted (aim: ratio "
                         + std::string{size > 1024 ? "0.4)" : "0.75)"},
                       unit::per_second,
                       {},
                       baseline{"in the clear"}},
                      [=] {
                        return sample_between_nodes(
                          how, load, how.scratch / "certificates");
                      }});
  if (size == 16)
    add_policies(
      what, [=](auto& x) { return sample_between_nodes(how, x); }, variants);
  auto result = interleave(turns_of(how), 0, std::move(variants));
  result.front().baseline = {"TCP alone, as many bytes",
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
