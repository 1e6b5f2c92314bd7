#pragma once

#include <functional>
#include <string>
#include <string_view>

/// The verbs. Exit codes: 0 fine, 1 found problems, 2 wrong usage, 78 configuration error in
/// `serve`.
namespace tocsin::cli {

/// What `version` prints and the API shows; the project version of CMakeLists.txt (a test
/// compares).
inline constexpr std::string_view kVersion = "0.1.0";

struct ServeOptions {
  std::string config;  ///< Path of tocsin.yaml.
};
/// What `serve` runs; given by the daemon, so that cli needs none of its rooms.
using Serve = std::function<int(const ServeOptions&)>;

/// Runs the verb that the arguments name and returns the exit code. Writes to standard output and
/// error; colours only where standard output is a terminal and NO_COLOR is not set.
int run(int argc, char** argv, const Serve&);

}  // namespace tocsin::cli
