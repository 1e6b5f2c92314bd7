#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "tocsin/base/time.h"

namespace tocsin::telemetry {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
template <class Metric>
using Family = prometheus::Family<Metric>;

/// Entries by name, made when first asked for. Beyond `max` names there is one for all others, so
/// that no label set grows without bound. Thread-safe; entries stay where they are.
template <class Entry>
class ByName {
 public:
  using Make = std::function<Entry(const std::string& name)>;
  ByName(std::size_t max, Make make) : max_(max), make_(std::move(make)) {}

  Entry& of(std::string_view name) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = entries_.find(name); it != entries_.end()) return it->second;
    }
    const std::unique_lock lock(mutex_);
    if (const auto it = entries_.find(name); it != entries_.end()) return it->second;
    const std::string key(entries_.size() < max_ ? name : "other");
    const auto it = entries_.find(key);
    return it != entries_.end() ? it->second : entries_.emplace(key, make_(key)).first->second;
  }

 private:
  const std::size_t max_;
  const Make make_;
  std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// Makes families, and single series, in one registry.
class Families {
 public:
  explicit Families(prometheus::Registry& registry) : registry_(registry) {}

  Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
  }
  Family<Gauge>& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
  }
  Family<Histogram>& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
  }
  Counter& counter(const char* name, const char* help) { return counters(name, help).Add({}); }
  Gauge& gauge(const char* name, const char* help) { return gauges(name, help).Add({}); }
  Histogram& histogram(const char* name, const char* help, const Histogram::BucketBoundaries& to) {
    return histograms(name, help).Add({}, to);
  }

 private:
  prometheus::Registry& registry_;
};

}  // namespace tocsin::telemetry
