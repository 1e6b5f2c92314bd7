#pragma once

#include <string>

#include "cli/terminal.h"

/// `tocsin backup` and `tocsin restore`
namespace tocsin::cli {

struct BackupOptions {
  std::string config;  ///< Path of tocsin.yaml; its storage.path is the store.
  std::string file;
};

/// Both print the file, the last batch and the digest of the state; 0, or 1 with a problem.
int backup(const BackupOptions&, Format, Terminal&);
int restore(const BackupOptions&, Format, Terminal&);

}  // namespace tocsin::cli
