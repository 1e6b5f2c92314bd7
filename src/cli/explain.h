#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/remote.h"
#include "cli/terminal.h"

/// `tocsin explain`: why an alert is what it is.
namespace tocsin::cli {

struct ExplainOptions {
  std::string config;             ///< Path of tocsin.yaml.
  std::string rules;              ///< A folder instead of those tocsin.yaml names; "" = those.
  std::string source;             ///< Of this name; "": one that takes label sets.
  std::vector<std::string> what;  ///< INC-42, a fingerprint or labels; empty: standard input.
  std::size_t near = 0;           ///< So many rules that nearly held.
  std::size_t limit = 0;          ///< So many alerts at most; 0: what fits the question.
  bool asks_daemon = false;       ///< Alerts and labels, too.
};

/// Labels and alerts of standard input are explained by the files on disk, incidents and
/// fingerprints by a running daemon. 1 if something cannot be explained, 2 for wrong usage.
int explain(const ExplainOptions&, const RemoteOptions&, Format, Terminal&);

/// The printing half.
void print_explanations(const boost::json::value& document, Terminal&);

}  // namespace tocsin::cli
