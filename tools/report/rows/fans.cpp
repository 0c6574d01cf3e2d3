// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/parts.hpp"

namespace edgeless::benchmark {

namespace {

constexpr std::uint32_t branches = 16;
/// Bytes of an event.
constexpr std::uint32_t size = 16;

/// A graph of functions in one node: they are started, then connected.
class function_graph {
public:
  explicit function_graph(const plan& how)
    : host_{how.scratch / "code", draw<node_id>(os_random())} {
    // nop
  }

  physical_id add(const std::string& module, const std::string& init = "") {
    auto id = draw<physical_id>(os_random());
    if (auto problem = host_.start(id, host_.function(module, init)))
      problem_ = std::move(problem);
    return id;
  }

  /// Casts a burst to its output with each `every`-th event.
  physical_id add_burst(std::uint32_t every, std::uint32_t burst) {
    return add(burst_module(), numbers({every, burst, size}));
  }

  void connect(const physical_id& from, const physical_id& to) {
    host_.patch(from, {1, {{"out", host_.endpoint_of(to)}}});
  }

  void fan_out(const physical_id& from, const std::vector<physical_id>& to) {
    output_map outputs{1, {}};
    for (std::size_t i = 0; i < to.size(); ++i)
      outputs.channels[std::string(1, static_cast<char>('a' + i))]
        = host_.endpoint_of(to[i]);
    host_.patch(from, outputs);
  }

  /// Casts `rounds` events to `first` and measures events per second that reach
  /// their destination: they are the `share` of all events that are handled.
  /// The engine alone handles `bare` events per second.
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
    result.baseline
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

/// source -> function ... -> sink -> source.
row chain(const plan& how, std::uint32_t length, double bare) {
  row result{"events through a chain of " + std::to_string(length)
             + (length == 1 ? " function" : " functions") + ", 16 B"};
  constexpr std::uint32_t burst = 256;
  function_graph all{how};
  auto source = all.add_burst(1, burst);
  auto sink = all.add_burst(burst, 1);
  auto next = sink;
  for (std::uint32_t i = 0; i < length; ++i) {
    auto one = all.add(relay_module());
    all.connect(one, next);
    next = one;
  }
  all.connect(source, next);
  all.connect(sink, source);
  all.measure(how, source, 8, double{burst} / ((length + 1) * burst + 1), bare,
              result);
  return result;
}

/// source -> fan -> 16 sinks -> source.
row fan_out(const plan& how, double bare) {
  row result{"events from one to 16 functions, 16 B"};
  constexpr std::uint32_t burst = 16;
  function_graph all{how};
  auto source = all.add_burst(branches, burst);
  auto fan = all.add(fan_out_module());
  std::vector<physical_id> sinks;
  for (std::uint32_t i = 0; i < branches; ++i) {
    sinks.push_back(all.add_burst(burst, 1));
    all.connect(sinks.back(), source);
  }
  all.connect(source, fan);
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
  function_graph all{how};
  auto sink = all.add_burst(branches * burst, 1);
  auto fan = all.add(fan_out_module());
  std::vector<physical_id> sources;
  for (std::uint32_t i = 0; i < branches; ++i) {
    sources.push_back(all.add_burst(1, burst));
    all.connect(sources.back(), sink);
  }
  all.connect(sink, fan);
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
