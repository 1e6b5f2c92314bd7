#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace tocsin::telemetry {

/// The `process_*` families every Prometheus client exports, read from /proc at the moment of the
/// scrape. What /proc does not tell is left out.
std::vector<prometheus::MetricFamily> process_families();

}  // namespace tocsin::telemetry
