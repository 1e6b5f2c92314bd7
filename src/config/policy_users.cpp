#include <algorithm>
#include <chrono>

#include "config/address.h"
#include "config/policy_reader.h"
#include "config/targets.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

/// What `to` has to be is for the channel to say.
void check_address(const Section& contact, const std::optional<Value>& to,
                   const std::string& channel, const PolicyDraft& draft) {
  const auto& channels = draft.settings.channels;
  const auto found = std::ranges::find(channels, channel, &Channel::name);
  if (found == channels.end() || found->kind != Channel::Kind::email) return;
  if (!to) {
    contact.value().error(
        "the key \"to\" is missing: the channel " + in_quotes(channel) + " sends mail",
        "add the address, such as to: ana@example.net");
    return;
  }
  const auto address = to->text();
  if (!address || is_mail_address(*address)) return;
  to->error(in_quotes(*address) + " is no address of mail",
            "write the address alone, in ASCII, such as ana@example.net");
}

void read_contact(const Value& value, PolicyDraft& draft) {
  Section section(value);
  const auto to = section.find("to");
  if (to) to->text();
  const auto channel = section.require("channel", "name the channel it is reached by");
  if (!channel) return;
  const auto name = channel->text();
  if (name && check_channel(*channel, *name, draft.policy.channels)) {
    check_address(section, to, *name, draft);
  }
}

std::vector<std::string> read_contacts(const Value& value, PolicyDraft& draft) {
  std::vector<std::string> names;
  for (const Value::Named& entry : value.named()) {
    names.push_back(entry.name);
    read_contact(entry.value, draft);
  }
  return names;
}

void read_notice(const Value& value, const std::string& user,
                 const std::vector<std::string>& contacts) {
  Section section(value);
  if (const auto after = section.find("after")) after->duration(Duration::zero());
  const auto contact = section.require("contact", "name one of the user's contacts");
  if (!contact) return;
  const auto name = contact->text();
  if (!name || std::ranges::find(contacts, *name) != contacts.end()) return;
  const std::vector<std::string_view> known(contacts.begin(), contacts.end());
  contact->error("nothing defines the contact " + in_quotes(*name) + " of " + in_quotes(user),
                 did_you_mean(*name, known, "define it under contacts of the same user"));
}

void read_notify(const Value& value, const std::string& user,
                 const std::vector<std::string>& contacts) {
  Section section(value);
  for (const std::string_view key : {"default", "urgent"}) {
    const auto notices = section.find(key);
    if (!notices) continue;
    if (is_empty_list(*notices)) {
      notices->error("nobody is told", "list a contact, such as [{contact: mail}]");
    }
    for (const Value& element : notices->list()) read_notice(element, user, contacts);
  }
}

void read_quiet(const Value& value, PolicyDraft& draft) {
  Section section(value);
  if (const auto during =
          section.require("during", "name a time interval, such as during: nights")) {
    use_name(*during, draft.time_intervals_used);
  }
  if (const auto levels = section.find("except")) read_levels(*levels);
}

void read_user(const Value::Named& entry, PolicyDraft& draft) {
  if (!draft.users.define("user", entry.name, entry.at, draft.report)) return;
  Section section(entry.value);
  if (const auto name = section.find("name")) name->text();
  if (const auto zone = section.find("time_zone")) draft.zones.read(*zone);
  std::vector<std::string> contacts;
  if (const auto found = section.find("contacts")) contacts = read_contacts(*found, draft);
  if (const auto notify = section.find("notify")) read_notify(*notify, entry.name, contacts);
  if (const auto quiet = section.find("quiet")) read_quiet(*quiet, draft);
  draft.reach.add_user(entry.name, !contacts.empty());
}

}  // namespace

void read_users(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_user(entry, draft);
}

}  // namespace tocsin::config
