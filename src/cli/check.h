#pragma once

#include <string>

#include "cli/terminal.h"
#include "tocsin/config/config.h"

/// `tocsin check`
namespace tocsin::cli {

/// Where the printing half writes for a code host instead of for people or programs.
enum class CodeHost { none, github, gitlab };

struct CheckOptions {
  std::string config;   ///< Path of tocsin.yaml.
  std::string rules;    ///< A folder instead of those tocsin.yaml names; "" = those.
  bool strict = false;  ///< Warnings count as errors.
  CodeHost host = CodeHost::none;
  bool dump = false;  ///< Print the settings in force; mistakes go to standard error.
};

/// Reads everything, prints every mistake; 0 if there is none that counts, else 1.
int check(const CheckOptions&, Format, Terminal&);

/// Prints tocsin.yaml with every default as YAML, below comments that say what the rules hold.
/// Nothing but the mistakes if there is an error in it.
int dump(const CheckOptions&, Terminal&);

/// The printing half. `files` is how many rules files were read.
int print_diagnostics(const Diagnostics&, std::size_t files, const CheckOptions&, Format,
                      Terminal&);

}  // namespace tocsin::cli
