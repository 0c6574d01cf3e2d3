// SPDX-License-Identifier: MIT
#include "tools/loadgen/experiment.hpp"
#include "tools/loadgen/workflows/source.hpp"
#include "tools/program.hpp"
#include "tools/report/compare.hpp"
#include "tools/report/harness/processes/child_main.hpp"
#include "tools/report/parts.hpp"

#include "runtime/base/files.hpp"
#include "runtime/sandbox/child_main.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

using namespace edgeless;

namespace {

struct part {
  const char* name;
  benchmark::rows (*measure)(const benchmark::plan&);
};

constexpr part parts[] = {
  {"casts", benchmark::casts},
  {"calls", benchmark::calls},
  {"latency", benchmark::latency},
  {"starts", benchmark::starts},
  {"workflow", benchmark::workflow_start},
  {"fans", benchmark::fans},
  {"idle", benchmark::daemons},
  {"memory", benchmark::memory},
  {"placement", benchmark::placements},
  {"migration", benchmark::migration},
  {"mirror", benchmark::mirror_writes},
  {"failover", benchmark::failover},
  {"brokers", benchmark::brokers},
  {"compute", benchmark::compute},
  {"http", benchmark::http},
};

struct report_options {
  bool quick = false;
  std::vector<std::string> only;
  std::string json_file;
  std::string markdown_file;
  std::string compare_file;
};

caf::error write(const std::string& file, const std::string& text) {
  if (file.empty())
    return caf::none;
  std::ofstream out{file};
  out << text;
  return out.flush()
           ? caf::error{}
           : edgeless::fail(ec::system_failure, "cannot write " + file);
}

/// Nothing without a file.
caf::expected<std::optional<benchmark::earlier_report>>
read_earlier(const std::string& file) {
  if (file.empty())
    return std::optional<benchmark::earlier_report>{};
  auto text = read_file(file, 16 * limits::configuration);
  if (!text)
    return text.error();
  auto result = benchmark::parse_report(*text);
  if (!result)
    return edgeless::fail(ec::bad_input, file + ": " + explain(result.error()));
  return std::optional{std::move(*result)};
}

int report(const program& self, const report_options& x) {
  // Checked before the minutes of measuring.
  auto earlier = read_earlier(x.compare_file);
  if (!earlier)
    return self.fail(earlier.error());
  auto& before = *earlier;
  char scratch[] = "/tmp/edgeless_benchmark.XXXXXX";
  if (!mkdtemp(scratch))
    return self.fail(
      edgeless::fail(ec::system_failure, "cannot make a folder in /tmp"));
  benchmark::plan how{x.quick, scratch};
  benchmark::rows all;
  for (auto& one : parts) {
    if (!x.only.empty() && std::ranges::count(x.only, one.name) == 0)
      continue;
    std::cerr << "measuring: " << one.name << std::endl;
    for (auto& line : one.measure(how))
      all.push_back(std::move(line));
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  auto text = benchmark::markdown(all);
  if (before)
    text += "\n" + benchmark::comparison(*before, all);
  std::cout << text << std::flush;
  if (auto problem = write(x.markdown_file, text))
    return self.fail(problem);
  auto samples = benchmark::json(all);
  if (auto problem = write(x.json_file, samples))
    return self.fail(problem);
  // A later --compare must be able to read it.
  if (auto again = benchmark::parse_report(samples); !again)
    return self.fail(edgeless::fail(ec::system_failure,
                                    "this report " + explain(again.error())));
  // A missing figure is an error; a bad one is a result.
  auto missing
    = std::ranges::count_if(all, [](auto& row) { return row.samples.empty(); });
  return missing == 0 ? 0 : 1;
}

CLI::App* add_report(program& self, report_options& x) {
  auto* sub = self.options().add_subcommand(
    "report",
    "Measure casts, calls, latency, starts, memory, placement, migration, "
    "the mirror, failover and HTTP, with baselines of the machine alone, and "
    "print "
    "a table");
  sub->add_flag("--quick", x.quick,
                "Fewer and shorter samples, in less than a minute");
  std::vector<std::string> names;
  for (auto& one : parts)
    names.push_back(one.name);
  sub->add_option("--only", x.only, "These parts only")
    ->check(CLI::IsMember{names});
  sub->add_option("--json", x.json_file, "Write all samples to this file");
  sub->add_option("--markdown", x.markdown_file,
                  "Write the table to this file");
  sub->add_option("--compare", x.compare_file,
                  "Show the changes against the report in this JSON file, and "
                  "mark those beyond the noise");
  return sub;
}

} // namespace

int main(int argc, char** argv) {
  end_on_exceptions("edgeless_benchmark");
  if (auto code = run_as_child(argc, argv))
    return *code;
  if (auto code = benchmark::run_as_child(argc, argv))
    return *code;
  setenv("RUST_LOG", "error", 0);
  program self{
    "edgeless_benchmark",
    "Generates load with workflows that start and stop, and reports how "
    "they and their transactions fared; or measures EDGELESS on this "
    "machine."};
  benchmark::load_options load;
  benchmark::add_load_options(self.options(), load);
  report_options x;
  auto* sub = add_report(self, x);
  if (auto code = self.parse(argc, argv))
    return *code;
  // Skips the destructors of the actor systems that were measured.
  if (sub->parsed())
    std::_Exit(report(self, x));
  if (auto text = benchmark::explain_source(load.wf_type)) {
    std::cout << *text;
    return 0;
  }
  block_signals();
  auto problem = benchmark::run_experiment(load);
  std::_Exit(problem ? self.fail(problem) : 0);
}
