#pragma once

#include <string>

#include "cli/terminal.h"
#include "tocsin/config/config.h"

/// `tocsin check`
namespace tocsin::cli {

struct CheckOptions {
  std::string config;   ///< Path of tocsin.yaml.
  std::string rules;    ///< A folder instead of those tocsin.yaml names; "" = those.
  bool strict = false;  ///< Warnings count as errors.
};

/// Reads everything, prints every mistake; 0 if there is none that counts, else 1.
int check(const CheckOptions&, Format, Terminal&);

/// The printing half. `files` is how many rules files were read.
int print_diagnostics(const Diagnostics&, std::size_t files, const CheckOptions&, Format,
                      Terminal&);

}  // namespace tocsin::cli
