#pragma once

#include "http/routes.h"

/// The functions the route table names.
namespace tocsin::http {

// operations.cpp
Response healthy(Site&, const Request&);
Response ready(Site&, const Request&);
Response index_page(Site&, const Request&);
Response metrics_page(Site&, store::Reader*, const Request&);

Response reload_response(const Reloaded&);

// native_lists.cpp
Response list_incidents(Site&, store::Reader*, const Request&);
Response show_incident(Site&, store::Reader*, const Request&);
Response list_alerts(Site&, store::Reader*, const Request&);

// explain.cpp
Response explain_stored(Site&, store::Reader*, const Request&);
Response explain_sent(Site&, store::Reader*, const Request&);

// rules.cpp
Response list_rules(Site&, store::Reader*, const Request&);

// rejected.cpp
Response list_rejected(Site&, store::Reader*, const Request&);
Response show_rejected(Site&, store::Reader*, const Request&);

// alertmanager_lists.cpp
Response alertmanager_alerts(Site&, store::Reader*, const Request&);
Response alertmanager_status(Site&, const Request&);
Response alertmanager_receivers(Site&, const Request&);

/// Rows as they are shown: firing alerts with their live leases, asked on the core thread (as
/// stored where the core does not answer in time), and the times of the core by the wall clock.
void bring_up_to_date(Site&, std::vector<store::AlertRow>&);
void bring_up_to_date(Site&, triage::Incident&);

/// A reader's refusal or absence as an answer.
Response store_trouble(Site&, Dialect, const store::StoreError*);

}  // namespace tocsin::http
