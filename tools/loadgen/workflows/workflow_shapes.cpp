// SPDX-License-Identifier: MIT
#include "tools/loadgen/workflows/workflow_shapes.hpp"

#include "tools/loadgen/limits.hpp"
#include "tools/loadgen/random.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <vector>

namespace edgeless::benchmark {

namespace {

caf::error check_range(const std::string& what, std::uint32_t low,
                       std::uint32_t high, std::uint32_t least,
                       std::uint32_t most) {
  if (low >= least && low <= high && high <= most)
    return caf::none;
  return fail(ec::bad_input, "min_" + what + " and max_" + what
                               + " must be from " + std::to_string(least)
                               + " to " + std::to_string(most)
                               + ", the first not above the second");
}

caf::error check_path(const std::string& key, const std::string& path) {
  return path.empty() ? fail(ec::bad_input, key + " is empty") : caf::error{};
}

/// The first error.
caf::error first_of(std::initializer_list<caf::error> all) {
  for (auto& x : all)
    if (x)
      return x;
  return caf::none;
}

std::string name_of(std::uint64_t number) {
  return "wf" + std::to_string(number);
}

std::string yes_or_no(bool x) {
  return x ? "true" : "false";
}

component_draft function(std::string name, const std::string& class_id,
                         const std::string& version, std::string module,
                         std::string init) {
  component_draft result;
  result.name = std::move(name);
  result.class_id = class_id;
  result.function_type = "RUST_WASM";
  result.version = version;
  result.code = std::move(module);
  result.settings["init-payload"] = std::move(init);
  return result;
}

/// The function blocks while the collector is busy: transactions that are not
/// reported would count as lost.
void connect_collector(component_draft& x) {
  x.output_mapping["metric"] = "metrics-collector";
  x.settings["on_full.metric"] = "block";
}

component_draft collector(std::uint64_t number) {
  component_draft result;
  result.kind = component_kind::resource;
  result.name = result.class_id = "metrics-collector";
  result.settings = {{"alpha", "0.9"}, {"wf_name", name_of(number)}};
  return result;
}

/// "0:1:2" for 3.
std::string list_below(std::uint32_t count) {
  std::string result;
  for (std::uint32_t i = 0; i < count; ++i)
    result += (i ? ":" : "") + std::to_string(i);
  return result;
}

std::vector<std::string> numbered_outputs(std::vector<std::string> first) {
  for (int i = 0; i < 20; ++i)
    first.push_back("out-" + std::to_string(i));
  return first;
}

} // namespace

// -- chains -------------------------------------------------------------------

caf::error check(const matrix_chain& x) {
  return first_of(
    {check_range("chain_length", x.min_chain_length, x.max_chain_length, 1,
                 load_limits::chain_length),
     check_range("matrix_size", x.min_matrix_size, x.max_matrix_size, 1,
                 load_limits::vector_size),
     check_path("function_wasm_path", x.function_wasm_path)});
}

caf::error check(const vector_chain& x) {
  return first_of(
    {check_range("chain_length", x.min_chain_length, x.max_chain_length, 1,
                 load_limits::chain_length),
     check_range("input_size", x.min_input_size, x.max_input_size, 1,
                 load_limits::vector_size),
     check_path("function_wasm_path", x.function_wasm_path)});
}

workflow_spec draw_workflow(const matrix_chain& x, std::uint64_t number,
                            const random_source& random) {
  workflow_spec result;
  auto length = draw_between(random, x.min_chain_length, x.max_chain_length);
  for (std::uint32_t i = 0; i < length; ++i) {
    auto last = i + 1 == length;
    auto circular = last && x.transaction_interval == 0;
    auto size = draw_between(random, x.min_matrix_size, x.max_matrix_size);
    auto init = "seed=" + std::to_string(i)
                + ",inter_arrival=" + std::to_string(x.transaction_interval)
                + ",is_first=" + yes_or_no(i == 0) + ",is_last="
                + yes_or_no(last) + ",matrix_size=" + std::to_string(size)
                + ",outputs=" + (last && !circular ? "" : "0");
    auto draft = function("f" + std::to_string(i), "matrix_mul", "0.1",
                          x.function_wasm_path, init);
    draft.outputs = numbered_outputs({"metric"});
    connect_collector(draft);
    if (circular)
      draft.output_mapping["out-0"] = "f0";
    else if (!last)
      draft.output_mapping["out-0"] = "f" + std::to_string(i + 1);
    result.components.push_back(std::move(draft));
  }
  result.components.push_back(collector(number));
  return result;
}

workflow_spec draw_workflow(const vector_chain& x, std::uint64_t number,
                            const random_source& random) {
  workflow_spec result;
  auto length = draw_between(random, x.min_chain_length, x.max_chain_length);
  auto size = draw_between(random, x.min_input_size, x.max_input_size);
  auto name = [](std::uint32_t i) {
    return i == 0 ? "client" : "f" + std::to_string(i - 1);
  };
  for (std::uint32_t i = 0; i < length; ++i) {
    auto init = "seed=" + std::to_string(i) + ",is_client=" + yes_or_no(i == 0)
                + ",input_size=" + std::to_string(size);
    auto draft
      = function(name(i), "vector_mul", "0.1", x.function_wasm_path, init);
    draft.outputs = {"metric", "out"};
    connect_collector(draft);
    draft.output_mapping["out"] = name((i + 1) % length);
    result.components.push_back(std::move(draft));
  }
  result.components.push_back(collector(number));
  return result;
}

// -- map-reduce -----------------------------------------------------------

caf::error check(const map_reduce& x) {
  constexpr auto any = 0xFFFFFFFFu;
  auto problem = first_of(
    {check_range("transaction_interval_ms", x.min_transaction_interval_ms,
                 x.max_transaction_interval_ms, 1, any),
     check_range("input_size", x.min_input_size, x.max_input_size, 0, 1 << 20),
     check_range("num_stages", x.min_num_stages, x.max_num_stages, 1,
                 load_limits::chain_length),
     check_range("fan_out", x.min_fan_out, x.max_fan_out, 1,
                 load_limits::fan_out),
     check_range("fibonacci", x.min_fibonacci, x.max_fibonacci, 0,
                 load_limits::fibonacci),
     check_range("memory_bytes", x.min_memory_bytes, x.max_memory_bytes, 0,
                 any),
     check_path("functions_path", x.functions_path)});
  if (problem)
    return problem;
  // A trigger, a last stage, and two resources.
  auto most = x.max_num_stages * (x.max_fan_out + 1) + 4;
  if (most > limits::components)
    return fail(ec::bad_input, "max_num_stages and max_fan_out result in "
                                 + std::to_string(most)
                                 + " components, more than "
                                 + std::to_string(limits::components));
  return caf::none;
}

namespace {

struct map_reduce_builder {
  const map_reduce& x;
  const random_source& random;
  workflow_spec result{};

  std::string module(const std::string& name) const {
    auto folder = x.functions_path;
    if (!folder.ends_with('/'))
      folder += '/';
    return folder + name + "/" + name + ".wasm";
  }

  void add_trigger(std::uint32_t interval, std::uint32_t size) {
    auto draft = function("trigger", "trigger", "0.1", module("trigger"),
                          "out_type=rand_vec,use_base64=true,size="
                            + std::to_string(size) + ",arrival=c("
                            + std::to_string(interval) + ")");
    draft.outputs = {"out", "err"};
    draft.output_mapping["out"] = "s0";
    result.components.push_back(std::move(draft));
  }

  /// A stage with that many incoming and outgoing branches. The first stage has
  /// no incoming ones, and the last no outgoing ones.
  void add_stage(std::uint32_t stage, std::uint32_t inputs,
                 std::uint32_t outputs) {
    auto first = inputs == 0, last = outputs == 0;
    auto init = "init_id_from_redis=" + yes_or_no(!x.redis_url.empty())
                + ",is_first=" + yes_or_no(first)
                + ",is_last=" + yes_or_no(last) + ",use_base64=true,inputs="
                + list_below(inputs) + ",outputs=" + list_below(outputs);
    auto draft = function("s" + std::to_string(stage), "bench_mapreduce", "0.2",
                          module("bench_mapreduce"), init);
    draft.outputs = numbered_outputs({"metric", "redis", "err"});
    if (first || last)
      connect_collector(draft);
    if ((first || last) && !x.redis_url.empty())
      draft.output_mapping["redis"] = "redis";
    for (std::uint32_t i = 0; i < outputs; ++i)
      draft.output_mapping["out-" + std::to_string(i)] = branch(stage, i);
    result.components.push_back(std::move(draft));
  }

  static std::string branch(std::uint32_t stage, std::uint32_t i) {
    return "p" + std::to_string(stage) + "-" + std::to_string(i);
  }

  void add_branch(std::uint32_t stage, std::uint32_t i) {
    auto fibonacci = draw_between(random, x.min_fibonacci, x.max_fibonacci);
    auto memory = draw_between(random, x.min_memory_bytes, x.max_memory_bytes);
    auto draft = function(branch(stage, i), "bench_process", "0.1",
                          module("bench_process"),
                          "forward=true,fibonacci=" + std::to_string(fibonacci)
                            + ",allocate=" + std::to_string(memory));
    draft.outputs = {"metric", "out", "err"};
    draft.output_mapping["out"] = "s" + std::to_string(stage + 1);
    result.components.push_back(std::move(draft));
  }

  void add_redis() {
    component_draft draft;
    draft.kind = component_kind::resource;
    draft.name = draft.class_id = "redis";
    draft.settings = {{"url", x.redis_url},
                      {"key", "last_transaction_id"},
                      {"add-workflow-id", "true"}};
    result.components.push_back(std::move(draft));
  }
};

} // namespace

workflow_spec draw_workflow(const map_reduce& x, std::uint64_t number,
                            const random_source& random) {
  map_reduce_builder builder{x, random};
  auto interval = draw_between(random, x.min_transaction_interval_ms,
                               x.max_transaction_interval_ms);
  auto size = draw_between(random, x.min_input_size, x.max_input_size);
  auto stages = draw_between(random, x.min_num_stages, x.max_num_stages);
  builder.add_trigger(interval, size);
  std::uint32_t inputs = 0;
  for (std::uint32_t stage = 0; stage <= stages; ++stage) {
    auto outputs = stage == stages
                     ? 0
                     : draw_between(random, x.min_fan_out, x.max_fan_out);
    builder.add_stage(stage, inputs, outputs);
    for (std::uint32_t i = 0; i < outputs; ++i)
      builder.add_branch(stage, i);
    inputs = outputs;
  }
  builder.result.components.push_back(collector(number));
  if (!x.redis_url.empty())
    builder.add_redis();
  return std::move(builder.result);
}

} // namespace edgeless::benchmark
