#include "daemon/memory.h"

#include <malloc.h>
#include <mimalloc.h>

// Only the release build links it in. Source:
// https://microsoft.github.io/mimalloc/group__options.html
#pragma weak mi_collect
#pragma weak mi_option_get
#pragma weak mi_option_set

namespace tocsin::daemon {

GivingMemoryBack::GivingMemoryBack() {
  if (mi_collect == nullptr) return;
  delay_ = mi_option_get(mi_option_decommit_delay);
  mi_option_set(mi_option_decommit_delay, 0);
}

GivingMemoryBack::~GivingMemoryBack() {
  give_memory_back();
  if (mi_collect != nullptr) mi_option_set(mi_option_decommit_delay, delay_);
}

void give_memory_back() {
  if (mi_collect == nullptr) {
    ::malloc_trim(0);
  } else {
    mi_collect(true);
  }
}

}  // namespace tocsin::daemon
