import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { messageOf } from '../../wire/errors.ts';

/** A Redis that has no room, cannot write its disk, or is about to be another, and says so before it changes anything. */
const passingTrouble = /\b(OOM|MISCONF|READONLY|NOREPLICAS|BUSY|LOADING|MASTERDOWN) /;
const againMs = 1_000;

/** Runs as one step: nothing else happens in between. */
class RedisScript {
  readonly #name: string;
  readonly #lua: string;
  readonly #keys: number;
  readonly #known = new WeakSet<Redis>();

  constructor(name: string, keys: number, lua: string) {
    this.#name = `colloquy_${name}`;
    this.#keys = keys;
    this.#lua = lua;
  }

  /** Waits while Redis takes nothing. Rejects with any other error of Redis. */
  async run(
    redis: Redis,
    keys: readonly string[],
    values: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    if (!this.#known.has(redis)) {
      redis.defineCommand(this.#name, { lua: this.#lua, numberOfKeys: this.#keys });
      this.#known.add(redis);
    }
    const command = (redis as unknown as Record<string, (...all: unknown[]) => Promise<unknown>>)[this.#name];
    for (;;) {
      try {
        return await command?.call(redis, ...keys, ...values);
      } catch (error) {
        if (!passingTrouble.test(messageOf(error))) throw error;
        await sleep(againMs);
      }
    }
  }
}

/**
 * Somebody takes a meeting. A journal without its seats' secrets cannot be gone on with, and goes in the same step: one
 * who hears of Redis too late would else delete what another has kept since. Keys: batch, meeting, running, journal, files. Values: id, a name for this taking.
 * Returns `gone`, `halted`, `over`, or `taken` and the seats as JSON.
 */
export const takeScript = new RedisScript(
  'take',
  5,
  `if redis.call('EXISTS', KEYS[1]) == 0 then return {'gone'} end
if redis.call('HEXISTS', KEYS[1], 'halted') == 1 then
  redis.call('SREM', KEYS[3], ARGV[1])
  return {'halted'}
end
if redis.call('HEXISTS', KEYS[2], 'outcome') == 1 then return {'over'} end
redis.call('HSET', KEYS[2], 'taken', ARGV[2])
redis.call('SADD', KEYS[3], ARGV[1])
local seats = redis.call('HGET', KEYS[2], 'seats') or ''
if seats == '' then redis.call('DEL', KEYS[4], KEYS[5]) end
return {'taken', seats}`,
);

/**
 * More of a journal, by whoever took the meeting last, and what it has taken so far. Asked twice, it is done once.
 * Keys: batch, meeting, journal, spent, halt. Values: taken, id, offset, bytes, seats, tokens, cost.
 * Returns `lost` where another has taken it, how many bytes are there where Redis came back with fewer than it had, or
 * else why the batch is halted, or ''.
 */
export const keepScript = new RedisScript(
  'keep',
  5,
  `if redis.call('HGET', KEYS[2], 'taken') ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 0 then return 'lost' end
local length, offset, added = redis.call('STRLEN', KEYS[3]), tonumber(ARGV[3]), #ARGV[4]
if length < offset then return length end
if length > offset + added then return 'lost' end
if length < offset + added then redis.call('APPEND', KEYS[3], string.sub(ARGV[4], length - offset + 1)) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[2], 'seats', ARGV[5]) end
local before = redis.call('HGET', KEYS[4], ARGV[2]) or '0 0'
local tokens, cost = string.match(before, '(%S+) (%S+)')
redis.call('HSET', KEYS[4], ARGV[2], ARGV[6] .. ' ' .. ARGV[7])
local all = redis.call('HINCRBY', KEYS[1], 'tokens', tonumber(ARGV[6]) - tonumber(tokens))
local dollars = tonumber(redis.call('HINCRBYFLOAT', KEYS[1], 'cost', tonumber(ARGV[7]) - tonumber(cost)))
local halted = redis.call('HGET', KEYS[1], 'halted')
if not halted then
  local most = tonumber(redis.call('HGET', KEYS[1], 'max_tokens') or '0')
  local dearest = tonumber(redis.call('HGET', KEYS[1], 'max_cost') or '0')
  if most > 0 and all >= most then halted = most .. ' tokens'
  elseif dearest > 0 and dollars >= dearest then halted = '$' .. dearest end
  if halted then
    redis.call('HSET', KEYS[1], 'halted', halted)
    redis.call('PUBLISH', KEYS[5], halted)
  end
end
return halted or ''`,
);

/** Of a meeting: with the name of a file behind it, that it is too much for Redis. */
export const unkeptField = 'unkept:';

/**
 * A file that code has made, by whoever took the meeting last. Keys: meeting, files. Values: taken, name, and its bytes
 * unless it is too much. Returns 0 where another has taken it.
 */
export const keepFileScript = new RedisScript(
  'keepfile',
  2,
  `if redis.call('HGET', KEYS[1], 'taken') ~= ARGV[1] then return 0 end
if ARGV[3] then
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  redis.call('HDEL', KEYS[1], '${unkeptField}' .. ARGV[2])
else
  redis.call('HDEL', KEYS[2], ARGV[2])
  redis.call('HSET', KEYS[1], '${unkeptField}' .. ARGV[2], '')
end
return 1`,
);

/**
 * What became of a meeting, by whoever took it last: \`done\`, \`failed\`, \`open\` (left because the batch is
 * halted), \`back\` (for another worker) or \`again\` (this try failed).
 * Keys: batch, meeting, journal, tries, spent, running, finished, files. Values: taken, id, kind, outcome as JSON.
 * Returns 1, or 0 where another has taken it.
 */
export const settleScript = new RedisScript(
  'settle',
  8,
  `if redis.call('HGET', KEYS[2], 'taken') ~= ARGV[1] then return 0 end
redis.call('SREM', KEYS[6], ARGV[2])
redis.call('HDEL', KEYS[2], 'taken')
if ARGV[3] == 'back' then return 1 end
if ARGV[3] == 'again' then
  local journal = redis.call('GET', KEYS[3])
  if journal then
    local number = redis.call('RPUSH', KEYS[4], journal)
    redis.call('HSET', KEYS[5], ARGV[2] .. '#' .. number, redis.call('HGET', KEYS[5], ARGV[2]) or '0 0')
  end
  redis.call('HDEL', KEYS[5], ARGV[2])
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[8])
  return 1
end
if ARGV[3] ~= 'open' then redis.call('HSET', KEYS[2], 'outcome', ARGV[4]) end
redis.call('RPUSH', KEYS[7], ARGV[4])
return 1`,
);

/** Why a worker cannot hold meetings of a batch, for whoever watches it. Keys: batch. Values: a sentence. */
export const refuseScript = new RedisScript(
  'refuse',
  1,
  `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'refused', ARGV[1]) end
return 1`,
);

/**
 * A batch is begun, or gone on with; what its meetings in Redis have taken is added to what is known elsewhere.
 * Keys: batch, spent. Values: tokens, cost, then fields and values of the batch.
 */
export const openScript = new RedisScript(
  'open',
  2,
  `local tokens, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, spent in ipairs(redis.call('HVALS', KEYS[2])) do
  local each, dollars = string.match(spent, '(%S+) (%S+)')
  tokens, cost = tokens + tonumber(each), cost + tonumber(dollars)
end
redis.call('HDEL', KEYS[1], 'halted', 'refused')
redis.call('HSET', KEYS[1], 'tokens', string.format('%d', tokens), 'cost', tostring(cost), unpack(ARGV, 3))
return 1`,
);

/**
 * No meeting of the batch is begun from now on. A batch that Redis has lost stays lost: half of one is none.
 * Keys: batch, halt. Values: why.
 */
export const haltScript = new RedisScript(
  'halt',
  2,
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'halted', ARGV[1])
redis.call('PUBLISH', KEYS[2], ARGV[1])
return 1`,
);

/**
 * A meeting that was begun elsewhere is put where any worker can go on with it, unless it is there already.
 * Keys: meeting, journal, spent, batch, files. Values: id, seats, journal, tokens, cost, then names and bytes of files.
 */
export const putScript = new RedisScript(
  'put',
  5,
  `if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[4]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'seats', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
for at = 6, #ARGV, 2 do redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 1]) end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4] .. ' ' .. ARGV[5])
redis.call('HINCRBY', KEYS[4], 'tokens', ARGV[4])
redis.call('HINCRBYFLOAT', KEYS[4], 'cost', ARGV[5])
return 1`,
);

/**
 * What was kept of a meeting is at home now. What one took that is to be gone on with is counted again when it is put
 * back. Keys: batch, meeting, journal, tries, spent, files. Values: id, \`done\`, \`failed\` or \`open\`, tries.
 */
export const cameHomeScript = new RedisScript(
  'camehome',
  6,
  `redis.call('DEL', KEYS[3], KEYS[4], KEYS[6])
for try = 1, tonumber(ARGV[3]) do redis.call('HDEL', KEYS[5], ARGV[1] .. '#' .. try) end
local spent = redis.call('HGET', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
if ARGV[2] ~= 'open' then return 1 end
redis.call('DEL', KEYS[2])
if spent and redis.call('EXISTS', KEYS[1]) == 1 then
  local tokens, cost = string.match(spent, '(%S+) (%S+)')
  -- Redis takes no -0.
  redis.call('HINCRBY', KEYS[1], 'tokens', 0 - tonumber(tokens))
  redis.call('HINCRBYFLOAT', KEYS[1], 'cost', 0 - tonumber(cost))
end
return 1`,
);

/**
 * What became of a meeting is forgotten, once its journal has been brought home: it is to be held again.
 * Keys: meeting, journal.
 */
export const forgetOutcomeScript = new RedisScript(
  'forgetoutcome',
  2,
  `if redis.call('HEXISTS', KEYS[1], 'outcome') == 1 and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[1])
end
return 1`,
);

/**
 * When one more request to a service may begin; its turn is kept for it. Keys: gate (hash), under way (sorted set).
 * Values: holder, ms between two requests, how many at once, ms after which who said nothing is gone, 1 where a turn
 * is kept already. Returns `go`, `held` or `full`, and in how many ms.
 */
export const enterScript = new RedisScript(
  'enter',
  2,
  `local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local held = tonumber(redis.call('HGET', KEYS[1], 'held') or '0')
if held > now then return {'held', math.ceil(held - now)} end
if ARGV[5] == '1' then return {'go', 0} end
local spacing, most = tonumber(ARGV[2]), tonumber(ARGV[3])
if most > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) >= most then return {'full', 0} end
end
local start = math.max(now, tonumber(redis.call('HGET', KEYS[1], 'next') or '0'))
if spacing > 0 then
  redis.call('HSET', KEYS[1], 'next', string.format('%.3f', start + spacing))
  redis.call('PEXPIRE', KEYS[1], math.ceil(start - now + spacing) + 3600000)
end
if most > 0 then
  redis.call('ZADD', KEYS[2], start + tonumber(ARGV[4]), ARGV[1])
  redis.call('PEXPIRE', KEYS[2], math.ceil(start - now) + tonumber(ARGV[4]))
end
return {'go', math.ceil(start - now)}`,
);

/** Those who still wait for an answer say so. Keys: under way. Values: ms, then holders. */
export const stayScript = new RedisScript(
  'stay',
  1,
  `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[1]), ARGV[at]) end
return redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]))`,
);

/** Nobody begins for so many ms. Keys: gate. */
export const holdBackScript = new RedisScript(
  'holdback',
  1,
  `local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
if until_ms > tonumber(redis.call('HGET', KEYS[1], 'held') or '0') then
  redis.call('HSET', KEYS[1], 'held', string.format('%d', until_ms))
end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]) + 3600000)
return 1`,
);
