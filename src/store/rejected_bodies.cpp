#include "store/rejected_bodies.h"

#include <string>

namespace tocsin::store {

const char* const kRejectedColumns =
    "id,at,source,reason,offset,refused,problems,bytes,masked,length(body),''";
const char* const kRejectedColumnsInFull =
    "id,at,source,reason,offset,refused,problems,bytes,masked,length(body),body";

int write_rejected(sqlite3* db, const std::vector<RejectedBody>& bodies) {
  Statement insert;
  int code = insert.prepare(db,
                            "INSERT INTO rejected_body(at,source,reason,offset,refused,problems,"
                            "bytes,masked,body) VALUES(?,?,?,?,?,?,?,?,?)");
  for (const RejectedBody& one : bodies) {
    if (code != SQLITE_OK) return code;
    code = insert.instant(one.at)
               .text(one.source)
               .text(one.reason)
               .number(one.offset)
               .number(one.refused)
               .text(one.problems)
               .number(one.bytes)
               .number(one.masked ? 1 : 0)
               .blob(one.body)
               .run();
  }
  if (code != SQLITE_OK) return code;
  // The newest stay whatever their size, and ids are never given again: the last is never deleted.
  const std::string trim =
      "DELETE FROM rejected_body WHERE id<=(SELECT max(id) FROM (SELECT id,"
      "sum(length(body)) OVER newest AS total,row_number() OVER newest AS place "
      "FROM rejected_body WINDOW newest AS (ORDER BY id DESC)) WHERE place>1 AND (place>" +
      std::to_string(kRejectedMax) + " OR total>" + std::to_string(kRejectedBytesMax) + "))";
  return execute(db, trim.c_str());
}

RejectedBody get_rejected(Row& row) {
  RejectedBody one;
  one.id = row.number();
  one.at = row.instant();
  one.source = row.string();
  one.reason = row.string();
  one.offset = row.number();
  one.refused = row.number();
  one.problems = row.string();
  one.bytes = row.number();
  one.masked = row.number() != 0;
  one.kept = row.number();
  one.body = row.string();
  return one;
}

}  // namespace tocsin::store
