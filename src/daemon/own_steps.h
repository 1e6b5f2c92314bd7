#pragma once

#include <memory>
#include <string>

#include "tocsin/triage/triage.h"

/// What the daemon itself has to tell the core.
namespace tocsin::daemon {

/// A delivery of the daemon's own.
std::unique_ptr<triage::Delivery> own_delivery(triage::Step);

/// The alarm that what lies in the files is not what is in force: firing with a mistake, cleared
/// with "".
std::unique_ptr<triage::Delivery> files_alarm(const KeySecret&, const std::string& mistake);
/// True if it is known to the core: it fires, or did not long ago.
bool knows_files_alarm(const KeySecret&, const triage::State&);

}  // namespace tocsin::daemon
