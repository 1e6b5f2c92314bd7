#include "tocsin/base/priority.h"

#include <sys/resource.h>

namespace tocsin {

void give_way(int niceness) {
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + niceness);
}

}  // namespace tocsin
