#pragma once

namespace tocsin::config {

/// Every section that nothing acts on yet, and every key of each. Goes with the shipped files,
/// whose names it uses.
inline constexpr const char* kEverySection = R"yaml(
suppression:
  inhibit:
    - {name: node-down, source: ['alertname="NodeDown"'], target: ['severity!="critical"'], equal: [instance]}
  maintenance:
    - {name: sunday-patching, when: ['env="staging"'], every: {weekday: sunday, at: "02:00", for: 2h}, time_zone: Europe/Lisbon}
    - {name: dc-move, when: ['datacenter="lis1"'], from: "2026-12-05T22:00", until: "2026-12-06T04:00:30", time_zone: Europe/Lisbon}
    - {name: nightly, when: [batch], every: {at: "23:30", for: 45m}, time_zone: UTC}
  flapping: {transitions: 6, within: 15m, stable_for: 10m}
  storm: off
  silence_policy:
    - {name: ticket, when: ['env="prod"'], max: 8h, require: {comment: 'OPS-[0-9]+ "\\.*'}, never: ['severity="critical"']}
time_intervals:
  office: [{weekdays: ["monday:friday"], times: [{start_time: "09:00", end_time: "18:00"}], location: Europe/Lisbon}]
  nights:
    - {times: [{start_time: "00:00", end_time: "07:00"}, {start_time: "22:00", end_time: "24:00"}]}
    - {weekdays: [Saturday, sunday], days_of_month: ["1:5", "-3:-1", 15, "20:-1"], months: ["1:3", May:august, december]}
    - {years: ["2026:2028", 2030], location: Local}
heartbeats:
  watchdog: {when: ['alertname="Watchdog"'], interval: 5m, service: checkout, severity: SEV-2}
  nightly-backup: {interval: 1d, grace: 2h, service: payments-db}
users:
  ana:
    name: Ana
    time_zone: Europe/Lisbon
    contacts: {mail: {channel: log, to: ana@example.net}, phone: {channel: log, to: "+351 000"}}
    notify:
      default: [{contact: mail}, {after: 10m, contact: phone}]
      urgent: [{contact: phone}, {after: 3m, contact: phone}]
    quiet: {during: nights, except: [SEV-1]}
  bo: {contacts: {mail: {channel: log}}}
schedules:
  payments-hours:
    time_zone: Europe/Lisbon
    layers:
      - {users: [ana, bo], start: "2026-01-05T09:00", rotate: 1 week}
      - {users: [bo, ana], start: "2026-01-05T09:00", rotate: 12h}
      - {users: [bo], only: {weekdays: [saturday, sunday], from: "18:00", to: "08:00"}}
roles:
  commander: {page: [schedule:payments-hours], accept_within: 5m}
  communications: {page: [team:payments], accept_within: 10m}
  sme: {page: [service], accept_within: 10m}
stakeholders:
  - {severity: [SEV-1, SEV-2], page: [channel:log], updates: true}
problems: {recurs: 3, within: 30d}
continuity:
  - {name: payments-outage, when: {severity: SEV-1, lasting: 1h, services: [checkout]}, plan: https://plans.example.net/payments, tree: [user:ana, channel:log]}
responses:
  - {name: restart-worker, when: ['alertname="WorkerStuck"'], run: [/usr/lib/tocsin/restart, --hard], budget: 3 per hour, approval: SEV-2, verify: 5m}
templates:
  short: {title: "{{incident.severity}} {{incident.title}}", text: "{{incident.url}}"}
  long:
    text: |
      {{{incident.title}}} {{! said by the sender }}
      {{#incident.runbook}}see {{incident.runbook}}{{/incident.runbook}}{{^alerts}}no alerts{{/alerts}}
      {{#alerts}}{{labels.instance}}: {{&annotations.summary}} since {{ starts_at }}{{/alerts}}
)yaml";

}  // namespace tocsin::config
