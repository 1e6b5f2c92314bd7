#include "simulation/outline.h"

namespace tocsin::simulation {
namespace {

std::string name(IncidentId id) { return " INC-" + std::to_string(id.value); }
std::string name(AlertId id) { return " alert " + std::to_string(id.value); }
std::string name(PageId id) { return " page " + std::to_string(id.value); }
std::string name(const std::shared_ptr<const triage::Incident>& incident) {
  return name(incident->id);
}
std::string name(const triage::Page& page) { return name(page.id) + " " + page.key; }

/// Whatever of these members a change has.
template <class Change>
std::string members(const Change& change) {
  std::string text;
  if constexpr (requires { name(change.id); }) text += name(change.id);
  if constexpr (requires { name(change.alert); }) text += name(change.alert);
  if constexpr (requires { name(change.incident); }) text += name(change.incident);
  if constexpr (requires { name(change.page); }) text += name(change.page);
  if constexpr (requires { change.channel; }) text += " " + change.channel;
  return text;
}

}  // namespace

std::string outline(const triage::Delivery& delivery) {
  std::string text = delivery.source.empty() ? delivery.actor : delivery.source;
  for (const triage::Step& step : delivery.steps) {
    text.append(" ").append(triage::name_of(step));
    std::visit([&](const auto& one) { text += members(one); }, step);
  }
  return text;
}

std::string outline(const triage::StepAnswer& answer) {
  std::string text(to_string(answer.fate));
  if (answer.fate == triage::Fate::refused) text.append("/").append(to_string(answer.refusal));
  if (answer.alert) text += name(answer.alert);
  if (answer.incident) text += name(answer.incident);
  return text;
}

std::string outline(const triage::Change& change) {
  std::string text(triage::name_of(change));
  std::visit([&](const auto& one) { text += members(one); }, change);
  return text;
}

}  // namespace tocsin::simulation
