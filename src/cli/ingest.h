#pragma once

#include <string>
#include <vector>

#include "cli/remote.h"
#include "cli/terminal.h"

/// `tocsin ingest …`: what a payload would become, and what became of rejected ones.
namespace tocsin::cli {

struct IngestOptions {
  std::string config;  ///< Path of tocsin.yaml.
  std::string source;  ///< Of this name.
};

/// Reads a payload from standard input as the daemon would from that source, by the files on disk:
/// no daemon is asked. 1 if it cannot be read or an alert of it is refused, 2 for an unknown source.
int ingest(const IngestOptions&, Format, Terminal&);

int list_rejected(const RemoteOptions&, std::size_t limit, Format, Terminal&);
int show_rejected(const RemoteOptions&, const std::string& id, Format, Terminal&);
/// 1 if an alert is refused again.
int replay_rejected(const RemoteOptions&, const std::string& id, Format, Terminal&);

}  // namespace tocsin::cli
