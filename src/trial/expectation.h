#pragma once

#include <vector>

#include "tocsin/trial/trial.h"
#include "trial/world.h"

namespace tocsin::trial {

/// Compares what is expected now with what is so; adds what differs.
void verify(const World&, const config::Expectation&, std::vector<Failure>& out);

/// "at 6m "
std::string time_of(Duration);

}  // namespace tocsin::trial
