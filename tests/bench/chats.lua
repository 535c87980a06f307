-- Every request is another question in a conversation of its own. The arguments are the file of the questions
-- (a line each: the text as JSON, a tab, the region) and the number of those asked already.
local threads, questions = {}, {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local text, region = line:match("^(.-)\t(.*)$")
    table.insert(questions, {text = text, region = region})
  end
  asked = tonumber(args[2])
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nContent-Type: application/json\r\n"
end

function request()
  local one = questions[asked % #questions + 1]
  local text, again = one.text, math.floor(asked / #questions)
  if again > 0 then -- all were asked: this one becomes another
    text = text:sub(1, -2) .. again .. '"'
  end
  local body = string.format('{"text":%s,"region":"%s","session":"bench-%08d"}', text, one.region, asked)
  asked = asked + 1
  return head .. "Content-Length: " .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency, requests)
  local wrong = summary.errors
  print(string.format(
    '{"asked":%d,"answered":%d,"seconds":%f,"p99_ms":%f,"refused":%d,"broken":%d}',
    threads[1]:get("asked"), summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
