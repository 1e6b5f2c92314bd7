#pragma once

namespace tocsin::daemon {

/// The listening socket that systemd hands over (sd_listen_fds(3), tocsin.socket), or -1. Throws
/// std::runtime_error if there are several: Tocsin listens on one. Call it once: the variables that
/// name the socket are gone afterwards, so that no child takes it for its own.
int inherited_socket();

}  // namespace tocsin::daemon
