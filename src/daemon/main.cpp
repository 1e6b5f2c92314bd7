#include "tocsin/base/check.h"
#include "tocsin/cli/cli.h"
#include "tocsin/daemon/daemon.h"

int main(int argc, char** argv) {
  tocsin::announce_uncaught_exceptions();
  return tocsin::cli::run(argc, argv, [](const tocsin::cli::ServeOptions& options) {
    return tocsin::daemon::serve(options.config);
  });
}
