#include "delivery/mail.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "delivery/mime.h"
#include "tocsin/base/check.h"
#include "tocsin/view/view.h"

namespace tocsin::delivery {
namespace {

constexpr std::size_t kTitleMax = 200;
constexpr std::size_t kIdBytes = 16;

/// "<…@example.net>": the same for the same `what` of the same store, and telling nothing of
/// either.
std::string message_id(std::string_view what, std::string_view store_secret,
                       std::string_view from) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(what.data());
  CHECK(HMAC(EVP_sha256(), store_secret.data(), static_cast<int>(store_secret.size()), bytes,
             what.size(), digest, &size) != nullptr);
  std::string out = "<";
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 0xF];
  }
  out.append("@").append(from.substr(from.find('@') + 1)).append(">");
  return out;
}

/// "triggered", "resolved", …; an end that nobody reported is never called a recovery.
std::string_view what_happened(const Message& message) {
  if (view::ending(message.page.event, message.alerts) == "no longer reported") {
    return "no longer reported";
  }
  std::string_view event = triage::to_string(message.page.event);
  event.remove_prefix(event.find('.') + 1);
  return event;
}

std::string subject(const Message& message) {
  std::string out(to_string(message.incident.severity));
  out.append(" ").append(what_happened(message)).append(": ");
  out += clean_line(message.incident.title, kTitleMax);
  if (message.incident.id) out += " (INC-" + std::to_string(message.incident.id.value) + ")";
  return out;
}

}  // namespace

Mail compose_mail(const Message& message, const config::MailSettings& settings,
                  std::string_view external_url, std::string_view store_secret,
                  std::int64_t unix_seconds) {
  const triage::Page& page = message.page;
  const std::string incident = "INC-" + std::to_string(message.incident.id.value);
  const std::string root = message_id("thread/" + incident, store_secret, settings.from);
  Mail mail{settings.from, settings.to, {}};
  std::string& text = mail.text;
  text += header_line("Date", mail_date(unix_seconds));
  text += address_line("From", {"Tocsin <" + settings.from + ">"});
  text += address_line("To", settings.to);
  text += header_line("Subject", subject(message));
  text += "Message-ID: " + message_id("page/" + page.key, store_secret, settings.from) + "\r\n";
  if (message.incident.id) {
    text += "In-Reply-To: " + root + "\r\nReferences: " + root + "\r\n";
    text += header_line("X-Tocsin-Incident", incident);
  }
  text += header_line("X-Tocsin-Event", triage::to_string(page.event));
  text += header_line("X-Tocsin-Severity", to_string(message.incident.severity));
  text += header_line("X-Tocsin-Key", page.key);
  text += header_line("X-Tocsin-Attempt", std::to_string(page.attempts + 1));
  if (page.possible_duplicate) text += "X-Tocsin-Possible-Duplicate: true\r\n";
  // The first is the standard's, the second Exchange's: nobody's absence is answered to a pager.
  text += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n";
  text += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  text += "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
  text += quoted_printable(mail_body(message, external_url));
  return mail;
}

}  // namespace tocsin::delivery
