#pragma once

#include <functional>
#include <string>

/// The verbs. Exit codes: 0 fine, 1 found problems, 2 wrong usage, 78 configuration error in `serve`.
namespace tocsin::cli {

struct ServeOptions {
  std::string config;  ///< Path of tocsin.yaml.
};
/// What `serve` runs; given by the daemon, so that cli needs none of its rooms.
using Serve = std::function<int(const ServeOptions&)>;

int run(int argc, char** argv, const Serve&);

}  // namespace tocsin::cli
