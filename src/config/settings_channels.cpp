#include <algorithm>
#include <optional>
#include <utility>

#include "config/secret.h"
#include "config/settings_reader.h"

namespace tocsin::config {
namespace {

/// Kinds that Tocsin has, but not this version.
constexpr std::string_view kLaterKinds[] = {"sms", "voice"};

std::optional<Channel::Kind> read_kind(const Value& value) {
  const auto word = value.text();
  if (!word) return std::nullopt;
  if (*word == "log") return Channel::Kind::log;
  if (*word == "webhook") return Channel::Kind::webhook;
  if (*word == "email") return Channel::Kind::email;
  const std::string supported = "supported kinds: log, webhook or email";
  if (std::ranges::find(kLaterKinds, *word) != std::end(kLaterKinds)) {
    value.error(
        "channels of kind " + in_quotes(*word) + " are not supported by this version of Tocsin",
        supported);
  } else {
    value.error("unknown kind of channel " + in_quotes(*word),
                did_you_mean(*word, {"log", "webhook", "email"}, supported));
  }
  return std::nullopt;
}

void check_free(const Value& value, const std::string& name, const std::vector<Channel>& channels) {
  if (name == "log") {
    value.error("the channel \"log\" is built in", "remove this one, or choose another name");
  } else if (std::ranges::find(channels, name, &Channel::name) != channels.end()) {
    value.error("the channel " + in_quotes(name) + " is defined twice",
                "give each channel its own name");
  }
}

/// The keys of kind webhook.
void read_webhook(Section& section, Channel& channel, std::optional<Channel::Kind> kind,
                  const std::string& folder) {
  const bool is_webhook = kind == Channel::Kind::webhook;
  const auto url = is_webhook
                       ? section.require("url_file", "name a file that holds the URL to post to")
                       : section.find("url_file");
  const auto secret = section.find("secret_file");
  const auto format = section.find("format");
  if (kind && !is_webhook) refuse_foreign({url, secret, format}, *kind);
  if (!is_webhook) return;
  if (url) channel.url = read_secret_url(*url, folder).value_or("");
  if (secret) channel.secret = read_secret(*secret, folder).value_or("");
  if (format) {
    const auto choice = format->choice({"tocsin", "alertmanager"});
    channel.format = static_cast<Channel::Format>(choice.value_or(0));
  }
}

/// A channel with a mistake is kept too: its name is known, and the mistake is told once.
void read_channel(const Value& value, SettingsDraft& draft) {
  Section section(value);
  Channel channel;
  channel.at = value.at();
  if (const auto name = section.require("name", "every channel has a name")) {
    if (auto text = name->name()) {
      check_free(*name, *text, draft.out.channels);
      channel.name = std::move(*text);
    }
  }
  std::optional<Channel::Kind> kind;
  if (const auto word = section.require("kind", "write kind: log, webhook or email")) {
    kind = read_kind(*word);
  }
  channel.kind = kind.value_or(Channel::Kind::log);
  read_webhook(section, channel, kind, draft.folder);
  read_mail(section, channel, kind, draft.folder);
  section.secret("url", "url_file");
  section.secret("secret", "secret_file");
  section.secret("password", "password_file");
  bool updates = false;
  section.boolean("updates", updates);
  section.not_yet({"updates"});
  if (!channel.name.empty()) draft.out.channels.push_back(std::move(channel));
}

}  // namespace

std::string_view to_string(Channel::Kind kind) {
  switch (kind) {
    case Channel::Kind::log:
      return "log";
    case Channel::Kind::webhook:
      return "webhook";
    case Channel::Kind::email:
      return "email";
  }
  return "unknown";
}

void refuse_foreign(std::initializer_list<std::optional<Value>> values, Channel::Kind kind) {
  for (const auto& value : values) {
    if (!value) continue;
    value->error("a channel of kind " + std::string(to_string(kind)) + " has no such key",
                 "remove it");
  }
}

void read_channels(const Value& value, SettingsDraft& draft) {
  for (const Value& element : value.list()) read_channel(element, draft);
}

}  // namespace tocsin::config
