#pragma once

#include "cli/remote.h"

namespace tocsin::cli {

/// Tells the daemon to read its files again, waits, and prints every mistake: 1 if there is one.
int reload(const RemoteOptions&, bool reapply, Format, Terminal&);

}  // namespace tocsin::cli
