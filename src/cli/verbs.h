#pragma once

#include "cli/terminal.h"
#include "tocsin/cli/cli.h"

namespace tocsin::cli {

/// run() with the terminal given.
int run_verb(int argc, const char* const* argv, const Serve&, Terminal&);

}  // namespace tocsin::cli
