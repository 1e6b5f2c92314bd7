#pragma once

#include <string>
#include <vector>

#include "tocsin/alert/arena.h"
#include "tocsin/ingest/ingest.h"

/// What every kind of source does with the labels it has read.
namespace tocsin::ingest {

/// The labels that make the identity. An alert of nothing but ignored labels keeps them all: else
/// every such alert would be the same one. `ignored` is sorted.
Labels identity_of(LabelsView labels, const std::vector<std::string>& ignored);

/// The set in the arena: whole, or cut where it exceeds a limit; `truncated` is then set.
LabelsView within_limits(LabelsView whole, const Limits&, Arena&, bool& truncated);

}  // namespace tocsin::ingest
