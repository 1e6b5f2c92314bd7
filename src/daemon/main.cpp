#include "tocsin/cli/cli.h"
#include "tocsin/daemon/daemon.h"

int main(int argc, char** argv) {
  return tocsin::cli::run(argc, argv, [](const tocsin::cli::ServeOptions& options) {
    return tocsin::daemon::serve(options.config);
  });
}
