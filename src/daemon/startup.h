#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tocsin/config/config.h"
#include "tocsin/store/store.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Everything read before the first thread starts.
struct Started {
  config::Settings settings;
  std::shared_ptr<const triage::Policy> policy;
  std::unique_ptr<store::Store> store;
  store::Loaded loaded;
  store::StoreOptions store_options;
  bool rules_are_current = true;  ///< False: the last good rules of the store are in force.
  std::string first_mistake;      ///< Of the rules that were not taken.
};

/// Reads the configuration, opens and loads the store, and chooses the policy: the files as they
/// are, else the last good ones of the store. On failure nothing, and `exit_code` says how to end.
std::optional<Started> start_up(const std::string& settings_path, telemetry::Log&, int& exit_code);

/// A line for each, the first hundred of them.
void log_diagnostics(const Diagnostics&, telemetry::Log&);
/// The first error as `tocsin check` shows it, "" if there is none.
std::string first_error(const Diagnostics&);

/// Pages the fallback channels of tocsin.yaml that the store cannot be used, and what to do. Takes
/// 12 s at most.
void page_fallback(const config::Settings&, const std::string& problem, const std::string& cure,
                   telemetry::Log&);

}  // namespace tocsin::daemon
