// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/dataset/dataset_files.hpp"

#include <functional>
#include <memory>

namespace edgeless {

/// Records the changes of a domain in CSV files; without a path, nothing. For
/// one thread.
class dataset_recorder {
public:
  using clock = std::function<std::chrono::system_clock::time_point()>;

  dataset_recorder() = default;

  dataset_recorder(const dataset_settings& settings, clock now,
                   dataset_files::observer on_lines)
    : now_{std::move(now)} {
    if (!settings.dataset_path.empty())
      files_ = std::make_unique<dataset_files>(settings, std::move(on_lines));
  }

  void join(const node_description& x) {
    if (files_)
      add(rows_.join(x, now_()));
  }

  void lose(const node_id& x) {
    rows_.lose(x);
  }

  void report(const node_id& node, const node_report& x) {
    if (!files_)
      return;
    for (auto& row : rows_.report(node, x, now_()))
      files_->add(row);
  }

  void moved(const logical_id& component, const endpoint& at) {
    if (files_)
      add(rows_.moved(component, at, now_()));
  }

  void drop(const logical_id& component) {
    rows_.drop(component);
  }

private:
  void add(const std::optional<dataset_row>& row) {
    if (row)
      files_->add(*row);
  }

  clock now_;
  dataset_rows rows_;
  std::unique_ptr<dataset_files> files_;
};

} // namespace edgeless
