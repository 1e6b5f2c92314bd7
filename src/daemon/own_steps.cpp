#include "daemon/own_steps.h"

#include <utility>

namespace tocsin::daemon {

namespace {
Labels alarm_labels() {
  return {{"alertname", "TocsinRulesRejected"}, {"service", "tocsin"}, {"severity", "warning"}};
}
}  // namespace

std::unique_ptr<triage::Delivery> own_delivery(triage::Step step) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::outcomes;
  delivery->source = "tocsin";
  delivery->actor = "tocsin";
  delivery->steps.push_back(std::move(step));
  return delivery;
}

std::unique_ptr<triage::Delivery> files_alarm(const KeySecret& secret, const std::string& mistake) {
  auto delivery = own_delivery(triage::ReportAlert{});
  auto& step = std::get<triage::ReportAlert>(delivery->steps.front());
  const Labels labels = alarm_labels();
  const Labels annotations{{"summary", "Not all of what lies in the files is in force."},
                           {"description", mistake}};
  step.report.key = secret.key_of_labels(labels);
  step.report.phase = mistake.empty() ? Phase::resolved : Phase::firing;
  step.report.labels = LabelsView(delivery->arena.copy(labels.block()));
  step.report.annotations = LabelsView(delivery->arena.copy(annotations.block()));
  return delivery;
}

bool knows_files_alarm(const KeySecret& secret, const triage::State& state) {
  return state.find(secret.key_of_labels(alarm_labels())) != nullptr;
}

}  // namespace tocsin::daemon
