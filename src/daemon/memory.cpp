#include "daemon/memory.h"

#include <malloc.h>

// mimalloc's, where it is linked in. Source: https://microsoft.github.io/mimalloc/group__heap.html
extern "C" void mi_collect(bool force) noexcept __attribute__((weak));

namespace tocsin::daemon {

void give_memory_back() {
  if (mi_collect != nullptr) {
    mi_collect(true);
  } else {
    ::malloc_trim(0);
  }
}

}  // namespace tocsin::daemon
