#include <algorithm>
#include <optional>
#include <utility>

#include "config/address.h"
#include "config/secret.h"
#include "config/settings_reader.h"
#include "config/text_file.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kCertificateBytesMax = 1 << 20;

std::optional<std::string> read_address(const Value& value) {
  auto text = value.text();
  if (!text || is_mail_address(*text)) return text;
  value.error(in_quotes(*text) + " is no address of mail",
              "write the address alone, in ASCII, such as oncall@example.net");
  return std::nullopt;
}

void read_recipients(const Value& value, MailSettings& mail) {
  for (const Value& element : value.list()) {
    auto address = read_address(element);
    const bool is_new = address && std::ranges::find(mail.to, *address) == mail.to.end();
    if (is_new) mail.to.push_back(std::move(*address));
  }
  if (mail.to.size() <= kRecipientsMax) return;
  value.error("more than " + std::to_string(kRecipientsMax) + " recipients",
              "let the mail server keep a list, and name that");
}

/// Kept in memory: a page must not depend on a file that is just being replaced.
std::string read_certificates(const Value& value, const std::string& folder) {
  const auto name = value.text();
  if (!name) return "";
  const std::string path = beside(folder, *name);
  auto file = read_text_file(path, kCertificateBytesMax);
  if (!file) {
    value.error("the file " + in_quotes(path) + " cannot be read: " + file.error().what,
                "name the certificate of the authority that signed the server's, in PEM");
  } else if (file->text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    value.error("the file " + in_quotes(path) + " holds no certificate in PEM",
                "it begins with -----BEGIN CERTIFICATE-----");
  } else {
    return std::move(file->text);
  }
  return "";
}

/// The server and how it is spoken to.
void read_server(const Value& smtp, const std::optional<Value>& require_tls, Channel& channel) {
  const auto text = smtp.text();
  if (!text) return;
  const auto url = parse_smtp_url(*text);
  if (!url) return smtp.error("this is no URL of a mail server", url.error());
  channel.url = *text;
  if (channel.mail.require_tls) return;
  if (url->is_tls_from_the_start) {
    require_tls->error("smtps:// is TLS from the start", "remove this key, or write smtp://");
  } else if (!channel.mail.user.empty() && !is_loopback_host(url->host)) {
    require_tls->error("the password would cross the network in plain text",
                       "remove this key: user and password_file need TLS beyond this machine");
  }
}

void read_login(const std::optional<Value>& user, const std::optional<Value>& password,
                MailSettings& mail, const std::string& folder) {
  if (user) mail.user = user->text().value_or("");
  if (password) mail.password = read_secret(*password, folder).value_or("");
  if (user && !password) user->error("a user without a password", "add password_file");
  if (password && !user) password->error("a password without a user", "add user");
}

}  // namespace

void read_mail(Section& section, Channel& channel, std::optional<Channel::Kind> kind,
               const std::string& folder) {
  const bool is_email = kind == Channel::Kind::email;
  const auto need = [&](std::string_view key, const char* cure) {
    return is_email ? section.require(key, cure) : section.find(key);
  };
  const auto smtp = need("smtp", "name the mail server: smtp: \"smtps://mail.example.net:465\"");
  const auto from = need("from", "write the address pages come from: from: \"tocsin@example.net\"");
  const auto to = section.find("to");
  const auto user = section.find("user");
  const auto password = section.find("password_file");
  const auto authority = section.find("ca_file");
  const auto require_tls = section.find("require_tls");
  if (kind && !is_email) {
    refuse_foreign({smtp, from, to, user, password, authority, require_tls}, *kind);
  }
  if (!is_email) return;
  MailSettings& mail = channel.mail;
  if (require_tls) mail.require_tls = require_tls->boolean().value_or(true);
  read_login(user, password, mail, folder);
  if (smtp) read_server(*smtp, require_tls, channel);
  if (from) mail.from = read_address(*from).value_or("");
  if (authority) mail.trusted = read_certificates(*authority, folder);
  if (to) read_recipients(*to, mail);
  const bool names_nobody =
      !to || to->is(Node::Kind::empty) || (to->is(Node::Kind::list) && to->node().items.empty());
  if (names_nobody) {
    section.value().warning("this channel names nobody, so it reaches nobody",
                            "add who gets its mail: to: [oncall@example.net]");
  }
}

}  // namespace tocsin::config
