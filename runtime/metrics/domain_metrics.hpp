// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/metrics/exposition.hpp"
#include "runtime/net/basp/refusal.hpp"

#include <cstddef>

/// What orchestrators, controllers and all processes tell at a scrape.
namespace edgeless {

void tell(metrics_page& page, const domain_counters& x);
void tell(metrics_page& page, const cluster_counters& x);
/// What the wire of a program has let in, and what it has refused, and why.
void tell(metrics_page& page, const transport_statistics& x);

/// The memory of this process and what its log has lost, and the actors of a
/// part of it.
void tell_process(metrics_page& page, std::size_t actors);

} // namespace edgeless
