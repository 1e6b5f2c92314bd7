#include "store/policy_files.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "tocsin/alert/identity.h"

namespace tocsin::store {
namespace {

/// Stores a text under its content hash, or finds it there. Should another text have the same
/// hash, the next free number is taken.
int write_text(sqlite3* db, const std::string& text, std::uint64_t& hash) {
  Statement find;
  Statement insert;
  int code = find.prepare(db, "SELECT text FROM policy_file WHERE hash=?");
  if (code == SQLITE_OK) {
    code = insert.prepare(db, "INSERT INTO policy_file(hash,text) VALUES(?,?)");
  }
  if (code != SQLITE_OK) return code;
  for (hash = content_hash(text);; ++hash) {
    code = find.number(hash).step();
    if (code == SQLITE_DONE) return insert.number(hash).text(text).run();
    if (code != SQLITE_ROW) return code;
    const bool same = find.row().text() == text;
    find.reset();
    if (same) return SQLITE_OK;
  }
}

int write_entries(sqlite3* db, std::int64_t policy, const std::vector<triage::PolicyFile>& files) {
  Statement insert;
  int code =
      insert.prepare(db, "INSERT INTO policy_entry(policy,position,path,file) VALUES(?,?,?,?)");
  for (std::size_t i = 0; i < files.size() && code == SQLITE_OK; ++i) {
    std::uint64_t hash = 0;
    code = write_text(db, files[i].text, hash);
    if (code != SQLITE_OK) return code;
    code = insert.integer(policy).number(i).text(files[i].path).number(hash).run();
  }
  return code;
}

int read_last_hash(sqlite3* db, std::uint64_t& out) {
  Statement select;
  int code = select.prepare(db, "SELECT rules_hash FROM policy ORDER BY id DESC LIMIT 1");
  if (code == SQLITE_OK) code = select.step();
  if (code == SQLITE_ROW) out = select.row().number();
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int delete_old(sqlite3* db, std::int64_t newest) {
  Statement policies;
  int code = policies.prepare(db, "DELETE FROM policy WHERE id<=?");
  if (code == SQLITE_OK) code = policies.integer(newest - kPoliciesMax).run();
  if (code != SQLITE_OK || sqlite3_changes(db) == 0) return code;
  return execute(db,
                 "DELETE FROM policy_entry WHERE policy NOT IN (SELECT id FROM policy);"
                 "DELETE FROM policy_file WHERE hash NOT IN (SELECT file FROM policy_entry)");
}

}  // namespace

int write_policy(sqlite3* db, std::uint64_t rules_hash,
                 const std::vector<triage::PolicyFile>& files, Instant wall) {
  std::vector<triage::PolicyFile> last;
  std::uint64_t last_hash = 0;
  int code = read_last_policy(db, last);
  if (code == SQLITE_OK) code = read_last_hash(db, last_hash);
  if (code != SQLITE_OK) return code;
  const auto equal = [](const triage::PolicyFile& a, const triage::PolicyFile& b) {
    return a.path == b.path && a.text == b.text;
  };
  // A restart with unchanged rules adds nothing. Other scopes make another hash of the same files.
  if (last_hash == rules_hash &&
      std::equal(files.begin(), files.end(), last.begin(), last.end(), equal)) {
    return SQLITE_OK;
  }
  Statement insert;
  code = insert.prepare(db, "INSERT INTO policy(rules_hash,at) VALUES(?,?)");
  if (code == SQLITE_OK) code = insert.number(rules_hash).instant(wall).run();
  const std::int64_t id = sqlite3_last_insert_rowid(db);
  if (code == SQLITE_OK) code = write_entries(db, id, files);
  return code == SQLITE_OK ? delete_old(db, id) : code;
}

namespace {

/// `which` selects a policy's id, by `hash` if it has a parameter.
int read_files(sqlite3* db, const std::string& which, std::optional<std::uint64_t> hash,
               std::vector<triage::PolicyFile>& out) {
  out.clear();
  Statement select;
  int code =
      select.prepare(db,
                     "SELECT e.path,f.text FROM policy_entry AS e LEFT JOIN policy_file AS f "
                     "ON f.hash=e.file WHERE e.policy=(" +
                         which + ") ORDER BY e.position");
  if (code != SQLITE_OK) return code;
  if (hash) select.number(*hash);
  while ((code = select.step()) == SQLITE_ROW) {
    Row row = select.row();
    std::string path = row.string();
    if (row.is_null()) return SQLITE_CORRUPT;  // The text is gone.
    out.push_back({std::move(path), row.string()});
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace

int read_last_policy(sqlite3* db, std::vector<triage::PolicyFile>& out) {
  return read_files(db, "SELECT max(id) FROM policy", std::nullopt, out);
}

int read_policy(sqlite3* db, std::uint64_t rules_hash, std::vector<triage::PolicyFile>& out) {
  return read_files(db, "SELECT max(id) FROM policy WHERE rules_hash=?", rules_hash, out);
}

}  // namespace tocsin::store
