#pragma once

#include <sqlite3.h>

namespace tocsin::simulation {

class Disk;

/// SQLite's view of a disk. `name` and `disk` must outlive it.
sqlite3_vfs make_vfs(const char* name, Disk* disk);

}  // namespace tocsin::simulation
