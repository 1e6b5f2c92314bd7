#pragma once

#include "triage/core.h"

/// Which incident an alert that fires belongs to: one it joins, one it reopens, or a new one.
namespace tocsin::triage::correlation {

/// A new alert fires. `labels` and `annotations` are those it came with, `verdict` what the rules in
/// force say.
void on_opened(const Core&, const Alert&, LabelsView labels, LabelsView annotations,
               const rules::Verdict&, Changes& out);

/// A known alert fires again: a new occurrence.
void on_fired(const Core&, const Alert&, LabelsView annotations, const rules::Verdict&,
              Changes& out);

/// An occurrence goes on after its lease had ended: back to its incident if that can still be.
void on_continued(const Core&, const Alert&, LabelsView annotations, const rules::Verdict&,
                  Changes& out);

/// An alert that was decided anew and counts in no incident now.
void on_left(const Core&, const Alert&, const rules::Verdict&, Changes& out);

/// The incident an alert of this group joins now; `rule` is null for one that stands for itself.
std::optional<IncidentId> would_join(const Core&, const Key& group, const rules::CorrelationRule*);

/// True if what the rules in force say of a firing alert groups it where it is.
bool stays(const Core&, const Alert&, const rules::Verdict&);

}  // namespace tocsin::triage::correlation
