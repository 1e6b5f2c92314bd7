-- Load of alerts that are known and end and fire again in turn, for transitions: 10,000 alerts, 100 a request, 40 rounds, of
-- which every second one ends them. Times lie in the last 20 minutes, since older ends are taken for a wrong clock.
local batch, unique, rounds = 100, 10000, 40
local base = os.time() - 1150
local requests, i = {}, 0

local function at(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", base + seconds) end

local function alert(n, round)
  local start = math.floor(round / 2) * 50
  local ends = round % 2 == 1 and at(start + 20) or "2036-01-01T00:00:00Z"
  return string.format(
    '{"labels":{"alertname":"Rule%d","service":"shop-%d","instance":"host-%d.example.net:9100","job":"node","severity":"warning",' ..
    '"n":"%d"},"annotations":{"summary":"comes and goes"},"startsAt":"%s","endsAt":"%s"}',
    n % 50, n % 400, n % 4000, n, at(start), ends)
end

function init()
  for round = 0, rounds - 1 do
    for first = 0, unique - 1, batch do
      local alerts = {}
      for n = first, first + batch - 1 do alerts[#alerts + 1] = alert(n, round) end
      requests[#requests + 1] = wrk.format("POST", "/api/v2/alerts", {["Content-Type"] = "application/json"},
                                           "[" .. table.concat(alerts, ",") .. "]")
    end
  end
end

function request()
  i = i + 1
  return requests[(i - 1) % #requests + 1]
end
