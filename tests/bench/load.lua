-- Load for any server that takes POST /api/v2/alerts, driven by wrk. Settings come from the environment:
--   BATCH   alerts in one request (100)
--   UNIQUE  distinct alerts, which come round again and again as refreshes do (10000)
--   STORM   1: every alert is new
--   RUN     a word that sets the alerts of one run apart from those of another
local function number(name, otherwise) return tonumber(os.getenv(name) or otherwise) end
local batch, unique = number("BATCH", 100), number("UNIQUE", 10000)
local storm, run = os.getenv("STORM") == "1", os.getenv("RUN") or "a"
local services, zones = 400, { "north-1", "south-1", "west-2" }

local function alert(n, round)
  local labels = string.format(
    '"alertname":"Rule%d","service":"shop-%d","instance":"host-%d.example.net:9100","job":"node","zone":"%s",' ..
    '"namespace":"space-%d","pod":"pod-%d-%s","severity":"%s","team":"team-%d","env":"prod","disk":"nvme%dn1","batch":"%s"',
    n % 60, n % services, n % 4000, zones[n % 3 + 1], n % 90, n, run, n % 4 == 0 and "critical" or "warning",
    n % 25, n % 6, run)
  return string.format(
    '{"labels":{%s},"annotations":{"summary":"Too many errors, case %d","value":"%d","description":"More than five in a ' ..
    'hundred requests have failed for several minutes on this instance."},"startsAt":"2026-11-23T04:00:00.000Z",' ..
    '"endsAt":"2037-01-01T00:%02d:00.000Z","generatorURL":"http://prometheus.example.net/graph?g0.expr=errors"}',
    labels, n, round, round)
end

local function post(first, round)
  local parts = {}
  for i = 1, batch do parts[i] = alert(first + i, round) end
  return wrk.format("POST", "/api/v2/alerts", { ["Content-Type"] = "application/json" },
    "[" .. table.concat(parts, ",") .. "]")
end

local prepared, sent = {}, 0
function init()
  if storm then return end
  for round = 1, 6 do
    for part = 0, math.max(1, math.floor(unique / batch)) - 1 do
      prepared[#prepared + 1] = post(part * batch, round)
    end
  end
end

function request()
  sent = sent + 1
  if storm then return post((sent - 1) * batch, 1) end
  return prepared[(sent - 1) % #prepared + 1]
end
