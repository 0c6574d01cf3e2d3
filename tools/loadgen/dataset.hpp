// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <fstream>
#include <string>

namespace edgeless::benchmark {

/// The columns before those of each row: the fields of `--additional-fields`,
/// then the seed; each is followed by a comma.
struct dataset_prefix {
  std::string header;
  std::string fields;
};

/// An error unless there are as many names as fields; empty ones are left out.
caf::expected<dataset_prefix> make_prefix(const std::string& header,
                                          const std::string& fields,
                                          std::uint64_t seed);

/// The same as in the files of EDGELESS 1.0: without the seed, and with a comma
/// even if there are no additional fields.
caf::expected<dataset_prefix> make_plain_prefix(const std::string& header,
                                                const std::string& fields);

/// A file of comma-separated values.
class dataset {
public:
  /// `columns`: their names, for the header. With `append`, the header is
  /// written only if the file is new or empty. With an empty name there is no
  /// file, and rows are discarded.
  static caf::expected<dataset> open(const std::string& file,
                                     const dataset_prefix& prefix,
                                     const std::string& columns, bool append);

  /// Adds a row; discards and counts it if the file would grow beyond
  /// load_limits::dataset_bytes.
  void add(const std::string& row);

  std::uint64_t discarded() const {
    return discarded_;
  }

  /// An error if a row could not be written.
  caf::error flush();

private:
  std::string file_;
  std::string fields_;
  std::ofstream out_;
  std::uint64_t size_ = 0;
  std::uint64_t discarded_ = 0; ///< rows
};

/// A row of the samples: `w` for a workflow or `f` for a function, its name,
/// and `VALUE,TIMESTAMP`.
std::string sample_row(char entity, const std::string& name,
                       const std::string& sample);

/// A row of the events: metric, target, and a value that may contain commas.
std::string event_row(double when, const std::string& metric,
                      const std::string& target, const std::string& value);

/// Requests and responses in the JSON of EDGELESS.
std::string json_of(const workflow_spec& x);
std::string json_of(const workflow_status& x);
std::string json_of(const caf::error& x);

} // namespace edgeless::benchmark
