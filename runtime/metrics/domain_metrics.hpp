// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/metrics/exposition.hpp"
#include "runtime/net/basp/refusal.hpp"

#include <cstddef>

/// The metrics of an orchestrator, of a controller and of every process. Each
/// function adds its families to the page of a scrape; any thread.
namespace edgeless {

/// edgeless_orchestrator_*
void add_metrics(metrics_page& page, const domain_counters& x);
/// edgeless_controller_*
void add_metrics(metrics_page& page, const cluster_counters& x);
/// edgeless_transport_*: connections accepted, dialled, and refused by reason.
void add_metrics(metrics_page& page, const transport_statistics& x);

/// The resident memory of this process and its dropped log lines; `actors` is
/// the number of running actors of one actor system.
void add_process_metrics(metrics_page& page, std::size_t actors);

} // namespace edgeless
