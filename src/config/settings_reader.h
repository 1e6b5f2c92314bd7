#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/section.h"
#include "tocsin/config/config.h"

namespace tocsin::config {

/// tocsin.yaml while it is read.
struct SettingsDraft {
  Settings& out;
  const std::string& folder;  ///< Secrets and rules folders resolve against it.
  std::vector<std::string> channel_names() const;
};

/// One top-level key and the function that reads its value. A new key is one line in
/// settings.cpp and one function.
using ReadSetting = void (*)(const Value&, SettingsDraft&);
struct SettingReader {
  std::string_view key;
  ReadSetting read;
};

void read_sources(const Value&, SettingsDraft&);   // settings_sources.cpp
void read_channels(const Value&, SettingsDraft&);  // settings_channels.cpp
ingest::Mapping read_mapping(const Value&);        // settings_mapping.cpp
/// The keys of kind email; those of a channel of another kind are mistakes. Without a kind (it is a
/// mistake itself) they are left alone.
void read_mail(Section&, Channel&, std::optional<Channel::Kind>,
               const std::string& folder);  // settings_mail.cpp
/// Each value that is there belongs to another kind of channel.
void refuse_foreign(std::initializer_list<std::optional<Value>>, Channel::Kind);
void read_auth(const Value&, SettingsDraft&);      // settings_auth.cpp

void read_tls(const Value&, SettingsDraft&);       // settings_tls.cpp

/// What is there without being configured: the source `alertmanager-api`, and `tocsin` for the
/// daemon's own alerts. They come last, so that configured sources are found first.
void add_built_in_sources(std::vector<triage::Source>&);

}  // namespace tocsin::config
