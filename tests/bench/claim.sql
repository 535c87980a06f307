-- One claim as it is written down in SQL: the drop's row is locked, then everything else, in one transaction.
-- `first`, `each`, `claims`, `drop` and `at` come from `measuring.py`: each client has residents of its own.
\set claims :claims + 1
\set number :first + :client_id * :each + :claims
\set worth 100000
\set person_cap 300000
BEGIN;
SELECT issued + 1 AS rank, uuidv7() AS voucher, uuidv7() AS transfer
FROM "drop" WHERE id = :drop AND issued < quota AND opens_at <= :at AND closes_at > :at FOR UPDATE \gset
INSERT INTO voucher (id, code, drop_id, resident_id, person_id, region, rank, state, max_fen, reserved_fen,
                     subsidy_fen, issued_at, valid_until)
SELECT :voucher, upper(substr(md5(:voucher::text), 1, 12)), d.id, r.id, r.person_id, r.region, :rank, 'issued',
       :worth, :worth, 0, :at, d.valid_until
FROM "drop" d, resident r
WHERE d.id = :drop AND r.id = lpad(to_hex(:number::int), 32, '0')::uuid AND :worth <= :person_cap - (
    SELECT coalesce(sum(v.reserved_fen + v.subsidy_fen), 0) FROM voucher v
    WHERE v.person_id = r.person_id AND v.region = r.region
);
INSERT INTO voucher_event (id, voucher_id, state, at, note) VALUES (uuidv7(), :voucher, 'issued', :at, '领取成功');
INSERT INTO transfer (id, key, reason, at)
VALUES (:transfer, 'voucher:' || :voucher::text || ':' || 'reserve', 'claim', :at);
UPDATE account SET balance = balance + CASE name WHEN 'pool' THEN -:worth::bigint ELSE :worth END
WHERE book = :book AND name IN ('pool', 'reserved');
INSERT INTO entry (id, transfer_id, account_id, amount)
SELECT uuidv7(), :transfer, id, CASE name WHEN 'pool' THEN -:worth::bigint ELSE :worth END
FROM account WHERE book = :book AND name IN ('pool', 'reserved');
UPDATE "drop" SET issued = issued + 1 WHERE id = :drop;
INSERT INTO notice (id, resident_id, kind, subject, dedupe_key, asked_for, about, fields_json, due_at,
                    too_late_at, state, attempts, created_at)
VALUES (uuidv7(), lpad(to_hex(:number::int), 32, '0')::uuid, 'claimed', :voucher, 'claimed:' || :voucher::text,
        false, '您领到一张消费券，最高减 1000 元，09月08日前使用',
        '{"thing1": "消费券 234567ABCDEF", "amount2": "1000元", "time3": "2024年09月08日 23:59"}',
        :at, :at::timestamptz + interval '30 minutes', 'owed', 0, :at);
INSERT INTO kept_answer (id, caller, route, key, body_hash, status, answer_sealed, kept_until)
VALUES (uuidv7(), lpad(to_hex(:number::int), 32, '0')::uuid, 'POST /api/v1/drops/' || :drop::text || '/claims',
        'claim-' || lpad(:number::text, 43, '0'), encode(sha256(''), 'hex'), 201, repeat('x', :sealed::int),
        :at::timestamptz + interval '1 day');
INSERT INTO audit_event (seq, at, actor, action, subject, request, after, previous, hash)
SELECT seq + 1, :at, 'resident:' || lpad(to_hex(:number::int), 32, '0')::uuid, 'voucher.claimed',
       'voucher:' || :voucher::text, md5(:voucher::text),
       '{"drop": "' || :drop::text || '", "rank": ' || :rank::text || ', "reserved_fen": ' || :worth::text || '}',
       hash, encode(sha256((hash || :voucher::text || :rank::text)::bytea), 'hex')
FROM audit_event ORDER BY seq DESC LIMIT 1;
COMMIT;
