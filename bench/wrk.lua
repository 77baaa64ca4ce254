-- Makes wrk send payload files as they are (arguments after "--"; several are sent in turn, a pipelined one counts
-- for as many requests as it holds), and print what came of it as one line of JSON.

function init(args)
  local payloads = {}
  for _, path in ipairs(args) do
    local file = assert(io.open(path, "rb"))
    payloads[#payloads + 1] = file:read("*a")
    file:close()
  end
  if #payloads == 1 then
    -- without a global request() wrk formats once and stays in C for every request
    wrk.format = function() return payloads[1] end
  else
    local turn = 0
    function request()
      turn = turn % #payloads + 1
      return payloads[turn]
    end
  end
end

function done(summary)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"micros":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}',
    summary.requests, summary.duration,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status
  ))
end
