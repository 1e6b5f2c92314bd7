#include "daemon/listen_socket.h"

#include <systemd/sd-daemon.h>

#include <stdexcept>
#include <string>

namespace tocsin::daemon {

int inherited_socket() {
  const int count = sd_listen_fds(1);
  if (count <= 0) return -1;
  if (count > 1) {
    throw std::runtime_error(std::to_string(count) +
                             " sockets were handed over at the start; leave one ListenStream= in "
                             "the socket unit");
  }
  return SD_LISTEN_FDS_START;
}

}  // namespace tocsin::daemon
