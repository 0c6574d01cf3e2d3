// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <fstream>
#include <string>

namespace edgeless::benchmark {

/// What stands before the columns of each row: the fields of
/// `--additional-fields`, then the seed; each with a comma.
struct dataset_prefix {
  std::string header;
  std::string fields;
};

/// An error unless there are as many of one as of the other; empty ones do not
/// count.
caf::expected<dataset_prefix> make_prefix(const std::string& header,
                                          const std::string& fields,
                                          std::uint64_t seed);

/// A file of comma-separated values.
class dataset {
public:
  /// `columns` as in the header. With `append`, the header is written only if
  /// the file is new or empty. An empty name: there is no file, and all rows
  /// are ignored.
  static caf::expected<dataset> open(const std::string& file,
                                     const dataset_prefix& prefix,
                                     const std::string& columns, bool append);

  /// Adds a row. Beyond load_limits::dataset bytes it is only counted.
  void add(const std::string& row);

  std::uint64_t left_out() const {
    return left_out_;
  }

  /// An error if something is not in the file.
  caf::error flush();

private:
  std::string file_;
  std::string fields_;
  std::ofstream out_;
  std::uint64_t size_ = 0;
  std::uint64_t left_out_ = 0; ///< rows
};

/// A row of the samples: `w` or `f`, of whom, and `VALUE,TIMESTAMP`.
std::string sample_row(char entity, const std::string& name,
                       const std::string& sample);

/// A row of the events: metric, target and a value that may have commas.
std::string event_row(double when, const std::string& metric,
                      const std::string& target, const std::string& value);

/// As EDGELESS writes them: what was asked for, and what was answered.
std::string json_of(const workflow_spec& x);
std::string json_of(const workflow_status& x);
std::string json_of(const caf::error& x);

} // namespace edgeless::benchmark
