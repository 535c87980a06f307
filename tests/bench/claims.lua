-- Every request is the claim of another resident (see `tests/factories/crowd.py`), with a key of its own.
-- The argument is the number of residents who have claimed already. One line of JSON says how it went.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  asked = tonumber(args[1])
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nContent-Length: 0\r\n"
end

function request()
  asked = asked + 1
  local token = string.format("%043d", asked)
  return head .. "Authorization: Bearer " .. token .. "\r\nIdempotency-Key: claim-" .. token .. "\r\n\r\n"
end

function done(summary, latency, requests)
  local wrong = summary.errors
  print(string.format(
    '{"asked":%d,"answered":%d,"seconds":%f,"p99_ms":%f,"refused":%d,"broken":%d}',
    threads[1]:get("asked"), summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
