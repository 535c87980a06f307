-- Asks for one page after the other, and again from the first. The argument is a file with their addresses,
-- one a line. One line of JSON says how it went.
function init(args)
  pages, at = {}, 0
  for line in io.lines(args[1]) do
    table.insert(pages, line)
  end
end

function request()
  at = at % #pages + 1
  return wrk.format("GET", pages[at])
end

function done(summary, latency, requests)
  local wrong = summary.errors
  print(string.format(
    '{"asked":%d,"answered":%d,"seconds":%f,"p99_ms":%f,"refused":%d,"broken":%d}',
    0, summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
