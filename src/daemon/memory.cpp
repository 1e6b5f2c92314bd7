#include "daemon/memory.h"

#include <malloc.h>
#include <mimalloc.h>

#include <mutex>

// Only the release build links it in. Source:
// https://microsoft.github.io/mimalloc/group__options.html
#pragma weak mi_collect
#pragma weak mi_option_get
#pragma weak mi_option_set

namespace tocsin::daemon {

namespace {
std::mutex mutex;
int givers = 0;
long usual_delay = 0;
}  // namespace

GivingMemoryBack::GivingMemoryBack() {
  if (mi_collect == nullptr) return;
  const std::scoped_lock lock(mutex);
  if (givers++ > 0) return;
  usual_delay = mi_option_get(mi_option_decommit_delay);
  mi_option_set(mi_option_decommit_delay, 0);
}

GivingMemoryBack::~GivingMemoryBack() {
  if (mi_collect == nullptr) {
    ::malloc_trim(0);
    return;
  }
  mi_collect(true);
  const std::scoped_lock lock(mutex);
  if (--givers == 0) mi_option_set(mi_option_decommit_delay, usual_delay);
}

}  // namespace tocsin::daemon
