// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/parts.hpp"

namespace edgeless::benchmark {

namespace {

constexpr std::uint32_t branches = 16;
/// Bytes of an event.
constexpr std::uint32_t size = 16;

/// Functions in one node: started first, then told where they lead.
class circuit {
public:
  explicit circuit(const plan& how)
    : host_{how.scratch / "code", draw<node_id>(os_random())} {
    // nop
  }

  physical_id add(const std::string& module, const std::string& init = "") {
    auto id = draw<physical_id>(os_random());
    if (auto problem = host_.start(id, host_.function(module, init)))
      problem_ = std::move(problem);
    return id;
  }

  /// With `every`-th event, one answers with a burst to its output.
  physical_id add_flow(std::uint32_t every, std::uint32_t burst) {
    return add(flow_module(), numbers({every, burst, size}));
  }

  void lead(const physical_id& from, const physical_id& to) {
    host_.patch(from, {1, {{"out", host_.at(to)}}});
  }

  void fan_out(const physical_id& from, const std::vector<physical_id>& to) {
    output_map outputs{1, {}};
    for (std::size_t i = 0; i < to.size(); ++i)
      outputs.channels[std::string(1, static_cast<char>('a' + i))]
        = host_.at(to[i]);
    host_.patch(from, outputs);
  }

  /// Events per second that arrive where they shall, once `rounds` events have
  /// reached `first`: such is the `share` of all that are handled, here and by
  /// an engine that handles `bare` events.
  void measure(const plan& how, const physical_id& first, int rounds,
               double share, double bare, row& result) {
    if (problem_) {
      result.failure = explain(problem_);
      return;
    }
    for (int i = 0; i < rounds; ++i)
      host_.cast(first, "go");
    result.samples = growth(
      how, [&] { return host_.counts().handled(); }, how.repeats(10));
    for (auto& x : result.samples)
      x *= share;
    result.floor
      = {"engine alone, all of their events, one thread", bare * share};
    if (auto lost = host_.counts().dropped(); lost > 0) {
      result.samples.clear();
      result.failure = std::to_string(lost) + " events were dropped";
    }
  }

private:
  node host_;
  caf::error problem_;
};

/// source -> function ... -> sink, whose answers make the source go on.
row chain(const plan& how, std::uint32_t length, double bare) {
  row result{"events through a chain of " + std::to_string(length)
             + (length == 1 ? " function" : " functions") + ", 16 B"};
  constexpr std::uint32_t burst = 256;
  circuit all{how};
  auto source = all.add_flow(1, burst);
  auto sink = all.add_flow(burst, 1);
  auto next = sink;
  for (std::uint32_t i = 0; i < length; ++i) {
    auto one = all.add(relay_module());
    all.lead(one, next);
    next = one;
  }
  all.lead(source, next);
  all.lead(sink, source);
  all.measure(how, source, 8, double{burst} / ((length + 1) * burst + 1), bare,
              result);
  return result;
}

/// source -> fan -> 16 sinks -> source.
row fan_out(const plan& how, double bare) {
  row result{"events from one to 16 functions, 16 B"};
  constexpr std::uint32_t burst = 16;
  circuit all{how};
  auto source = all.add_flow(branches, burst);
  auto fan = all.add(fan_module());
  std::vector<physical_id> sinks;
  for (std::uint32_t i = 0; i < branches; ++i) {
    sinks.push_back(all.add_flow(burst, 1));
    all.lead(sinks.back(), source);
  }
  all.lead(source, fan);
  all.fan_out(fan, sinks);
  auto useful = double{branches} * burst;
  all.measure(how, source, 8 * branches, useful / (useful + burst + branches),
              bare, result);
  return result;
}

/// 16 sources -> sink -> fan -> 16 sources.
row fan_in(const plan& how, double bare) {
  row result{"events from 16 functions to one, 16 B"};
  constexpr std::uint32_t burst = 64;
  circuit all{how};
  auto sink = all.add_flow(branches * burst, 1);
  auto fan = all.add(fan_module());
  std::vector<physical_id> sources;
  for (std::uint32_t i = 0; i < branches; ++i) {
    sources.push_back(all.add_flow(1, burst));
    all.lead(sources.back(), sink);
  }
  all.lead(sink, fan);
  all.fan_out(fan, sources);
  auto useful = double{branches} * burst;
  all.measure(how, fan, 2, useful / (useful + 1 + branches), bare, result);
  return result;
}

} // namespace

rows fans(const plan& how) {
  auto bare = median(engine_events(how, size).samples);
  return {chain(how, 1, bare), chain(how, 3, bare), chain(how, 10, bare),
          fan_out(how, bare), fan_in(how, bare)};
}

} // namespace edgeless::benchmark
