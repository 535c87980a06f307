-- Every request is a booking by another resident (see `tests/factories/crowd.py`), each of the next slot.
-- The arguments are the number of residents who have booked already, and of slots. One line of JSON says
-- how it went.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  asked, slots = tonumber(args[1]), tonumber(args[2])
end

function request()
  asked = asked + 1
  local body = string.format(
    '{"slot":"00000000-0000-0000-0000-%012x","items":[{"category":"fridge"}],'
    .. '"address":{"district":"杨陵区","street":"示例路 8 号"}}', asked % slots + 1)
  local headers = {["Authorization"] = string.format("Bearer %043d", asked), ["Content-Type"] = "application/json"}
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local wrong = summary.errors
  print(string.format(
    '{"asked":%d,"answered":%d,"seconds":%f,"p99_ms":%f,"refused":%d,"broken":%d}',
    threads[1]:get("asked"), summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
