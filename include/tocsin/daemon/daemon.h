#pragma once

#include <string>

/// Wiring: threads, queues, signals, systemd.
namespace tocsin::daemon {

/// Runs the daemon until SIGTERM or SIGINT. Returns its exit code: 0 after a drain, 78 for a
/// configuration error, 1 for a store that cannot be opened or an address that cannot be bound.
int serve(const std::string& settings_path);

}  // namespace tocsin::daemon
